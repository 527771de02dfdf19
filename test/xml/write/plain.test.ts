import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Element } from "../../../src/xml/element.ts";
import { NS } from "../../../src/xml/namespaces.ts";
import { type SerializeOptions, serialize } from "../../../src/xml/write/serialize.ts";

const names = fc.constantFrom(
  "message",
  "body",
  "a-b",
  "é",
  "1a",
  "a:b",
  "",
  "xmlns",
  "x".repeat(300),
);
const keys = fc.constantFrom("id", "to", "xml:lang", "xmlns", "p:a", "{urn:a}b", "9", "type");
const uris = fc.constantFrom(
  undefined,
  "",
  NS.client,
  "urn:a",
  "urn:'&",
  NS.stream,
  NS.xml,
  NS.xmlns,
);
const texts = fc.constantFrom(
  "",
  "plain",
  "a & b < c > d",
  'it\'s "said"',
  "\t\r\n",
  "😂é",
  "\ud800",
  "\u0001",
);
const prefixes = fc.constantFrom(
  {},
  { stream: NS.stream },
  { p: "urn:p" },
  { stream: "urn:other" },
);

const elements = fc.letrec<{ tree: Element }>((tie) => ({
  tree: fc
    .tuple(
      names,
      uris,
      fc.dictionary(keys, texts, { maxKeys: 3, noNullPrototype: false }),
      prefixes,
      fc.array(fc.oneof({ depthSize: "small", withCrossShrink: true }, texts, tie("tree")), {
        maxLength: 3,
      }),
    )
    .map(
      ([name, ns, attrs, declared, children]) => new Element(name, ns, attrs, declared, children),
    ),
})).tree;

const contexts = fc.constantFrom<SerializeOptions>(
  {},
  { ns: NS.client },
  { ns: NS.client, prefixes: { stream: NS.stream } },
);

function outcome(element: Element, options: SerializeOptions): string {
  try {
    return serialize(element, options);
  } catch (error) {
    return String(error);
  }
}

describe("the short way to write an element", () => {
  test("writes the same as the long way, and nothing that is wrong", () => {
    fc.assert(
      fc.property(elements, contexts, (element, context) => {
        // Only the long way knows a bound on the length.
        const long = outcome(element, { ...context, maxBytes: Number.MAX_SAFE_INTEGER });
        expect(outcome(element, context)).toBe(long);
      }),
      { numRuns: 2000 },
    );
  });

  test("writes only attributes of the element's own", () => {
    const inherited = { inherited: "yes" };
    const attrs = Object.assign(Object.create(inherited) as Record<string, string>, { own: "1" });
    expect(serialize(new Element("a", "", attrs), { ns: "" })).toBe("<a own='1'/>");
    expect(serialize(new Element("a", "", { own: "1" }), { ns: "" })).toBe("<a own='1'/>");
  });

  test("keeps to the bound on depth", () => {
    let element = new Element("a", "urn:a");
    for (let depth = 1; depth < 1024; depth++) {
      element = new Element("a", undefined, undefined, undefined, [element]);
    }
    expect(serialize(element)).toContain("<a xmlns='urn:a'/>");
    const deeper = new Element("a", undefined, undefined, undefined, [element]);
    expect(() => serialize(deeper)).toThrow("nested more than 1024 deep");
  });
});
