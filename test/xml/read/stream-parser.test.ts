import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS, LIMITS_BEFORE_AUTHENTICATION } from "../../../src/xml/limits.ts";
import { StreamParser, type StreamParserOptions } from "../../../src/xml/read/stream-parser.ts";
import { XmlError } from "../../../src/xml/xml-error.ts";
import { bytesOf, cuts, pieces, record, shape } from "../recorder.ts";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const FOOTER = "</stream:stream>";

/** Reads until more bytes are needed: the names, then how the stream ended. */
function drained(parser: StreamParser): string[] {
  const names: string[] = [];
  for (;;) {
    const element = parser.read();
    if (element === undefined) break;
    names.push(element.name);
  }
  if (parser.end !== undefined) names.push(said(parser.end));
  return names;
}

function said(end: "closed" | XmlError | undefined): string {
  return end instanceof XmlError ? end.condition : String(end);
}

/** A parser that was fed these texts. */
function fed(texts: readonly string[], options?: StreamParserOptions): StreamParser {
  const parser = new StreamParser(options);
  for (const text of texts) parser.feed(bytesOf(text));
  return parser;
}

describe("each read gives the next thing of the stream, and the rest stays unparsed", () => {
  test("the header, elements, then the end", () => {
    const parser = fed([`${HEADER}<a/><b>1</b> <c/>${FOOTER}`]);
    const header = parser.read();
    expect(header && shape(header)).toEqual([
      "stream",
      "http://etherx.jabber.org/streams",
      {},
      { stream: "http://etherx.jabber.org/streams" },
    ]);
    expect(parser.contentNamespace).toBe("jabber:client");
    for (const name of ["a", "b", "c"]) {
      expect(parser.end).toBeUndefined();
      expect(parser.read()?.name).toBe(name);
    }
    expect(parser.end).toBeUndefined();
    expect(parser.read()).toBeUndefined();
    expect(parser.end).toBe("closed");
    expect(parser.read()).toBeUndefined();
    expect(parser.end).toBe("closed");
  });

  test.each<[string, string[]]>([
    ["<a/>x<b/>", ["stream", "a", "invalid-xml"]],
    ["<a/><b", ["stream", "a"]],
    ["<a/><!--", ["stream", "a", "restricted-xml"]],
    [`<a/>${FOOTER}`, ["stream", "a", "closed"]],
    [`<a/>${FOOTER} \n`, ["stream", "a", "closed"]],
  ])("%s", (text, names) => {
    expect(drained(fed([HEADER + text]))).toEqual(names);
    expect(
      drained(fed(pieces(bytesOf(HEADER + text), 1).map((b) => String.fromCharCode(...b)))),
    ).toEqual(names);
  });

  test("a fault behind an element is met by the read after it", () => {
    const parser = fed([`${HEADER}<a/>x`]);
    parser.read();
    expect(parser.read()?.name).toBe("a");
    expect(parser.end).toBeUndefined();
    expect(parser.read()).toBeUndefined();
    expect(said(parser.end)).toBe("invalid-xml");
  });

  test("a byte behind the closing tag is met by the read after the end", () => {
    const parser = fed([`${HEADER}${FOOTER}x`]);
    expect(drained(parser)).toEqual(["stream", "closed"]);
    expect(drained(parser)).toEqual(["not-well-formed"]);
  });

  test("a header that is an empty tag closes the stream with the read after it", () => {
    const parser = fed(["<s xmlns='u'/>"]);
    expect(parser.read()?.name).toBe("s");
    expect(parser.end).toBeUndefined();
    expect(parser.idle).toBe(false);
    expect(drained(parser)).toEqual(["closed"]);
  });

  test("wherever the stream is cut, the same is read", () => {
    const text = `${HEADER}<a b='1'>é &lt;<c/></a>\n<d/>${FOOTER}`;
    for (const cut of cuts(bytesOf(text))) {
      const parser = new StreamParser();
      const names: string[] = [];
      for (const piece of cut) {
        parser.feed(piece);
        names.push(...drained(parser).filter((name) => name !== "closed"));
      }
      expect([...names, parser.end]).toEqual(["stream", "a", "d", "closed"]);
    }
  });
});

describe("bytes may be fed at any time", () => {
  test("while others are unread: they are read in order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.array(fc.nat(3), { minLength: 1 }),
        (sizes, reads) => {
          const text = `${HEADER}<a>${"x".repeat(50)}</a> <b/><c xmlns='u'>&amp;</c><d/>${FOOTER}`;
          const bytes = bytesOf(text);
          const parser = new StreamParser();
          const names: string[] = [];
          let turn = 0;
          for (let at = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            parser.feed(bytes.slice(at, at + size));
            at += size;
            for (let n = reads[turn % reads.length] ?? 0; n > 0; n--) {
              const element = parser.read();
              if (element !== undefined) names.push(element.name);
            }
          }
          names.push(...drained(parser));
          expect(names).toEqual(["stream", "a", "b", "c", "d", "closed"]);
        },
      ),
    );
  });

  test.each([10, 70_000, 200_000])(
    "and the array may be changed after it was fed, %i bytes long",
    (length) => {
      const parser = new StreamParser();
      const chunk = bytesOf(`${HEADER}<a>${"x".repeat(length)}</a><b/>`);
      parser.feed(chunk);
      chunk.fill(0);
      expect(parser.read()?.name).toBe("stream");
      const second = bytesOf("<c/>");
      parser.feed(second);
      second.fill(0);
      expect(drained(parser)).toEqual(["a", "b", "c"]);
    },
  );

  test("nothing is parsed before it is read: limits that are set in between hold", () => {
    const parser = fed([`${HEADER}<a/>${"<b>".repeat(20)}${"</b>".repeat(20)}<c/>`], {
      limits: LIMITS_BEFORE_AUTHENTICATION,
    });
    expect(parser.read()?.name).toBe("stream");
    expect(parser.read()?.name).toBe("a");
    parser.setLimits(LIMITS);
    expect(drained(parser)).toEqual(["b", "c"]);
    parser.setLimits(LIMITS_BEFORE_AUTHENTICATION);
    parser.feed(bytesOf(`<d/>${"<b>".repeat(20)}`));
    expect(drained(parser)).toEqual(["d", "policy-violation"]);
  });

  test.each<[string, (parser: StreamParser) => void]>([
    [
      "stopped",
      (parser) => {
        parser.stop();
      },
    ],
    [
      "finished",
      (parser) => {
        parser.finish();
        drained(parser);
      },
    ],
    [
      "broken",
      (parser) => {
        parser.feed(bytesOf("x"));
        drained(parser);
      },
    ],
  ])("but no more once the parser is %s", (_, end) => {
    const parser = fed([`${HEADER}<a/>`]);
    parser.read();
    end(parser);
    const before = parser.end;
    parser.feed(bytesOf("<b/>"));
    expect(parser.read()).toBeUndefined();
    expect(parser.end).toBe(before);
    expect(parser.idle).toBe(true);
  });
});

describe("stopping", () => {
  test("drops the rest of the chunk and those that wait", () => {
    const parser = fed([`${HEADER}<a/><b/>`, "<c/>", "<d/>".repeat(20_000)]);
    parser.read();
    parser.read();
    parser.stop();
    expect(drained(parser)).toEqual([]);
    expect(parser.end).toBeUndefined();
  });

  test("keeps the end that was read, and makes none of its own", () => {
    const closed = fed([`${HEADER}${FOOTER}`]);
    drained(closed);
    closed.stop();
    expect(closed.end).toBe("closed");
    const empty = fed(["<s/>"]);
    empty.read();
    empty.stop();
    expect(drained(empty)).toEqual([]);
  });
});

describe("finishing", () => {
  test.each<[string, string[]]>([
    ["", []],
    [HEADER, ["stream"]],
    [`${HEADER}<a/> `, ["stream", "a"]],
    [`${HEADER}${FOOTER}`, ["stream", "closed"]],
    ["<s/>", ["s", "closed"]],
    [`${HEADER}<a/><b`, ["stream", "a", "not-well-formed"]],
    [`${HEADER}<a/><b>`, ["stream", "a", "not-well-formed"]],
  ])("after %s, everything is read before it is judged", (text, names) => {
    const parser = fed([text]);
    parser.finish();
    expect(drained(parser)).toEqual(names);
  });
});

describe("the first bytes of a stream", () => {
  const behind = (space: string, options?: StreamParserOptions) =>
    new Set(
      [...cuts(bytesOf(`${space}${HEADER}<a/>`))].map((cut) =>
        record(cut, options)
          .map((event) =>
            (event as string[])
              .slice(0, 2)
              .filter((each) => typeof each === "string")
              .join(" "),
          )
          .join(),
      ),
    );

  test.each(["\n", " ", "\r\n\t "])("%j before a declaration is an error", (space) => {
    expect(behind(space)).toEqual(new Set(["error restricted-xml"]));
  });

  test.each(["", "\n", " ", "\r\n\t ", " ".repeat(60)])(
    "of a restarted one: %j before it belongs to the stream before",
    (space) => {
      expect(behind(space, { restarted: true })).toEqual(new Set(["open,element"]));
    },
  );

  test.each<[string, string]>([
    ["x", "error not-well-formed"],
    ["\n<!-- -->", "error restricted-xml"],
    [`\n${HEADER.slice(0, 21)}\n`, "error restricted-xml"],
    [" ".repeat(LIMITS_BEFORE_AUTHENTICATION.space + 1), "error policy-violation"],
  ])("of a restarted one: %j before it is an error", (before, said) => {
    const limits = LIMITS_BEFORE_AUTHENTICATION;
    expect(
      record([`${before}${HEADER}`], { restarted: true, limits }).map((event) =>
        (event as string[]).slice(0, 2).join(" "),
      ),
    ).toEqual([said]);
  });

  test("the declaration may come once, whatever stream it is", () => {
    const parser = fed([`\n${HEADER}<?xml version='1.0'?>`], { restarted: true });
    expect(drained(parser)).toEqual(["stream", "restricted-xml"]);
  });
});

describe("idle, asked of a parser that has read", () => {
  test.each<[string, number, boolean]>([
    ["", 0, true],
    ["<proceed/>", 1, true],
    ["<proceed/>\n", 1, false],
    [`<proceed/>${" ".repeat(1024)}`, 1, false],
    [`<proceed/>${" ".repeat(1024)}`, 2, false],
    ["<proceed/><a/>", 1, false],
    ["<proceed/><a/>", 2, true],
    ["<proceed/>x", 1, false],
    ["<proceed/><", 2, false],
    ["\n<proceed/>", 1, true],
  ])("%j, %i times → %s", (text, times, idle) => {
    const parser = fed([HEADER]);
    expect(parser.read()?.name).toBe("stream");
    parser.feed(bytesOf(text));
    for (let n = 0; n < times; n++) parser.read();
    expect(parser.idle).toBe(idle);
  });

  test("a chunk that waits makes it false", () => {
    const parser = fed([`${HEADER}<a/>`, " "]);
    parser.read();
    parser.read();
    expect(parser.idle).toBe(false);
    const empty = fed([`${HEADER}<a/>`]);
    empty.read();
    empty.read();
    empty.feed(bytesOf(" "));
    expect(empty.idle).toBe(false);
  });
});

describe("frames", () => {
  const framing = "frame";

  test("each chunk is one, also where several wait", () => {
    const parser = fed(
      ["<?xml version='1.0'?><a/>", " ", "<b><c/></b>\n", "<?xml version='1.0'?> <d/>"],
      {
        framing,
      },
    );
    expect(drained(parser)).toEqual(["a", "b", "d"]);
    expect(drained(fed(["<a>", "</a>"], { framing }))).toEqual(["not-well-formed"]);
    expect(drained(fed(["<a/><b/>", "<c/>"], { framing }))).toEqual(["a", "invalid-xml"]);
  });

  test("a large one is read to its end before it is judged", () => {
    const text = `<a>${"<b/>".repeat(16_000)}${"x".repeat(200_000)}</a>`;
    expect(drained(fed([text, "<c/>"], { framing }))).toEqual(["a", "c"]);
    expect(drained(fed([text.slice(0, -1), "<c/>"], { framing }))).toEqual(["not-well-formed"]);
    expect(drained(fed([`<a/>${" ".repeat(70_000)}<b/>`], { framing }))).toEqual([
      "a",
      "invalid-xml",
    ]);
  });
});
