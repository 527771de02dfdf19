import { describe, expect, test } from "vitest";
import { isElement } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { compile } from "../../src/xpath/compile.ts";
import { evaluate } from "./show.ts";

// Numbers in headings are sections of XPath 1.0 (W3C, 16 November 1999).

const NAMESPACES = { c: "jabber:client", x: "urn:x", p: "urn:p" };

const message = parse(
  `<message xmlns='jabber:client' from='romeo@example.net' type='chat' xml:lang='en'>` +
    `<subject>I implore</subject><body>Wherefore?</body><body xml:lang='cs'>Proč?</body>` +
    `<x xmlns='urn:x' xmlns:p='urn:p' p:k='v' k='w'>` +
    `<item n='1'/>one<item n='2'>two</item><group n='g'><item n='3'/><item n='4'><deep/></item></group>tail` +
    `</x><thread/></message>`,
);

function gives(expression: string): string | number | boolean {
  return evaluate(expression, message, { namespaces: NAMESPACES });
}

describe("2, location paths", () => {
  test.each([
    ["/", "/"],
    ["/message", "message"],
    ["/body", ""],
    ["body", "body body"],
    ["message", ""],
    ["/message/body", "body body"],
    ["/message/message", ""],
    ["child::body", "body body"],
    ["child::*", "subject body body x thread"],
    ["child::text()", ""],
    ["child::node()", "subject body body x thread"],
    ["attribute::type", "@type=chat"],
    ["attribute::*", "@from=romeo@example.net @type=chat @lang=en"],
    ["descendant::item", "item#1 item#2 item#3 item#4"],
    ["ancestor::node()", "/"],
    ["ancestor-or-self::message", "message"],
    ["descendant-or-self::message", "message"],
    ["self::message", "message"],
    ["self::iq", ""],
    ["child::x/descendant::item", "item#1 item#2 item#3 item#4"],
    ["child::*/child::item", "item#1 item#2"],
    ["/descendant::item", "item#1 item#2 item#3 item#4"],
    ["/descendant::group/child::item", "item#3 item#4"],
    ["x/item/..", "x"],
    ["..", "/"],
    ["../..", ""],
    ["../message", "message"],
    ["/..", ""],
    ["/.", "/"],
    ["/self::node()/message", "message"],
    ["x//deep/ancestor::*", "message x group#g item#4"],
    ["//item/ancestor::x/preceding-sibling::body", "body body"],
    ["//group//..", "x group#g item#4"],
    ["x/group/item/deep/../../item[1]", "item#3"],
    ["//deep/ancestor::item/following::node()", '"tail" thread'],
  ])("%s selects %s", (expression, nodes) => {
    expect(gives(expression)).toBe(nodes);
  });
});

describe("2.2, axes", () => {
  const from = (axis: string): string => `//group/${axis}::node()`;
  test.each([
    ["child", "item#3 item#4"],
    ["descendant", "item#3 item#4 deep"],
    ["descendant-or-self", "group#g item#3 item#4 deep"],
    ["parent", "x"],
    ["ancestor", "/ message x"],
    ["ancestor-or-self", "/ message x group#g"],
    ["self", "group#g"],
    ["following-sibling", '"tail"'],
    ["preceding-sibling", 'item#1 "one" item#2'],
    ["following", '"tail" thread'],
    ["preceding", 'subject "I implore" body "Wherefore?" body "Proč?" item#1 "one" item#2 "two"'],
    ["attribute", "@n=g"],
    ["namespace", ""],
  ])("%s of an element", (axis, nodes) => {
    expect(gives(from(axis))).toBe(nodes);
  });

  test.each([
    ["child", ""],
    ["descendant", ""],
    ["descendant-or-self", "@n=g"],
    ["parent", "group#g"],
    ["ancestor", "/ message x group#g"],
    ["ancestor-or-self", "/ message x group#g @n=g"],
    ["self", "@n=g"],
    ["following-sibling", ""],
    ["preceding-sibling", ""],
    ["following", 'item#3 item#4 deep "tail" thread'],
    ["preceding", 'subject "I implore" body "Wherefore?" body "Proč?" item#1 "one" item#2 "two"'],
    ["attribute", ""],
    ["namespace", ""],
  ])("%s of an attribute", (axis, nodes) => {
    expect(gives(`//group/@n/${axis}::node()`)).toBe(nodes);
  });

  test.each([
    ["child", ""],
    ["descendant", ""],
    ["descendant-or-self", '"one"'],
    ["parent", "x"],
    ["ancestor", "/ message x"],
    ["self", '"one"'],
    ["following-sibling", 'item#2 group#g "tail"'],
    ["preceding-sibling", "item#1"],
    ["following", 'item#2 "two" group#g item#3 item#4 deep "tail" thread'],
    ["preceding", 'subject "I implore" body "Wherefore?" body "Proč?" item#1'],
    ["attribute", ""],
  ])("%s of text", (axis, nodes) => {
    expect(gives(`x/text()[1]/${axis}::node()`)).toBe(nodes);
  });

  test.each([
    ["child", "message"],
    ["descendant", "message subject"],
    ["parent", ""],
    ["ancestor", ""],
    ["self", "/"],
    ["following", ""],
    ["preceding", ""],
    ["following-sibling", ""],
    ["attribute", ""],
  ])("%s of the document", (axis, nodes) => {
    expect(gives(`/${axis}::node()[position() < 3]`)).toBe(nodes);
  });

  test("ancestor, self, descendant, preceding and following share out the document", () => {
    const all = Number(gives("count(/descendant-or-self::node())"));
    const count = (axis: string): number => Number(gives(`count(//group/${axis}::node())`));
    const parts = ["ancestor", "self", "descendant", "preceding", "following"].map(count);
    expect(parts.reduce((total, part) => total + part)).toBe(all);
  });
});

describe("2.3, node tests", () => {
  test.each([
    ["*", "subject body body x thread"],
    ["node()", "subject body body x thread"],
    ["body/node()", '"Wherefore?" "Proč?"'],
    ["body/text()", '"Wherefore?" "Proč?"'],
    ["body/*", ""],
    ["//text()", '"I implore" "Wherefore?" "Proč?" "one" "two" "tail"'],
    ["//comment()", ""],
    ["//processing-instruction()", ""],
    ["//processing-instruction('x')", ""],
    ["@*", "@from=romeo@example.net @type=chat @lang=en"],
    ["@node()", "@from=romeo@example.net @type=chat @lang=en"],
    ["@text()", ""],
    ["c:*", "subject body body thread"],
    ["x:*", "x"],
    ["c:body", "body body"],
    ["x:body", ""],
    ["x:x/@p:*", "@k=v"],
    ["x/@p:k", "@k=v"],
    ["x/@k", "@k=w"],
    ["x/@*", "@k=v @k=w"],
    ["@xml:lang", "@lang=en"],
    ["@xml:*", "@lang=en"],
    ["@lang", ""],
    ["self::x", ""],
    ["@type/self::type", ""],
    ["@type/self::node()", "@type=chat"],
    ["namespace::*", ""],
    ["//namespace::node()", ""],
  ])("%s selects %s", (expression, nodes) => {
    expect(gives(expression)).toBe(nodes);
  });
});

describe("2.4, predicates", () => {
  test.each([
    ["body[1]", '"Wherefore?"'],
    ["body[2]", '"Proč?"'],
    ["body[3]", ""],
    ["body[0]", ""],
    ["body[1.5]", ""],
    ["body[last()]", '"Proč?"'],
    ["body[last() - 1]", '"Wherefore?"'],
    ["body[position() = 2]", '"Proč?"'],
    ["body[2 = position()]", '"Proč?"'],
    ["body[position() != 1]", '"Proč?"'],
    ["body[position() < 2]", '"Wherefore?"'],
    ["body[position() mod 2 = 0]", '"Proč?"'],
    ["body[@xml:lang]", '"Proč?"'],
    ["body[@xml:lang][1]", '"Proč?"'],
    ["body[2][1]", '"Proč?"'],
    ["body[1][2]", ""],
    ["body[not(@xml:lang)][1]", '"Wherefore?"'],
    ["body['']", ""],
    ["body['x'][2]", '"Proč?"'],
    ["body[true()]", '"Wherefore?" "Proč?"'],
    ["body[false()]", ""],
    ["body[number('2')]", '"Proč?"'],
    ["body[string(2)]", '"Wherefore?" "Proč?"'],
    ["body[number('x')]", ""],
    ["body[count(.)]", '"Wherefore?"'],
    ["body[. = 'Proč?']", '"Proč?"'],
  ])("%s has the text %s", (expression, texts) => {
    expect(gives(`${expression}/text()`)).toBe(texts);
  });

  test.each([
    ["//item[1]", "item#1 item#3"],
    ["//item[2]", "item#2 item#4"],
    ["//item[last()]", "item#2 item#4"],
    ["(//item)[1]", "item#1"],
    ["(//item)[last()]", "item#4"],
    ["(//item)[3]", "item#3"],
    ["/descendant::item[3]", "item#3"],
    ["//item[position() = 1 or @n = 4]", "item#1 item#3 item#4"],
    ["//deep/ancestor::*[1]", "item#4"],
    ["//deep/ancestor::*[2]", "group#g"],
    ["//deep/ancestor::*[last()]", "message"],
    ["(//deep/ancestor::*)[1]", "message"],
    ["//deep/ancestor-or-self::*[1]", "deep"],
    ["//group/preceding-sibling::*[1]", "item#2"],
    ["//group/preceding-sibling::item[last()]", "item#1"],
    ["(//group/preceding-sibling::item)[last()]", "item#2"],
    ["//group/preceding::item[1]", "item#2"],
    ["//group/preceding::*[position() < 3]", "item#1 item#2"],
    ["//group/following::*[1]", "thread"],
    ["thread/preceding::node()[1]", '"tail"'],
    ["//item[deep][1]", "item#4"],
    ["//item[1][@n = 3]", "item#3"],
    ["//*[item[2]]", "x group#g"],
    ["//*[item][last()]", "x group#g"],
    ["//item[count(preceding::item) = 2]", "item#3"],
    ["//item[@n > 1][position() > 1]", "item#4"],
    ["//item[@n > 1][2]", "item#4"],
    ["(//item[@n > 1])[2]", "item#3"],
    ["//item[position() = last()][@n = 2]", "item#2"],
    ["//*[self::item or self::group][@n][1]", "item#1 item#3"],
    ["x/*[name() = 'item'][2]", "item#2"],
    ["x/node()[3]", "item#2"],
    ["x/node()[self::item][2]", "item#2"],
    ["x/text()[2]", '"tail"'],
    ["@*[2]", "@type=chat"],
    ["@*[last()]", "@lang=en"],
    ["//@n[. > 2]", "@n=3 @n=4"],
    ["//item[@n = ../@n]", ""],
    ["//item[../@n = 'g']", "item#3 item#4"],
    ["//item[position() = count(//group)]", "item#1 item#3"],
    ["//group[item[position() = 2]/deep and position() = 1]", "group#g"],
    ["//item[last() = 2 and position() = last()]", "item#2 item#4"],
  ])("%s selects %s", (expression, nodes) => {
    expect(gives(expression)).toBe(nodes);
  });
});

describe("2.5, abbreviations", () => {
  test.each([
    ["body", "child::body"],
    ["*", "child::*"],
    ["text()", "child::text()"],
    ["@type", "attribute::type"],
    ["@*", "attribute::*"],
    ["body[1]", "child::body[position() = 1]"],
    ["*/item", "child::*/child::item"],
    ["//item", "/descendant-or-self::node()/child::item"],
    ["//item[1]", "/descendant-or-self::node()/child::item[position() = 1]"],
    ["x//item", "child::x/descendant-or-self::node()/child::item"],
    [".", "self::node()"],
    [".//item", "self::node()/descendant-or-self::node()/child::item"],
    ["..", "parent::node()"],
    ["../@type", "parent::node()/attribute::type"],
    ["//item/..", "/descendant-or-self::node()/child::item/parent::node()"],
    ["//@n", "/descendant-or-self::node()/attribute::n"],
    ["//.", "/descendant-or-self::node()"],
    ["//..", "/descendant-or-self::node()/parent::node()"],
    ["//*//item//deep", "//*/descendant::item/descendant::deep"],
    ["x//.//item", "x/descendant::item"],
    ["//node()//self::item", "//item"],
    ["(x/item)/..", "x/item/.."],
    ["//self::item", "/descendant-or-self::item"],
    ["x//descendant-or-self::item[1]", "x/descendant-or-self::node()/descendant-or-self::item[1]"],
  ])("%s is %s", (short, long) => {
    expect(gives(short)).toBe(gives(long));
  });

  test.each([
    "//item//..//item/ancestor::*//item",
    "//node()/../node()/../node()/../node()",
    "//*/ancestor-or-self::*//*/ancestor-or-self::*//*",
    "//item/following::node()/preceding::node()/following::*",
    "(//item | //item/..)/item/../..//item",
    "(//group | //x)//item/..",
    "//*/*",
    "//node()/node()",
    "//*[*]/*[position() < 9]",
    "//deep/ancestor::*/*",
    "//deep/ancestor-or-self::*/preceding-sibling::*",
    "//item/preceding::*",
    "(//group/* | //body | //x)",
  ])("%s selects each node once, in document order, however it is reached", (expression) => {
    const elements = (path: string): unknown[] => compile(path).select(message).filter(isElement);
    const found = elements(expression);
    const all = elements("//*");
    expect(found.length).toBeGreaterThan(0);
    expect(found).toEqual(all.filter((element) => found.includes(element)));
  });
});
