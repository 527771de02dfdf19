import { describe, expect, test } from "vitest";
import type { XmlCondition } from "../../../src/xml/xml-error.ts";
import { bytesOf, cuts, record } from "../recorder.ts";

const HEADER = "<s:s xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>";
const XML = "http://www.w3.org/XML/1998/namespace";
const XMLNS = "http://www.w3.org/2000/xmlns/";

type Wire = string | readonly (string | readonly number[])[];

/** Inputs that are illegal inside an open stream, and the condition of each. */
const REFUSED: readonly (readonly [rule: string, wire: Wire, condition: XmlCondition])[] = [
  // RFC 6120, 11.1
  ["a comment", "<a><!-- b --></a>", "restricted-xml"],
  ["a comment between stanzas", "<!-- b --><a/>", "restricted-xml"],
  ["a processing instruction", "<a><?b c?></a>", "restricted-xml"],
  ["a processing instruction between stanzas", "<?b c?><a/>", "restricted-xml"],
  ["a second XML declaration", "<?xml version='1.0'?><a/>", "restricted-xml"],
  ["a document type", "<!DOCTYPE a><a/>", "restricted-xml"],
  ["a document type with an entity", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "restricted-xml"],
  ["an entity declaration", "<!ENTITY b 'c'><a/>", "restricted-xml"],
  ["an entity in text", "<a>&b;</a>", "restricted-xml"],
  ["an entity in a value", "<a b='&c;'/>", "restricted-xml"],
  ["an entity of another case", "<a>&AMP;</a>", "restricted-xml"],
  ["an entity of HTML", "<a>&nbsp;</a>", "restricted-xml"],
  ["CDATA in lower case", "<a><![cdata[b]]></a>", "restricted-xml"],

  // Characters: XML 1.0, 2.2
  ["U+0000", "<a>\u0000</a>", "not-well-formed"],
  ["U+0001", "<a>\u0001</a>", "not-well-formed"],
  ["U+000B", "<a>\u000b</a>", "not-well-formed"],
  ["U+001F in a value", "<a b='\u001f'/>", "not-well-formed"],
  ["U+0000 in a value", "<a b='\u0000'/>", "not-well-formed"],
  ["U+0000 in a tag", "<a \u0000/>", "not-well-formed"],
  ["U+0001 in CDATA", "<a><![CDATA[\u0001]]></a>", "not-well-formed"],
  ["U+0008 between stanzas", "\u0008<a/>", "not-well-formed"],
  ["U+FFFE", "<a>\ufffe</a>", "not-well-formed"],
  ["U+FFFF in a value", "<a b='\uffff'/>", "not-well-formed"],
  ["a reference to U+0000", "<a>&#0;</a>", "not-well-formed"],
  ["a reference to U+0001", "<a>&#1;</a>", "not-well-formed"],
  ["a reference to U+001F in a value", "<a b='&#x1f;'/>", "not-well-formed"],
  ["a reference to a surrogate", "<a>&#xD800;</a>", "not-well-formed"],
  ["a reference to U+FFFE", "<a>&#xFFFE;</a>", "not-well-formed"],
  ["a reference beyond U+10FFFF", "<a>&#x110000;</a>", "not-well-formed"],
  ["a reference far beyond", "<a>&#99999999999999999;</a>", "not-well-formed"],

  // References: XML 1.0, 4.1
  ["a bare ampersand", "<a>b & c</a>", "not-well-formed"],
  ["an ampersand before a tag", "<a>&</a>", "not-well-formed"],
  ["an empty reference", "<a>&;</a>", "not-well-formed"],
  ["a reference without end", "<a>&lt b</a>", "not-well-formed"],
  ["a reference without digits", "<a>&#;</a>", "not-well-formed"],
  ["a reference without hexadecimal digits", "<a>&#x;</a>", "not-well-formed"],
  ["a decimal reference with letters", "<a>&#1f;</a>", "not-well-formed"],
  ["a hexadecimal reference with an X", "<a>&#X41;</a>", "not-well-formed"],
  ["a hexadecimal reference with other letters", "<a>&#xfg;</a>", "not-well-formed"],
  ["a reference with a sign", "<a>&#-1;</a>", "not-well-formed"],
  ["an entity whose name begins with a digit", "<a>&1;</a>", "not-well-formed"],
  ["a bare ampersand in a value", "<a b='c&d'/>", "not-well-formed"],

  // UTF-8: Unicode, 3.9
  ["a byte that is nothing", ["<a>", [0xff], "</a>"], "not-well-formed"],
  ["a following byte alone", ["<a>", [0x80], "</a>"], "not-well-formed"],
  ["a first byte alone", ["<a>", [0xc3], "</a>"], "not-well-formed"],
  ["two of three bytes", ["<a>", [0xe2, 0x82], "</a>"], "not-well-formed"],
  ["three of four bytes", ["<a>", [0xf0, 0x9f, 0x8c], "</a>"], "not-well-formed"],
  ["a slash in two bytes", ["<a>", [0xc0, 0xaf], "</a>"], "not-well-formed"],
  ["an ASCII letter in two bytes", ["<a>", [0xc1, 0x81], "</a>"], "not-well-formed"],
  ["a slash in three bytes", ["<a>", [0xe0, 0x80, 0xaf], "</a>"], "not-well-formed"],
  ["a slash in four bytes", ["<a>", [0xf0, 0x80, 0x80, 0xaf], "</a>"], "not-well-formed"],
  ["a surrogate", ["<a>", [0xed, 0xa0, 0x80], "</a>"], "not-well-formed"],
  [
    "a pair of surrogates",
    ["<a>", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], "</a>"],
    "not-well-formed",
  ],
  ["U+110000", ["<a>", [0xf4, 0x90, 0x80, 0x80], "</a>"], "not-well-formed"],
  ["a fifth byte", ["<a>", [0xf8, 0x88, 0x80, 0x80, 0x80], "</a>"], "not-well-formed"],
  ["bad UTF-8 in a value", ["<a b='", [0xc3], "'/>"], "not-well-formed"],
  ["bad UTF-8 in CDATA", ["<a><![CDATA[", [0xc3], "]]></a>"], "not-well-formed"],
  ["bad UTF-8 in the name of an element", ["<", [0xeb], "/>"], "not-well-formed"],
  ["bad UTF-8 in the name of an attribute", ["<a ", [0xeb], "='1'/>"], "not-well-formed"],
  ["bad UTF-8 in an end tag", ["<a></a", [0xeb], ">"], "not-well-formed"],
  ["bad UTF-8 in a reference", ["<a>&", [0xeb], ";</a>"], "not-well-formed"],
  ["bad UTF-8 between stanzas", [[0xeb], "<a/>"], "not-well-formed"],

  // Names: Namespaces in XML, 3 and 4
  ["a name with two colons", "<a:b:c xmlns:a='u'/>", "not-well-formed"],
  ["a name that begins with a colon", "<:a/>", "not-well-formed"],
  ["a name that ends with a colon", "<a: xmlns:a='u'/>", "not-well-formed"],
  ["a name that is a colon", "<:/>", "not-well-formed"],
  ["a name that begins with a digit", "<1a/>", "not-well-formed"],
  ["a name that begins with a hyphen", "<-a/>", "not-well-formed"],
  ["a name that begins with a full stop", "<.a/>", "not-well-formed"],
  ["a name that begins with a combining mark", "<\u0301a/>", "not-well-formed"],
  ["a local name that begins with a digit", "<a:1 xmlns:a='u'/>", "not-well-formed"],
  ["a forbidden character in a name", "<a\u00d7b/>", "not-well-formed"],
  ["a forbidden character in the name of an attribute", "<a b\u00f7='1'/>", "not-well-formed"],
  ["an attribute whose name begins with a digit", "<a 1='b'/>", "not-well-formed"],
  ["a character beyond the planes of names", "<a\u{f0000}/>", "not-well-formed"],
  ["no name", "<>b</>", "not-well-formed"],
  ["a space before the name", "< a/>", "not-well-formed"],

  // Attributes: XML 1.0, 3.1
  ["an attribute twice", "<a b='1' b='2'/>", "not-well-formed"],
  ["an attribute twice, with another between", "<a b='1' c='1' b='1'/>", "not-well-formed"],
  [
    "an attribute twice by two prefixes",
    "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
    "not-well-formed",
  ],
  ["xml:lang twice", "<a xml:lang='de' xml:lang='en'/>", "not-well-formed"],
  ["a default namespace twice", "<a xmlns='u' xmlns='u'/>", "not-well-formed"],
  ["a prefix declared twice", "<a xmlns:p='u' xmlns:p='v'/>", "not-well-formed"],
  ["a `<` in a value", "<a b='<'/>", "not-well-formed"],
  ["a value without quotes", "<a b=c></a>", "not-well-formed"],
  ["a value with two kinds of quotes", "<a b='c\"/>", "not-well-formed"],
  ["an attribute without a value", "<a b></a>", "not-well-formed"],
  ["an attribute without `=`", "<a b 'c'/>", "not-well-formed"],
  ["no space between attributes", "<a b='1'c='2'/>", "not-well-formed"],
  ["no space before the first attribute", "<a'b'/>", "not-well-formed"],

  // Tags: XML 1.0, 3
  ["another end tag", "<a><b></a></b>", "not-well-formed"],
  ["an end tag of another case", "<a></A>", "not-well-formed"],
  ["an end tag with a longer name", "<a></ab>", "not-well-formed"],
  ["an end tag with a shorter name", "<ab></a>", "not-well-formed"],
  ["an end tag without its prefix", "<p:a xmlns:p='u'></a>", "not-well-formed"],
  [
    "an end tag with another prefix for the same",
    "<p:a xmlns:p='u' xmlns:q='u'></q:a>",
    "not-well-formed",
  ],
  ["an end tag with an attribute", "<a></a b='1'>", "not-well-formed"],
  ["an end tag that ends itself", "<a></a/>", "not-well-formed"],
  ["a space before the name in an end tag", "<a></ a>", "not-well-formed"],
  ["an end tag too many", "<a/></a>", "not-well-formed"],
  ["a slash in a tag", "<a / >", "not-well-formed"],
  ["a slash before an attribute", "<a /b='1'>", "not-well-formed"],
  ["a `<` in a tag", "<a <b/>", "not-well-formed"],
  ["an element that does not end", "<a><b></b>", "not-well-formed"],
  ["a tag that does not end", "<a b='1'", "not-well-formed"],
  ["a value that does not end", "<a b='1>", "not-well-formed"],
  ["CDATA that does not end", "<a><![CDATA[b]]</a>", "not-well-formed"],
  ["a reference that does not end", "<a>&am", "not-well-formed"],

  // Text: XML 1.0, 2.4
  ["`]]>` in text", "<a>]]></a>", "not-well-formed"],
  ["`]]>` after more brackets", "<a>b]]]]></a>", "not-well-formed"],
  ["text between stanzas", "<a/>b<a/>", "invalid-xml"],
  ["text before the first stanza", "b", "invalid-xml"],
  ["text outside ASCII between stanzas", "\u00a0", "invalid-xml"],
  ["a byte order mark between stanzas", "\ufeff", "invalid-xml"],
  ["a reference between stanzas", "&#32;", "invalid-xml"],
  ["`]` between stanzas", "]]>", "invalid-xml"],
  ["CDATA between stanzas", "<![CDATA[ ]]>", "invalid-xml"],

  // Namespaces in XML, 2.2, 3 and 5
  ["an undeclared prefix of an element", "<p:a/>", "bad-namespace-prefix"],
  ["an undeclared prefix of an attribute", "<a p:b='1'/>", "bad-namespace-prefix"],
  ["a prefix after its element has ended", "<a><b xmlns:p='u'/><p:c/></a>", "bad-namespace-prefix"],
  ["another meaning for `xml`", "<a xmlns:xml='u'/>", "bad-namespace-prefix"],
  ["another prefix for the namespace of `xml`", `<a xmlns:p='${XML}'/>`, "bad-namespace-prefix"],
  ["the namespace of `xml` as default", `<a xmlns='${XML}'/>`, "bad-namespace-prefix"],
  ["a declaration of `xmlns`", "<a xmlns:xmlns='u'/>", "bad-namespace-prefix"],
  ["the right declaration of `xmlns`", `<a xmlns:xmlns='${XMLNS}'/>`, "bad-namespace-prefix"],
  ["a prefix for the namespace of declarations", `<a xmlns:p='${XMLNS}'/>`, "bad-namespace-prefix"],
  ["the namespace of declarations as default", `<a xmlns='${XMLNS}'/>`, "bad-namespace-prefix"],
  ["a prefix for no namespace", "<a xmlns:p=''/>", "bad-namespace-prefix"],
  ["an element with the prefix `xmlns`", "<xmlns:a/>", "bad-namespace-prefix"],
];

/** Their legal counterparts, and the tree of each. */
const ACCEPTED: readonly (readonly [rule: string, wire: string, meaning: unknown[]])[] = [
  ["an empty element", "<a/>", ["a"]],
  ["an empty element in two tags", "<a></a>", ["a"]],
  ["spaces in tags", "<a\n\tb = '1'\r\n/>", ["a", { b: "1" }]],
  ["a space in an end tag", "<a></a \t>", ["a"]],
  ["both kinds of quotes", "<a b='\"' c=\"'\"/>", ["a", { b: '"', c: "'" }]],
  ["`>` in a value", "<a b='>'/>", ["a", { b: ">" }]],
  ["`]]>` in a value", "<a b=']]>'/>", ["a", { b: "]]>" }]],
  ["`]] >` in text", "<a>]] ></a>", ["a", "]] >"]],
  ["`]]&gt;` in text", "<a>]]&gt;</a>", ["a", "]]>"]],
  ["`>` and quotes in text", "<a>>'\"</a>", ["a", ">'\""]],
  ["the five entities", "<a>&lt;&gt;&amp;&apos;&quot;</a>", ["a", "<>&'\""]],
  ["the five entities in a value", "<a b='&lt;&gt;&amp;&apos;&quot;'/>", ["a", { b: "<>&'\"" }]],
  ["an escaped ampersand before a name", "<a>&amp;lt;</a>", ["a", "&lt;"]],
  ["character references", "<a>&#65;&#x42;&#x1f339;&#x1F339;</a>", ["a", "AB🌹🌹"]],
  ["a reference with zeros", "<a>&#0065;&#x00041;</a>", ["a", "AA"]],
  [
    "references to white space",
    "<a b='&#9;&#10;&#13;'>&#13;&#10;</a>",
    ["a", { b: "\t\n\r" }, "\r\n"],
  ],
  ["line ends in text", "<a>1\r\n2\r3\n4\r\r\n5</a>", ["a", "1\n2\n3\n4\n\n5"]],
  ["white space in a value", "<a b='1\t2\n3\r\n4\r5'/>", ["a", { b: "1 2 3 4 5" }]],
  ["CDATA", "<a>1<![CDATA[<b>&amp;]] >]]>2</a>", ["a", "1<b>&amp;]] >2"]],
  ["empty CDATA", "<a><![CDATA[]]></a>", ["a"]],
  ["CDATA that ends in brackets", "<a><![CDATA[b]]]]></a>", ["a", "b]]"]],
  ["line ends in CDATA", "<a><![CDATA[1\r\n2\r]]></a>", ["a", "1\n2\n"]],
  ["CDATA in CDATA, in two", "<a><![CDATA[]]]]><![CDATA[>]]></a>", ["a", "]]>"]],
  ["white space in a stanza", "<a> <b/>\n</a>", ["a", " ", ["b"], "\n"]],
  ["DEL and C1 controls", "<a>\u007f\u0085\u009f</a>", ["a", "\u007f\u0085\u009f"]],
  [
    "the last characters",
    "<a>\ud7ff\ue000\ufffd\u{10fffd}\u{10ffff}</a>",
    ["a", "\ud7ff\ue000\ufffd\u{10fffd}\u{10ffff}"],
  ],
  ["noncharacters of other planes", "<a>\ufdd0\u{1fffe}</a>", ["a", "\ufdd0\u{1fffe}"]],
  ["a zero-width space first in text", "<a>\ufeffb</a>", ["a", "\ufeffb"]],
  ["names of all kinds", "<méssage-1.b_c ж='1' _='2'/>", ["méssage-1.b_c", { ж: "1", _: "2" }]],
  ["a name beyond the first plane", "<\u{10000}/>", ["\u{10000}"]],
  ["a combining mark inside a name", "<a\u0301/>", ["a\u0301"]],
  ["another default namespace", "<a xmlns='u'><b/></a>", [["a", "u"], [["b", "u"]]]],
  ["no default namespace", "<a xmlns=''><b/></a>", [["a", ""], [["b", ""]]]],
  ["a namespace with entities", "<a xmlns='u?a&amp;b'/>", [["a", "u?a&b"]]],
  ["a prefix", "<p:a xmlns:p='u'><b/></p:a>", [["a", "u"], ["b"]]],
  [
    "a prefix declared again",
    "<a xmlns:p='u'><p:b xmlns:p='v'/><p:b/></a>",
    ["a", [["b", "v"]], [["b", "u"]]],
  ],
  ["a prefix declared after its use", "<p:a p:b='1' xmlns:p='u'/>", [["a", "u"], { "{u}b": "1" }]],
  [
    "the same local name with and without a prefix",
    "<a xmlns:p='u' p:b='1' b='2'/>",
    ["a", { "{u}b": "1", b: "2" }],
  ],
  [
    "a prefixed attribute in the default namespace",
    "<a xmlns='u' xmlns:p='u' p:b='1' b='2'/>",
    [["a", "u"], { "{u}b": "1", b: "2" }],
  ],
  ["the prefix of the stream", "<s:a/>", [["a", "http://etherx.jabber.org/streams"]]],
  [
    "xml:lang",
    "<a xml:lang='de' xml:space='preserve'/>",
    ["a", { "xml:lang": "de", "xml:space": "preserve" }],
  ],
  ["the right declaration of `xml`", `<a xmlns:xml='${XML}'/>`, ["a"]],
  ["a prefix that begins with xml", "<xmlx:a xmlns:xmlx='u'/>", [["a", "u"]]],
  [
    "names of objects",
    "<__proto__ constructor='1' __proto__='2' toString='3'/>",
    ["__proto__", { constructor: "1", ["__proto__"]: "2", toString: "3" }],
  ],
];

/** `["a", { attrs }, ...children]`, the name alone in jabber:client or `[name, ns]`. */
function short(element: unknown): unknown {
  if (!Array.isArray(element)) return element;
  const [name, ns, attrs, , ...children] = element as [
    string,
    string,
    object,
    object,
    ...unknown[],
  ];
  const head = ns === "jabber:client" ? name : [name, ns];
  const listed = Object.keys(attrs).length > 0 ? [attrs] : [];
  return [head, ...listed, ...children.map(short)];
}

describe("refuses, however it is cut,", () => {
  test.each(REFUSED)("%s", (_, wire, condition) => {
    const bytes = bytesOf([HEADER, ...(typeof wire === "string" ? [wire] : wire)]);
    const whole = record([bytes]);
    expect(whole.at(-1)).toEqual(["error", condition, expect.any(Number), expect.any(String)]);
    for (const cut of cuts(bytes)) expect(record(cut)).toEqual(whole);
  });

  // At the start of a frame a declaration is legal.
  const frames = REFUSED.filter(([rule]) => rule !== "a second XML declaration");
  test.each(frames)("as one element: %s", (rule, wire, condition) => {
    const bytes = bytesOf(wire);
    const [error] = record([bytes], { framing: "frame", context: { ns: "jabber:client" } }).slice(
      -1,
    );
    const outside = /between|before|declaration$|many$/.test(rule);
    expect(error).toEqual([
      "error",
      outside ? expect.any(String) : condition,
      expect.any(Number),
      expect.any(String),
    ]);
  });
});

describe("accepts, however it is cut,", () => {
  test.each(ACCEPTED)("%s", (_, wire, meaning) => {
    const bytes = bytesOf(HEADER + wire + "</s:s>");
    for (const cut of cuts(bytes)) {
      const events = record(cut) as unknown[][];
      expect(events.map(([name]) => name)).toEqual(["open", "element", "close"]);
      expect(short(events[1]?.[1])).toEqual(meaning);
    }
  });
});

describe("the beginning of a stream", () => {
  test.each([
    ["<?xml version='1.0'?>"],
    ['<?xml version="1.0"?>'],
    ["<?xml version='1.0' encoding='UTF-8'?>"],
    ["<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n"],
    ["<?xml\tversion = '1.0'\r\nstandalone=\"no\" ?>"],
    [" \n"],
    [""],
  ])("%j is a good one", (start) => {
    for (const cut of cuts(bytesOf(start + HEADER))) {
      expect((record(cut) as unknown[][]).map(([name]) => name)).toEqual(["open"]);
    }
  });

  test.each<[Wire, XmlCondition]>([
    [[" <?xml version='1.0'?>"], "restricted-xml"],
    [["\ufeff"], "not-well-formed"],
    ["a", "not-well-formed"],
    [["<!DOCTYPE s>"], "restricted-xml"],
    [["<!-- a -->"], "restricted-xml"],
    [["<?xmlx version='1.0'?>"], "restricted-xml"],
    [["<?XML version='1.0'?>"], "restricted-xml"],
    [["<?xml?>"], "not-well-formed"],
    [["<?xml version='1.1'?>"], "restricted-xml"],
    [["<?xml version='2.0'?>"], "not-well-formed"],
    [["<?xml encoding='UTF-8'?>"], "not-well-formed"],
    [["<?xml version='1.0' standalone='yes' encoding='UTF-8'?>"], "not-well-formed"],
    [["<?xml version='1.0' encoding='UTF-8?>"], "not-well-formed"],
    [["<?xml version='1.0'encoding='UTF-8'?>"], "not-well-formed"],
    [["<?xml version='1.0' encoding='ISO-8859-1'?>"], "unsupported-encoding"],
    [["<?xml version='1.0' encoding='utf-16'?>"], "unsupported-encoding"],
    [["<?xml version='1.0' encoding='UTF8'?>"], "unsupported-encoding"],
    [[`<?xml version='1.0'${" ".repeat(300)}?>`], "policy-violation"],
    [[[0xfe, 0xff, 0, 0x3c]], "not-well-formed"],
    [[[0xff, 0xfe, 0x3c, 0]], "not-well-formed"],
    [["</s:s>"], "not-well-formed"],
    [["<s:s/>"], "bad-namespace-prefix"],
    [["<![CDATA[a]]>"], "not-well-formed"],
  ])("%j is a bad one", (start, condition) => {
    const bytes = bytesOf([...(typeof start === "string" ? [start] : start), HEADER]);
    const whole = record([bytes]);
    expect(whole).toEqual([["error", condition, expect.any(Number), expect.any(String)]]);
    for (const cut of cuts(bytes)) expect(record(cut)).toEqual(whole);
  });
});

describe("the end of a stream", () => {
  test.each([
    ["</s:s>", []],
    ["</s:s> \n", []],
    ["", undefined],
    [" ", undefined],
    ["</s:s>a", "not-well-formed"],
    ["</s:s><a/>", "not-well-formed"],
    ["</s:s></s:s>", "not-well-formed"],
    ["</s:s><?a?>", "restricted-xml"],
    ["</s:s><!-- -->", "restricted-xml"],
    ["</s:s >", []],
  ])("%j", (rest, outcome) => {
    const bytes = bytesOf(HEADER + rest);
    const whole = record([bytes]) as unknown[][];
    const after = whole.slice(1).map(([name, condition]) => (name === "error" ? condition : name));
    const expected = outcome === undefined ? [] : ["close", ...[outcome].flat()];
    expect(after).toEqual(expected);
    for (const cut of cuts(bytes)) expect(record(cut)).toEqual(whole);
  });

  test("an empty root opens and closes", () => {
    const events = record([bytesOf(HEADER.replace(">", "/>"))]) as unknown[][];
    expect(events.map(([name]) => name)).toEqual(["open", "close"]);
  });
});
