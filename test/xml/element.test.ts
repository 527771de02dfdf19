import { describe, expect, expectTypeOf, test } from "vitest";
import { utf8Bytes } from "../../src/base/text/utf8.ts";
import { jid } from "../../src/jid/jid.ts";
import { Element, xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { StreamParser } from "../../src/xml/read/stream-parser.ts";
import { compile } from "../../src/xpath/compile.ts";

const find = (element: Element, expression: string) => compile(expression).select(element);

const coded = (code: string, message: string): Error =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string }) as Error;

describe("the namespace of an element that names none", () => {
  const received = parse("<message><body>x</body></message>").child("body");

  test("is `jabber:client` at the root, also where its children are looked for", () => {
    const built = xml("message", {}, received);
    expect(built.child("body")).toBe(received);
    expect(built.childText("body")).toBe("x");
    expect(built.childrenOf("body")).toEqual([received]);
    expect(parse(String(built)).childText("body")).toBe("x");
  });

  test("is its parent's", () => {
    const query = xml("query", { xmlns: "u" }, xml("item"), xml("other", { xmlns: "v" }));
    expect(query.child("item")).toBeDefined();
    expect(query.child("item", "u")).toBeDefined();
    expect(query.child("other")).toBeUndefined();
    expect(query.child("other", "v")).toBeDefined();
  });
});

describe("the namespace that is asked for", () => {
  const query = xml(
    "query",
    { xmlns: "u" },
    xml("item", { n: 1 }, "own"),
    xml("item", { xmlns: "v", n: 2 }, "other"),
    xml("x", { xmlns: "w" }, "text"),
    xml("x", { xmlns: "" }, "none"),
  );
  const numbers = (ns?: string) => query.childrenOf("item", ns).map(({ attrs }) => attrs.n);

  test.each<[string | undefined, string[], string | undefined]>([
    [undefined, ["1"], undefined],
    ["u", ["1"], undefined],
    ["v", ["2"], undefined],
    ["*", ["1", "2"], "text"],
    ["", [], "none"],
  ])("%j", (ns, items, x) => {
    expect(numbers(ns)).toEqual(items);
    expect(query.child("item", ns)?.attrs.n).toBe(items[0]);
    expect(query.childText("x", ns)).toBe(x);
    expect(query.child("x", ns)?.text()).toBe(x);
  });
});

test("an attribute that is undefined does not exist", () => {
  const element = xml("a", { b: "1", c: "2" });
  element.attrs.b = undefined;
  expectTypeOf(element.attrs.c).toEqualTypeOf<string | undefined>();
  expect(element.toString()).toBe("<a c='2'/>");
  expect(xml("p", {}, element, xml("b")).toString()).toBe("<p><a c='2'/><b/></p>");
  expect(element.clone().toString()).toBe("<a c='2'/>");
  expect(find(element, "@*")).toHaveLength(1);
});

test("the nodes that XPath selects may be children: an element as it is, the others by their text", () => {
  const parent = parse("<a b='1'>x<c/></a>");
  const nodes = find(parent, "node() | @b");
  expect(nodes.map(({ kind }) => kind)).toEqual(["attribute", "text", "element"]);
  const built = xml("m", {}, ...nodes, { kind: "document", root: parent });
  expect(built.children).toEqual(["1", "x", parent.children[1], parent]);
  expect(built.children[2]).toBe(parent.children[1]);
});

describe("a value that cannot be a part of an element", () => {
  test.each<[string, unknown]>([
    ["an object", {}],
    ["a list", [xml("b")]],
    ["a date", new Date(0)],
    ["a function", () => undefined],
    ["a symbol", Symbol("x")],
  ])("as a child: %s", (_, child) => {
    const refusal = coded("BAD_OPTION", "a child must be ");
    expect(() => xml("a", {}, child as never)).toThrow(refusal);
    expect(() => xml("a").append(child as never)).toThrow(refusal);
  });

  test.each<[string, unknown]>([
    ["an address that was read", jid("a@b")],
    ["a list", ["a@b"]],
  ])("as an attribute: %s", (_, value) => {
    expect(() => xml("a", { to: value as never })).toThrow(
      coded("BAD_OPTION", "the attribute to must be a text or a number"),
    );
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["an object", {}],
    ["a list", []],
    ["a number", 5],
  ])("put among the children by hand, is not written: %s", (_, child) => {
    const element = xml("a", {}, xml("b"));
    (element.children[0] as Element).children.push(child as never);
    expect(() => element.toString()).toThrow(coded("ILLEGAL_XML", "at /a/b"));
  });
});

test("numbers and truth values are written as texts", () => {
  const element = xml("a", { n: 1, t: true as never, big: 12n as never }, 0, false as never);
  expect(element.toString()).toBe("<a n='1' t='true' big='12'>0false</a>");
});

test("a copy of a tree that is too deep, or contains itself, fails as writing it does", () => {
  const loop = xml("a");
  loop.append(loop);
  let deep = xml("a");
  for (let depth = 0; depth < 20_000; depth++) deep = new Element("a", "u", {}, {}, [deep]);
  for (const element of [loop, deep]) {
    expect(() => element.clone()).toThrow(coded("ILLEGAL_XML", "more than 1024 deep"));
  }
});

describe("a received stanza as text", () => {
  const STREAM = "http://etherx.jabber.org/streams";
  const received = (stanza: string): Element => {
    const parser = new StreamParser();
    parser.feed(
      utf8Bytes(
        `<stream:stream xmlns='jabber:client' xmlns:stream='${STREAM}' xmlns:db='urn:db'>${stanza}`,
      ),
    );
    parser.read();
    const element = parser.read();
    if (element === undefined) throw new TypeError("no stanza came");
    return element;
  };

  test.each([
    ["<message/>", "<message xmlns='jabber:client'/>"],
    [
      "<message><body>live stream</body></message>",
      "<message xmlns='jabber:client'><body>live stream</body></message>",
    ],
    ["<a v='db:x'/>", "<a xmlns='jabber:client' xmlns:db='urn:db' v='db:x'/>"],
    ["<a><b>see db:x</b></a>", "<a xmlns='jabber:client' xmlns:db='urn:db'><b>see db:x</b></a>"],
    ["<a db:v='1'/>", "<a xmlns='jabber:client' xmlns:db='urn:db' db:v='1'/>"],
    ["<a xmlns:p='urn:p'/>", "<a xmlns='jabber:client' xmlns:p='urn:p'/>"],
    [
      "<a xmlns:p='urn:p' v='db:x'/>",
      "<a xmlns='jabber:client' xmlns:db='urn:db' xmlns:p='urn:p' v='db:x'/>",
    ],
    ["<a xmlns:db='urn:other'/>", "<a xmlns='jabber:client' xmlns:db='urn:other'/>"],
    [
      "<a xmlns:db='urn:other' v='db:x'/>",
      "<a xmlns='jabber:client' xmlns:db='urn:other' v='db:x'/>",
    ],
    ["<stream:a/>", `<a xmlns='${STREAM}' xmlns:stream='${STREAM}'/>`],
  ])("%s is printed as %s, and so is a copy", (stanza, text) => {
    const element = received(stanza);
    const { stream, db } = element.prefixes;
    expect([stream, db?.startsWith("urn:")]).toEqual([STREAM, true]);
    expect(String(element)).toBe(text);
    expect(String(element.clone())).toBe(text);
    expect(element.clone().prefixes).toEqual(element.prefixes);
    expect(String(parse(text))).toBe(text);
  });

  test("declares what the program has added", () => {
    const element = received("<a/>");
    element.attrs["db:v"] = "1";
    expect(String(element)).toBe("<a xmlns='jabber:client' xmlns:db='urn:db' db:v='1'/>");
    element.prefixes = { x: "urn:x" };
    delete element.attrs["db:v"];
    expect(String(element)).toBe("<a xmlns='jabber:client' xmlns:x='urn:x'/>");
  });
});
