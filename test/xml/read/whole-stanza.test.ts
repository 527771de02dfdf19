// Runs alone: it needs the table of known names as it is at the start of a process.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS, type XmlLimits } from "../../../src/xml/limits.ts";
import { lease, release } from "../../../src/xml/read/bytes/slab.ts";
import { PushParser } from "../../../src/xml/read/push-parser.ts";
import { readWholeStanza } from "../../../src/xml/read/whole-stanza.ts";
import { bytesOf, cuts, pieces, record, shape } from "../recorder.ts";

const HEADER = "<s:s xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>";
const PREFIXES = { s: "http://etherx.jabber.org/streams" };
/** White space behind a stanza, so that the short way is tried. */
const ROOM = " ".repeat(400);

/** The names and namespaces of the stanzas here. They are known once this has been read often enough. */
const LESSON =
  "<m a='1' b='2' c='3'/><m b='1' a='2' xml:lang='en'/><m><pp/><p a='1'/><q/></m><q xmlns='u'><p xmlns='v'/></q><p xmlns='w'/><q xmlns=''/>";

function learn(): void {
  for (let k = 0; k < 3; k++) record(pieces(bytesOf(`${HEADER}${LESSON}`), 1));
}

/** Reads a stanza the short way. */
function shortly(text: string | Uint8Array, limits: Partial<XmlLimits> = {}, length?: number) {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  const slab = lease(bytes.length);
  slab.append(bytes.subarray(0, length));
  try {
    const settled = { ...LIMITS, ...limits };
    const element = readWholeStanza(slab, 0, "jabber:client", PREFIXES, settled);
    return element && { shape: shape(element), taken: slab.taken };
  } finally {
    slab.takeOver(slab, slab.end);
    release(slab);
  }
}

/** Reads a stanza the long way, within a stream. */
function atLength(text: string, limits: Partial<XmlLimits> = {}) {
  return record(pieces(bytesOf(HEADER + text), 1), { limits });
}

describe("the short way", () => {
  test.each([
    ["an empty element", "<m/>"],
    ["an element that ends at once", "<m></m>"],
    ["attributes in either quotes", `<m a='1' b="2"/>`],
    ["attributes in an order that is new", "<m c='1' a='2' b='3'/>"],
    ["the other quotes in a value", `<m a='"' b="'"/>`],
    ["references", "<m a='&lt;&#65;&quot;'>&amp;&#x1F339;</m>"],
    ["characters beyond ASCII", "<m a='é'>🌹 日本</m>"],
    ["white space in values and texts", "<m a='1\n2\t\r\n'>3\r\n4\r5\t</m>"],
    ["brackets and a greater-than sign", "<m>]] > ]&gt;&gt; ]>b</m>"],
    ["xml:lang", "<m xml:lang='en' a='1'/>"],
    ["namespaces that are known", "<m><q xmlns='u'><p xmlns='v'><p/></p><p/></q></m>"],
    ["a namespace that another element had", "<m><q xmlns='w'/><q xmlns='v'/><q xmlns='u'/></m>"],
    ["no namespace", "<m><q xmlns=''><p/></q></m>"],
    ["children of all kinds", "<m>1<p/>2<q/>3<p><q/><q/><q/><q>4</q></p>5</m>"],
    ["names that begin alike", "<m><p/><pp/><p/><pp></pp></m>"],
  ])("reads %s", (_, text) => {
    learn();
    expect(shortly(text + ROOM)).toEqual({
      shape: (atLength(text)[1] as unknown[])[1],
      taken: bytesOf(text).length,
    });
  });

  test.each([
    ["names that are new", "<unheard-of/>"],
    ["attributes that are new", "<m unheard-of='1'/>"],
    ["namespaces that are new", "<m xmlns='unheard-of'/>"],
    ["prefixes", "<s:m/>"],
    ["attributes in namespaces", "<m xmlns:a='b' a:b='1'/>"],
    ["an attribute in the namespace of `xml` that is new", "<m xml:base='1'/>"],
    ["a CDATA section", "<m><![CDATA[1]]></m>"],
    ["white space in a start tag", "<m  a='1'/>"],
    ["white space around an equals sign", "<m a ='1'/>"],
    ["white space after it", "<m a= '1'/>"],
    ["white space at the end of a tag", "<m />"],
    ["white space in an end tag", "<m></m >"],
    ["sixteen attributes", `<m ${"a1 a2 a3 a4 a5 a6 a7 a8".replace(/(\w+)/g, "$1='' b$1=''")}/>`],
    ["thirty-three levels", "<m>".repeat(33) + "</m>".repeat(33)],
  ])("leaves %s to the long one, which reads it", (_, text) => {
    learn();
    // The name is known, but not yet as an attribute.
    atLength("<xml:base/>".repeat(3));
    expect(shortly(text + ROOM)).toBeUndefined();
    expect(atLength(text)[1]).toEqual(["element", expect.anything()]);
  });

  test.each<[string, string | (string | number[])[]]>([
    ["an attribute twice", "<m a='1' a='2'/>"],
    ["xml:lang twice", "<m xml:lang='1' xml:lang='2'/>"],
    ["a namespace twice", "<q xmlns='u' xmlns='u'/>"],
    ["the namespace of `xml` as the default", "<m xmlns='http://www.w3.org/XML/1998/namespace'/>"],
    ["an attribute without a name", "<m ='1'/>"],
    ["an attribute without a value", "<m a/>"],
    ["another sign than an equals sign", "<m c!'1'/>"],
    ["a value without quotes", "<m a=1/>"],
    ["a value between other characters", "<m a=&1&/>"],
    ["an attribute whose prefix meant something elsewhere", "<m e:a='1'/>"],
    ["bytes that are not UTF-8", ["<m>é", [0xc3], "</m>"]],
    ["an overlong form", ["<m a='", [0xc0, 0xaf], "'/>"]],
    ["no space before an attribute", "<m a='1'b='2'/>"],
    ["an element without a name", "<m>< /></m>"],
    ["another end tag", "<m></p>"],
    ["a longer end tag", "<m></mm>"],
    ["`<` in a value", "<m a='<'/>"],
    ["`]]>` in a text", "<m>1]]></m>"],
    ["a control character in a text", "<m>\u0001</m>"],
    ["a control character in a value", "<m a='\u0001'/>"],
    ["a character that is none", "<m>\uffff</m>"],
    ["an entity", "<m>&nbsp;</m>"],
    ["a bare ampersand", "<m a='& '/>"],
    ["a reference to an illegal character", "<m>&#0;</m>"],
    ["a comment", "<m><!-- --></m>"],
    ["a processing instruction", "<m><?a ?></m>"],
    ["a slash in a tag", "<m/ >"],
  ])("leaves %s to the long one, which refuses it", (_, text) => {
    learn();
    // The names are known, so that the fault is not that they are new.
    atLength("<m xmlns:xml='http://www.w3.org/XML/1998/namespace' xmlns:e='u' e:a='1'/>".repeat(3));
    const bytes = bytesOf(typeof text === "string" ? [text, ROOM] : [...text, ROOM]);
    expect(shortly(bytes)).toBeUndefined();
    expect(record([bytesOf(HEADER), bytes]).at(-1)).toEqual([
      "error",
      expect.anything(),
      expect.anything(),
      expect.anything(),
    ]);
  });

  test.each<[Partial<XmlLimits>, string, string]>([
    [{ bytes: 100 }, `<m>${"1".repeat(93)}</m>`, `<m>${"1".repeat(94)}</m>`],
    [{ depth: 2 }, "<m><p/></m>", "<m><p><q/></p></m>"],
    [{ elements: 3 }, "<m><p/><q/></m>", "<m><p/><q/><p/></m>"],
    [{ attributes: 2 }, "<m a='' b=''/>", "<m a='' b='' c=''/>"],
    [{ tag: 80 }, `<m a='${"1".repeat(71)}'/>`, `<m a='${"1".repeat(72)}'/>`],
    [{ tag: 80 }, `<m a='${"1".repeat(72)}'></m>`, `<m a='${"1".repeat(73)}'></m>`],
  ])("keeps the limit %j", (limits, within, beyond) => {
    learn();
    expect(shortly(within + ROOM, limits)).toBeDefined();
    expect(atLength(within, limits)[1]).toEqual(["element", expect.anything()]);
    expect(shortly(beyond + ROOM, limits)).toBeUndefined();
    expect(atLength(beyond, limits)[1]).toEqual([
      "error",
      "policy-violation",
      expect.anything(),
      expect.anything(),
    ]);
  });

  test("is not taken where a known name may be too long", () => {
    learn();
    expect(shortly(`<m/>${ROOM}`, { name: 63 })).toBeUndefined();
    expect(shortly(`<m/>${ROOM}`, { tag: 66 })).toBeUndefined();
  });

  test("leaves a stanza that is cut anywhere to the long one", () => {
    learn();
    const text = `<m a='1' b="é&lt;"><q xmlns='u'>&amp;é<p/></q></m>`;
    const { length } = bytesOf(text);
    for (let cut = 1; cut < length; cut++) {
      expect(shortly(text, {}, cut), `${cut} bytes`).toBeUndefined();
    }
    expect(shortly(text, {}, length)).toBeDefined();
  });

  test("forgets names with the table that they were in", () => {
    learn();
    expect(shortly(`<m a='1' b='2'/>${ROOM}`)).toBeDefined();
    for (let k = 0; k < 5000; k++) atLength(`<n${k}/><n${k}/>`);
    const text = "<m a='1' a='2'/>";
    learn();
    expect(shortly(text + ROOM)).toBeUndefined();
  });
});

describe("in a stream", () => {
  const scrap = fc.constantFrom(
    ..."<m <p <q </m> </p> </q> > /> a='1' b='2' a=\"3\" xmlns='u' xmlns='v' xml:lang='en' text &lt; & é 🌹 ]]> <s:q/> <![CDATA[1]]>"
      .split(" ")
      .flatMap((each) => [each, ` ${each}`]),
  );
  const element = fc.letrec<{ element: string }>((tie) => ({
    element: fc
      .tuple(
        fc.constantFrom("m", "p", "q"),
        fc.subarray([" a='1'", ' b="é"', " c='&lt;'", " xml:lang='en'", " xmlns='u'"]),
        fc.array(
          fc.oneof({ depthSize: "small" }, fc.constantFrom("1", "é", "&amp;"), tie("element")),
          {
            maxLength: 5,
          },
        ),
      )
      .map(([name, attributes, children]) =>
        children.length === 0
          ? `<${name}${attributes.join("")}/>`
          : `<${name}${attributes.join("")}>${children.join("")}</${name}>`,
      ),
  })).element;

  test("a stanza with a change somewhere is read as it is byte by byte", () => {
    learn();
    fc.assert(
      fc.property(
        fc.array(element, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 4 }), fc.option(scrap)), { maxLength: 2 }),
        (stanzas, changes) => {
          let text = stanzas.join("");
          for (const [place, length, instead] of changes) {
            const at = place % (text.length + 1);
            text = text.slice(0, at) + (instead ?? "") + text.slice(at + length);
          }
          const bytes = bytesOf(`${HEADER}${text}${ROOM}`);
          expect(record([bytes])).toEqual(record(pieces(bytes, 1)));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("one is read alike wherever it is cut", () => {
    learn();
    const text = `<m a='1' b="é&lt;"><q xmlns='u'>&amp;é<p/></q></m><m/>`;
    const bytes = bytesOf(HEADER + text + ROOM);
    const expected = record(pieces(bytes, 1));
    for (const cut of cuts(bytes)) expect(record(cut)).toEqual(expected);
  });

  test("a frame holds one", () => {
    learn();
    const options = { framing: "frame" } as const;
    const frame = (text: string) =>
      record([`${text}${ROOM}`], options).map((event) => (event as string[])[0]);
    expect(frame("<m a='1'/>")).toEqual(["element"]);
    expect(frame("<m a='1'/><m/>")).toEqual(["element", "error"]);
    expect(frame("<unheard-of/><m/>")).toEqual(["element", "error"]);
  });

  test.each([
    [
      "stops the parser",
      (parser: PushParser) => {
        parser.stop();
      },
      "<m>",
    ],
    [
      "writes",
      (parser: PushParser) => {
        parser.write("<q/>");
      },
      "<m> <p> <q>",
    ],
    [
      "sets a limit",
      (parser: PushParser) => {
        parser.setLimits({ elements: 1 });
      },
      "<m> error",
    ],
  ])("a callback that %s is heard at once", (_, react, expected) => {
    learn();
    const log: string[] = [];
    const parser = new PushParser({
      open: () => undefined,
      element: ({ name }) => {
        log.push(`<${name}>`);
        if (name === "m") react(parser);
      },
      close: () => undefined,
      error: () => log.push("error"),
    });
    parser.write(`${HEADER}<m/><p><q/></p>${ROOM}`);
    expect(log.join(" ")).toBe(expected);
  });

  test("an exception of a callback loses no stanza after it", () => {
    learn();
    const log: string[] = [];
    const parser = new PushParser({
      open: () => undefined,
      element: ({ name }) => {
        log.push(name);
        if (name === "m") throw new RangeError("thrown");
      },
      close: () => undefined,
      error: () => log.push("error"),
    });
    expect(() => {
      parser.write(`${HEADER}<m/><p/>${ROOM}`);
    }).toThrow("thrown");
    parser.write("<q/>");
    expect(log).toEqual(["m", "p", "q"]);
  });
});
