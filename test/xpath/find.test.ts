import { expect, test } from "vitest";
import { isElement, xml } from "../../src/xml/element.ts";
import "../../src/xpath/find.ts";

const message = xml(
  "message",
  { type: "chat" },
  xml("body", {}, "Hello"),
  xml("x", { xmlns: "urn:x" }, xml("message", {}, xml("body", {}, "inside"))),
);

test("an element finds the nodes of a path, from itself or from the document above it", () => {
  expect(message.find("body/text()")).toMatchObject([{ kind: "text", value: "Hello" }]);
  expect(message.find("/message/@type")).toMatchObject([{ name: "type", value: "chat" }]);
  expect(message.find("//x:message", { namespaces: { x: "urn:x" } })).toHaveLength(1);
});

test("an inner element is a document element of its own", () => {
  const [inner] = message.find("x/message");
  expect(isElement(inner) && inner.find("/message/body")).toMatchObject([{ children: ["inside"] }]);
  expect(isElement(inner) && inner.find("..")).toMatchObject([{ kind: "document", root: inner }]);
});

test("an expression that gives no nodes is refused, saying what it gives", () => {
  expect(() => message.find("count(body)")).toThrow(
    expect.objectContaining({
      code: "XPATH_SYNTAX",
      message: expect.stringContaining("expected nodes, found a number") as unknown,
    }),
  );
});
