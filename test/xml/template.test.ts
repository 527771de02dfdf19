import { describe, expect, test } from "vitest";
import { Element } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { xml } from "../../src/xml/template.ts";

test("the same name is a function and a tag", () => {
  const built = xml("message", { to: "a@b" }, xml("body", {}, "Hello"));
  expect(xml`<message to=${"a@b"}><body>Hello</body></message>`).toEqual(built);
});

describe("a template", () => {
  test("leaves the namespace open where it names none", () => {
    const element = xml`<iq><query xmlns='u'><item/></query></iq>`;
    expect([element.ns, element.child("query", "u")?.ns]).toEqual([undefined, "u"]);
    expect(String(element)).toBe("<iq><query xmlns='u'><item/></query></iq>");
  });

  test.each([
    [xml`<a b=${"'\"<&>"}/>`, "<a b='&apos;\"&lt;&amp;>'/>"],
    [xml`<a b='1-${2}-3' c="${"x"}"/>`, "<a b='1-2-3' c='x'/>"],
    [xml`<a b='=${1}' c = ${2}/>`, "<a b='=1' c='2'/>"],
    [xml`<a>${"<b/>&"}</a>`, "<a>&lt;b/&gt;&amp;</a>"],
    [xml`<a>1 ${2} 3</a>`, "<a>1 2 3</a>"],
    [xml`<a>b=${2}</a>`, "<a>b=2</a>"],
    [xml`<a b=${undefined} c=${null} d=${false} e=${0} f=${""}/>`, "<a e='0' f=''/>"],
    [xml`<a>${undefined}${null}${false}${0}${""}</a>`, "<a>0</a>"],
    [xml`<a>${[xml`<b/>`, ["c", null]]}</a>`, "<a><b/>c</a>"],
    [
      xml`<a xmlns=${"u"} xmlns:p=${"v"} p:c=${1}><p:d/></a>`,
      "<a xmlns='u' xmlns:p='v' p:c='1'><d xmlns='v'/></a>",
    ],
    [xml`<a>\ue000${1}\ue001</a>`, "<a>\ue0001\ue001</a>"],
    [xml`<a>&lt;&#65;<![CDATA[${"x"}]]></a>`, "<a>&lt;Ax</a>"],
  ])("%s", (element, text) => {
    expect(String(element)).toBe(text);
  });

  test("takes elements and what XPath selects as children", () => {
    const parent = parse("<a b='1'>x</a>");
    expect(String(xml`<c>${parent}</c>`)).toBe("<c><a xmlns='jabber:client' b='1'>x</a></c>");
    const attribute = { kind: "attribute", name: "b", value: "1", parent } as const;
    expect(String(xml`<c d=${attribute}>${attribute}</c>`)).toBe("<c d='1'>1</c>");
  });

  test("is written over several lines as on one", () => {
    const body = "Hi";
    const element = xml`
      <message type='chat'>
        <body>${body}</body>
        ${xml`<x/>`}
        <y> </y>
      </message>
    `;
    expect(String(element)).toBe("<message type='chat'><body>Hi</body><x/><y> </y></message>");
  });

  const x = "X";
  test.each([
    // Only white space beside a tag with a line end in it is layout.
    [xml`<body>\n  Hello ${x}\n</body>`, "<body>Hello X</body>"],
    [xml`<body>\n  ${x}\n  ${x}\n</body>`, "<body>X\n  X</body>"],
    [xml`<body> ${x} </body>`, "<body> X </body>"],
    [xml`<body>${x} >\n${x}</body>`, "<body>X &gt;\nX</body>"],
    [xml`<body>&gt;\n> ${x}</body>`, "<body>&gt;\n&gt; X</body>"],
    [xml`<body><![CDATA[<p>\n <b>]]></body>`, "<body>&lt;p&gt;\n &lt;b&gt;</body>"],
    // Tags in values and in CDATA are text.
    [xml`<m a='x>y' b=${x}/>`, "<m a='x>y' b='X'/>"],
    [xml`<m xmlns='urn:a>b' to=${x}/>`, "<m xmlns='urn:a>b' to='X'/>"],
    [xml`<m><![CDATA[<a href=${x}>]]></m>`, "<m>&lt;a href=X&gt;</m>"],
    // A namespace whose value is nothing is not declared.
    [xml`<m xmlns=${undefined} xmlns:p=${null}><b/></m>`, "<m><b/></m>"],
    [xml` <a/> `, "<a/>"],
  ])("%s, with its layout and values", (element, text) => {
    expect(String(element)).toBe(text);
  });

  test("makes a new element each time", () => {
    const make = (n: number) => xml`<a n=${n}><b/></a>`;
    const [one, two] = [make(1), make(2)];
    expect(one).toBeInstanceOf(Element);
    expect([one.attrs.n, two.attrs.n]).toEqual(["1", "2"]);
    expect(one.children[0]).not.toBe(two.children[0]);
  });

  test.each([
    [() => xml`<a>`, "NOT_WELL_FORMED"],
    [() => xml`<p:a/>`, "BAD_NAMESPACE_PREFIX"],
    [() => xml`<${"a"}/>`, "NOT_WELL_FORMED"],
    [() => xml`<a ${"b"}='1'/>`, "NOT_WELL_FORMED"],
    [() => xml`<a b=${xml`<c/>`}/>`, "BAD_OPTION"],
    [() => xml`<a xmlns:p=${"u"} xmlns:q=${"u"} p:b='1' q:b='2'/>`, "NOT_WELL_FORMED"],
  ])("that is not legal is refused (%#)", (make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe("only a template is taken for one:", () => {
  test.each<[string, unknown]>([
    ["an array that was read from JSON", JSON.parse('["<a/>"]')],
    ["an array within an array", [["<a/>"]]],
    ["an object with `raw`", { raw: ["<a/>"], length: 1, 0: "<a/>" }],
    ["a number", 5],
    ["nothing", undefined],
    ["an element", xml("a")],
  ])("not %s", (_, first) => {
    expect(() => xml(first as string)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(
          "the first argument of xml must be a name or a template",
        ) as string,
      }) as Error,
    );
  });

  test("nor an array where a program has polluted the prototype", () => {
    Object.defineProperty(Object.prototype, "raw", { value: [], configurable: true });
    try {
      expect(() => xml(["<a/>"] as unknown as string)).toThrow("must be a name or a template");
    } finally {
      delete (Object.prototype as { raw?: unknown }).raw;
    }
  });
});
