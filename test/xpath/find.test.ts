import { describe, expect, test } from "vitest";
import { isElement, xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml.ts";
import { find } from "../../src/xpath/find.ts";

const message = xml(
  "message",
  { type: "chat" },
  xml("body", {}, "Hello"),
  xml("x", { xmlns: "urn:x" }, xml("message", {}, xml("body", {}, "inside"))),
);

test("find selects the nodes of a path, from the element or from the document above it", () => {
  expect(find(message, "body/text()")).toMatchObject([{ kind: "text", value: "Hello" }]);
  expect(find(message, "/message/@type")).toMatchObject([{ name: "type", value: "chat" }]);
  expect(find(message, "//x:message", { namespaces: { x: "urn:x" } })).toHaveLength(1);
  expect(find(parse("<a><b c='1'/></a>"), "b/@c")).toMatchObject([{ value: "1" }]);
});

test("an inner element is a document element of its own", () => {
  const [inner] = find(message, "x/message");
  if (!isElement(inner)) throw new TypeError("x/message is an element");
  expect(find(inner, "/message/body")).toMatchObject([{ children: ["inside"] }]);
  expect(find(inner, "..")).toMatchObject([{ kind: "document", root: inner }]);
});

describe("a name without a prefix", () => {
  const stanza = parse(
    "<iq><query xmlns='urn:a' n='1'/><query xmlns='urn:b' n='2'/><query n='3'/></iq>",
  );
  const numbers = (path: string, namespaces?: Record<string, string>): string[] =>
    find(stanza, `${path}/@n`, namespaces === undefined ? {} : { namespaces }).map((node) =>
      isElement(node) || node.kind === "document" ? "" : node.value,
    );

  test("means any namespace to find, and the element's own to child", () => {
    expect(numbers("query")).toEqual(["1", "2", "3"]);
    expect(stanza.child("query")?.attrs.n).toBe("3");
  });

  test("means to find the namespace that is bound to the empty prefix", () => {
    expect(numbers("query", { "": "jabber:client" })).toEqual(["3"]);
    expect(numbers("query", { "": "urn:b" })).toEqual(["2"]);
  });
});

test("an expression that gives no nodes is refused, saying what it gives", () => {
  expect(() => find(message, "count(body)")).toThrow(
    expect.objectContaining({
      code: "XPATH_SYNTAX",
      message: expect.stringContaining("expected nodes, found a number") as unknown,
    }),
  );
});

test.each([
  ["the arguments exchanged", () => find("body" as never, message as never)],
  ["no element", () => find(undefined as never, "body")],
  ["no expression", () => find(message, undefined as never)],
  ["an unknown option", () => find(message, "body", { prefixes: {} } as never)],
])("%s: BAD_OPTION", (_what, call) => {
  expect(call).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
});
