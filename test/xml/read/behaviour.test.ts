import { describe, expect, test } from "vitest";
import type { Element } from "../../../src/xml/element.ts";
import { parse } from "../../../src/xml/read/parse.ts";
import { PushParser, type StreamParserEvents } from "../../../src/xml/read/push-parser.ts";
import type { StreamParserOptions } from "../../../src/xml/read/stream-parser.ts";
import type { XmlError } from "../../../src/xml/xml-error.ts";
import { bytesOf, record } from "../recorder.ts";

const HEADER = "<s xmlns='u'>";

/** A parser with a log of its calls, and a reaction to each. */
function listening(
  react: (event: string, parser: PushParser) => void = () => undefined,
  options?: StreamParserOptions,
) {
  const log: string[] = [];
  const note = (event: string) => {
    log.push(event);
    react(event, parser);
  };
  const parser: PushParser = new PushParser(
    {
      open: ({ name }) => {
        note(`<${name}>`);
      },
      element: ({ name }) => {
        note(name);
      },
      close: () => {
        note("close");
      },
      error: ({ condition }) => {
        note(condition);
      },
    },
    options,
  );
  return { parser, log };
}

describe("a wrong option is BAD_OPTION", () => {
  const events = {} as StreamParserEvents;
  test.each<[string, unknown]>([
    ["framing", { framing: "frames" }],
    ["limit", { limits: { toString: 5 } }],
    ["context.prefixes", { context: { prefixes: { xml: "urn:evil" } } }],
    ["context.prefixes", { context: { prefixes: { xmlns: "urn:evil" } } }],
  ])("%s: %j", (option, options) => {
    expect(() => new PushParser(events, options as StreamParserOptions)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(option) as string,
      }) as Error,
    );
  });

  test.each([new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), [60], 5, null])(
    "writing %o",
    (data) => {
      const { parser, log } = listening();
      expect(() => {
        parser.write(data as unknown as Uint8Array);
      }).toThrow("the data to write must be a Uint8Array or a string");
      parser.write(`${HEADER}<a/>`);
      expect(log).toEqual(["<s>", "a"]);
    },
  );
});

test("a limit on names holds for names that other streams have taught", () => {
  for (let time = 0; time < 4; time++) parse("<unusualname unusualattribute='1'/>");
  for (const text of ["<unusualname/>", "<a unusualattribute='1'/>"]) {
    const limits = { name: 8 };
    expect(() => parse(text, { limits })).toThrow(/limits\.name \(8\) is exceeded/);
  }
});

test("many attributes with prefixes cost no more each than few", () => {
  // A copy of all of them for each would take minutes.
  const names = Array.from({ length: 8000 }, (_, n) => `p:a${n}='${n}'`).join(" ");
  const limits = { attributes: 8000, tag: 1_000_000 };
  for (const uri of ["u", "v"]) {
    const element = parse(`<a xmlns:p='${uri}' ${names}/>`, { limits });
    expect(Object.keys(element.attrs)).toHaveLength(8000);
    expect(element.attrs[`{${uri}}a7999`]).toBe("7999");
  }
});

describe("callbacks may", () => {
  test("stop the parser: nothing more is called back", () => {
    for (const at of ["<s>", "a", "close", "invalid-xml"]) {
      const { parser, log } = listening((event) => {
        if (event === at) parser.stop();
      });
      parser.write(HEADER + "<a/><b/>" + (at === "close" ? "</s>" : "x"));
      parser.write("<c/>");
      parser.end();
      expect(log.at(-1)).toBe(at);
    }
  });

  test("write: the data is read after the current data", () => {
    const { parser, log } = listening((event) => {
      if (event === "a") parser.write("<d/></s>");
    });
    parser.write(HEADER + "<a/><b/><c/>");
    expect(log).toEqual(["<s>", "a", "b", "c", "d", "close"]);
  });

  test("write the bytes of a buffer that is used again afterwards", () => {
    const buffer = bytesOf("<b/>");
    const { parser, log } = listening((event) => {
      if (event !== "a") return;
      parser.write(buffer);
      buffer.fill(0);
    });
    parser.write(HEADER + "<a/>");
    expect(log).toEqual(["<s>", "a", "b"]);
  });

  test("throw: the exception comes out of `write`, and nothing is lost", () => {
    for (const text of ["<a/><b/><c/>", "<a/>" + "<b/>".repeat(40_000)]) {
      const { parser, log } = listening((event) => {
        if (event === "a") throw new RangeError("mine");
      });
      expect(() => {
        parser.write(HEADER + text);
      }).toThrow(RangeError);
      expect(log).toEqual(["<s>", "a"]);
      parser.write("</s>");
      expect(log.length).toBe(text.split("/>").length + 1);
      expect(log.at(-1)).toBe("close");
    }
  });

  test("throw, and `end` may follow: the rest is read first", () => {
    const { parser, log } = listening((event) => {
      if (event === "a") throw new RangeError("mine");
    });
    expect(() => {
      parser.write(`${HEADER}<a/><b/>`);
    }).toThrow("mine");
    parser.end();
    expect(log).toEqual(["<s>", "a", "b"]);
  });

  test("throw before half a character in a text: it is found all the same", () => {
    const { parser, log } = listening((event) => {
      if (event === "a") throw new RangeError("mine");
    });
    expect(() => {
      parser.write(`${HEADER}<a/><b>\ud800x</b>`);
    }).toThrow("mine");
    parser.write("<c/>");
    expect(log).toEqual(["<s>", "a", "not-well-formed"]);
  });

  test("end: all written data is read before", () => {
    const { parser, log } = listening((event) => {
      if (event === "a") parser.end();
    });
    parser.write(`${HEADER}<a/><b/><c>`);
    parser.write("</c>");
    expect(log).toEqual(["<s>", "a", "b", "not-well-formed"]);
  });

  describe("in frames", () => {
    const framing = "frame";

    test("write: it is the next frame", () => {
      const { parser, log } = listening(
        (event) => {
          if (event === "a") parser.write("<b/>");
        },
        { framing },
      );
      parser.write("<a/>");
      parser.write("<c/>");
      expect(log).toEqual(["a", "b", "c"]);
    });

    test.each([
      ["<a/>", ["a", "c"]],
      ["<a/><b/>", ["a", "invalid-xml"]],
      ["<a/>x", ["a", "not-well-formed"]],
      [`<a/>${" ".repeat(70_000)}<b/>`, ["a", "invalid-xml"]],
    ])("throw: what is left of %j is judged as that frame's", (frame, expected) => {
      const { parser, log } = listening(
        (event) => {
          if (event === "a") throw new RangeError("mine");
        },
        { framing },
      );
      expect(() => {
        parser.write(frame);
      }).toThrow("mine");
      parser.write("<c/>");
      expect(log).toEqual(expected);
    });
  });

  test("throw at the error: the exception comes out of `write`, and nothing is read any more", () => {
    const { parser, log } = listening((event) => {
      if (event === "not-well-formed") throw new RangeError("mine");
    });
    expect(() => {
      parser.write("x");
    }).toThrow(RangeError);
    parser.write("x");
    expect(log).toEqual(["not-well-formed"]);
  });

  test("read with another parser", () => {
    const names: string[] = [];
    const outer = listening((event) => {
      names.push(parse(`<${event.replace(/\W/g, "")}/>`).name);
    });
    for (const piece of [HEADER + "<a><", "x/></a><b/", ">"]) outer.parser.write(piece);
    expect(names).toEqual(["s", "a", "b"]);
  });
});

describe("idle means that nothing is begun and no byte stands behind the last element:", () => {
  test.each<[string, boolean]>([
    ["", true],
    ["  \n", false],
    [" ".repeat(1024), false],
    ["<a/>", true],
    ["<a></a>", true],
    ["<a></a> ", false],
    [" <a/>", true],
    ["<", false],
    ["<a", false],
    ["<a/", false],
    ["<a>", false],
    ["<a> ", false],
    ["<a></a", false],
    ["<a/><", false],
    ["<a><![CDATA[", false],
  ])("%j → %s", (text, idle) => {
    for (const pieces of [[HEADER + text], [HEADER, text], [HEADER, ...text.split("")]]) {
      const { parser } = listening();
      for (const piece of pieces) parser.write(piece);
      expect(parser.idle).toBe(idle);
    }
  });

  test("in a callback the bytes that wait in the same chunk count", () => {
    const seen: unknown[] = [];
    for (const rest of ["", " \n", "<b/>", " x"]) {
      const { parser } = listening((event) => {
        if (event === "a") seen.push(parser.idle);
      });
      parser.write(HEADER + "<a/>" + rest);
    }
    expect(seen).toEqual([true, false, false, false]);
  });

  test("before the header and behind half a character it is as expected", () => {
    const { parser } = listening();
    expect(parser.idle).toBe(true);
    parser.write("<s");
    expect(parser.idle).toBe(false);
    parser.write(">\ud83c");
    expect(parser.idle).toBe(false);
  });
});

describe("the end of the input", () => {
  test.each<[string, string[]]>([
    ["", []],
    [HEADER, ["<s>"]],
    [`${HEADER} `, ["<s>"]],
    [`${HEADER}</s>`, ["<s>", "close"]],
    ["<s", ["not-well-formed"]],
    [`${HEADER}<a`, ["<s>", "not-well-formed"]],
    [`${HEADER}<a>`, ["<s>", "not-well-formed"]],
    [`${HEADER}</s`, ["<s>", "not-well-formed"]],
    [`${HEADER}<a b=c d='`, ["<s>", "not-well-formed"]],
  ])("after %j", (text, log) => {
    const listener = listening();
    listener.parser.write(text);
    listener.parser.end();
    listener.parser.end();
    listener.parser.write("<b/>");
    expect(listener.log).toEqual(log);
  });
});

describe("strings", () => {
  test("may be cut between the halves of a character", () => {
    const { parser, log } = listening();
    for (const unit of `${HEADER}<🌹/>`.replace("<🌹/>", "<a>🌹</a>").split("")) parser.write(unit);
    expect(log).toEqual(["<s>", "a"]);
  });

  test.each(["\ud800", "\udc00", "\udc00\ud800", "\ud83c<"])(
    "half a character is refused (%#)",
    (half) => {
      for (const pieces of [[`${HEADER}<a>${half}`], [`${HEADER}<a>`, ...half.split("")]]) {
        const events = record([...pieces, "</a>"]) as unknown[][];
        expect(events.at(-1)?.[1]).toBe("not-well-formed");
      }
    },
  );

  test("and bytes may be mixed, but not within a character", () => {
    const [first, ...rest] = bytesOf("é");
    const mixed = [HEADER, bytesOf("<a>"), "é", bytesOf("é"), "</a>"];
    expect(record(mixed)).toHaveLength(2);
    const torn = [HEADER, "<a>", Uint8Array.of(first ?? 0), "é", Uint8Array.from(rest)];
    expect((record(torn) as unknown[][]).at(-1)?.[1]).toBe("not-well-formed");
  });
});

describe("frames", () => {
  const read = (...frames: string[]) => {
    const { parser, log } = listening(undefined, { framing: "frame" });
    for (const frame of frames) parser.write(frame);
    return log;
  };

  test.each([
    [
      ["<a/>", "<b><c/></b>"],
      ["a", "b"],
    ],
    [
      ["<?xml version='1.0'?><a/>", "<?xml version='1.0'?> <b/>"],
      ["a", "b"],
    ],
    [[" <a/>\n", "", " "], ["a"]],
    [["<a/><b/>"], ["a", "invalid-xml"]],
    [["<a>", "</a>"], ["not-well-formed"]],
    [["<a", "/>"], ["not-well-formed"]],
    [["<a/>x"], ["a", "not-well-formed"]],
    [["x"], ["not-well-formed"]],
    [
      ["<a/>", "</a>"],
      ["a", "not-well-formed"],
    ],
    [["\ud83c", "\udf39"], ["not-well-formed"]],
  ])("%j", (frames, log) => {
    expect(read(...frames)).toEqual(log);
  });

  test("a frame may be larger than the pieces that are read at once", () => {
    expect(read(`<a>${"<b/>".repeat(16_000)}${"x".repeat(200_000)}</a>`, "<c/>")).toEqual([
      "a",
      "c",
    ]);
  });
});

describe("an error", () => {
  test("says the condition, the code, the place, and the byte there", () => {
    const { parser } = listening();
    let error: XmlError | undefined;
    const other = new PushParser({
      open() {},
      element() {},
      close() {},
      error(thrown) {
        error = thrown;
      },
    });
    parser.stop();
    other.write("<s>\u00e9".slice(0, 3) + "<a b='\u00e9' c=d/>");
    expect(error).toMatchObject({
      name: "XmlError",
      code: "NOT_WELL_FORMED",
      condition: "not-well-formed",
      offset: 15,
      found: "`d`",
      message: "the XML is not well-formed: a value without quotes, at byte 15: found `d`",
    });
  });

  test("does not show the text of a stanza", () => {
    for (const bad of [
      "<a>secret]]></a>",
      "<a b='secret' b='secret'/>",
      "<a>secret",
      "<a>&secret;</a>",
    ]) {
      const events = record([HEADER + bad]) as unknown[][];
      expect(events.at(-1)?.[3]).not.toContain("secret");
    }
  });
});

describe("in memory", () => {
  test("names and namespaces that are seen again are the same strings for all", () => {
    const stanza = "<message to='a'><x xmlns='urn:kept'/></message>";
    const trees: Element[] = [];
    const parser = new PushParser({
      open() {},
      element: (element) => trees.push(element),
      close() {},
      error() {},
    });
    parser.write(HEADER + stanza.repeat(4));
    expect(new Set(trees.map(({ children: [x] }) => (x as Element).ns))).toEqual(
      new Set(["urn:kept"]),
    );
  });

  test("thousands of new names and namespaces change nothing for those to come", () => {
    const { parser, log } = listening();
    parser.write(HEADER);
    for (let n = 0; n < 6000; n++) {
      // Each comes twice, since a name that comes once is not kept.
      const one = `<n${n} xmlns='urn:${n}' a${n}='1' b='2' xmlns:p${n}='v' p${n}:c='3'><d/></n${n}>`;
      parser.write(one + one);
    }
    parser.write("<message a='1' b='2'/>");
    expect(log.length).toBe(12_002);
    expect(record([`${HEADER}<message a='1' b='2' a='3'/>`])).toHaveLength(2);
  });
});

test("the children of elements are arrays of their own", () => {
  const element = parse("<a><b/><c></c></a>");
  const [b, c] = element.childrenOf();
  b?.append("1");
  expect(c?.children).toEqual([]);
  expect(parse("<d></d>").children).toEqual([]);
});
