import { describe, expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { compile } from "../../src/xpath/compile.ts";
import { FilterIndex } from "../../src/xpath/index/filter-index.ts";
import { evaluate } from "./show.ts";

const NAMESPACES = { c: "jabber:client", x: "urn:x", p: "urn:p" };

describe("elements that a program built", () => {
  const message = xml(
    "message",
    { "{urn:p}k": "v", "xml:lang": "en" },
    xml("body", {}, "a", "b", "", xml("br"), "c"),
    xml("x", { xmlns: "urn:x" }, xml("y", {}, xml("z", { xmlns: "" }, xml("w")))),
    "",
  );

  test.each([
    ["namespace-uri(/*)", "jabber:client"],
    ["namespace-uri(body)", "jabber:client"],
    ["namespace-uri(//y)", "urn:x"],
    ["namespace-uri(//z)", ""],
    ["namespace-uri(//w)", ""],
    ["/c:message/c:body", "body"],
    ["//x:y", "y"],
    ["//c:y", ""],
    ["@p:k", "@k=v"],
    ["@xml:lang", "@lang=en"],
  ])("have the namespace of their parent if none is said: %s", (expression, value) => {
    expect(evaluate(expression, message, { namespaces: NAMESPACES })).toBe(value);
  });

  test("have one text node where texts adjoin, and none for an empty text", () => {
    expect(evaluate("body/text()", message)).toBe('"ab" "c"');
    expect(evaluate("count(body/node())", message)).toBe(3);
    expect(evaluate("text()", message)).toBe("");
    expect(evaluate("string(body)", message)).toBe("abc");
    expect(evaluate("body/text()[1] = 'ab'", message)).toBe(true);
  });

  test("are found by an index in the namespace they have", () => {
    const index = new FilterIndex<string>();
    for (const expression of [
      "/c:message/x:x/x:y",
      "//w[namespace-uri()='']",
      "/x:message",
      "//c:w",
    ]) {
      index.add(compile(expression, { namespaces: NAMESPACES }), expression);
    }
    expect(index.match(message).map(({ value }) => value)).toEqual([
      "/c:message/x:x/x:y",
      "//w[namespace-uri()='']",
    ]);
  });

  test("may hold one element in several places, which are different nodes", () => {
    const shared = xml("item", {}, xml("name", {}, "n"));
    const list = xml("list", {}, xml("a", {}, shared), xml("b", {}, shared, shared));
    expect(evaluate("count(//item)", list)).toBe(3);
    expect(evaluate("count(//name/..)", list)).toBe(3);
    expect(evaluate("//item[2]/..", list)).toBe("b");
    expect(evaluate("count(//item/following::item)", list)).toBe(2);
    expect(evaluate("count(//b/item[2]/preceding::item)", list)).toBe(2);
    expect(evaluate("//name/ancestor::*[last() - 1]", list)).toBe("a b");
    expect(compile("//item").select(list)).toEqual([shared, shared, shared]);
  });

  test("may change between evaluations", () => {
    const xpath = compile("count(//item)");
    const list = xml("list");
    expect(xpath.evaluate(list)).toBe(0);
    list.append(xml("item"));
    expect(xpath.evaluate(list)).toBe(1);
  });

  test("with attributes that a plain object inherits, do not have them", () => {
    const element = xml("a");
    element.attrs = { k: "v" };
    expect(evaluate("@toString | @constructor", element)).toBe("");
    expect(evaluate("@k[../@toString] | @__proto__", element)).toBe("");
    expect(evaluate("string(@toString)", element)).toBe("");
  });

  test("are nested as deep as you like", () => {
    let deep = xml("leaf", {}, "text");
    for (let depth = 0; depth < 20_000; depth++) deep = xml("e", {}, deep);
    expect(evaluate("string(/)", deep)).toBe("text");
    expect(evaluate("//leaf", deep)).toBe("leaf");
    expect(evaluate("count(//leaf/ancestor::*)", deep)).toBe(20_000);
    expect(evaluate("//leaf/preceding::* | //leaf", deep)).toBe("leaf");
  });
});

describe("names without a prefix", () => {
  const message = xml(
    "message",
    { type: "chat", "{urn:p}type": "other" },
    xml("x", { xmlns: "urn:x" }),
    xml("x", { xmlns: "" }),
    xml("x"),
  );

  test.each([
    ["mean any namespace in element names", {}, "count(x)", 3],
    ["mean the namespace that the empty prefix is bound to", { "": "urn:x" }, "count(x)", 1],
    ["then mean it on every axis", { "": "urn:x" }, "count(self::message)", 0],
    ["mean no namespace if that is bound", { "": "" }, "count(x)", 1],
    ["mean no namespace in attribute names", {}, "string(@type)", "chat"],
    ["mean it there even if the empty prefix is bound", { "": "urn:p" }, "string(@type)", "chat"],
    ["may be * whatever is bound", { "": "urn:x" }, "count(*)", 3],
  ])("%s", (_fact, namespaces, expression, value) => {
    expect(evaluate(expression, message, { namespaces })).toBe(value);
  });

  test("with a prefix, are exact; xml is bound, and may be bound otherwise", () => {
    expect(evaluate("count(a:x)", message, { namespaces: { a: "urn:x" } })).toBe(1);
    expect(evaluate("count(a:*)", message, { namespaces: { a: "" } })).toBe(1);
    expect(evaluate("count(@xml:type)", message)).toBe(0);
    expect(evaluate("count(@xml:type)", message, { namespaces: { xml: "urn:p" } })).toBe(1);
  });
});

describe("the methods of a compiled expression", () => {
  const message = xml("message", {}, xml("body", {}, "1"), xml("body", {}, "2"));

  test("give the nodes, the first of them, the value, or whether there is any", () => {
    const bodies = compile("body");
    expect(bodies.expression).toBe("body");
    expect(bodies.select(message)).toEqual(message.children);
    expect(bodies.first(message)).toBe(message.children[0]);
    expect(bodies.evaluate(message)).toEqual(message.children);
    expect(bodies.test(message)).toBe(true);
    expect(bodies.test(xml("message"))).toBe(false);
    expect(bodies.first(xml("message"))).toBeUndefined();
  });

  test("give no nodes for a number, but its truth", () => {
    const count = compile("count(body)");
    expect(count.select(message)).toEqual([]);
    expect(count.first(message)).toBeUndefined();
    expect(count.evaluate(message)).toBe(2);
    expect(count.test(message)).toBe(true);
    expect(count.test(xml("message"))).toBe(false);
  });

  test("give attributes with their namespace and element, texts with theirs, and the document", () => {
    const element = xml("a", { k: "1", "{urn:p}l": "2" }, "text");
    expect(compile("@* | text() | /").select(element)).toEqual([
      { kind: "document", root: element },
      { kind: "attribute", name: "k", value: "1", parent: element },
      { kind: "attribute", name: "l", ns: "urn:p", value: "2", parent: element },
      { kind: "text", value: "text", parent: element },
    ]);
  });
});
