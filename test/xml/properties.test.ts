import fc from "fast-check";
import { expect, test } from "vitest";
import { Element } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { PushParser } from "../../src/xml/read/push-parser.ts";
import { serialize } from "../../src/xml/write/serialize.ts";
import { XmlError } from "../../src/xml/xml-error.ts";
import { bytesOf, pieces, record, shape } from "./recorder.ts";

const HEADER = "<s:s xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>";

/** Scraps of legal and illegal XML, in any order. */
const scrap = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(..."< > / = ' \" & ; : ! ? ] [ - # x a b".split(" "), " "),
  },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ..."<a> </a> <a/> <b> </b> <p:a> </p:a> <a xmlns:p='u'> b='1' xmlns='v' p:c='2' &lt; &#65; &#x1F339;".split(
        " ",
      ),
      ..."<![CDATA[ ]]> <!-- --> <?a ?> &b; &#0; <!DOCTYPE </s:s> \r\n \ufffe é 🌹".split(" "),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
);
const wire = fc.array(scrap, { maxLength: 30 }).map((scraps) => scraps.join(""));
const cutting = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 });

function cutBy(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = sizes[k % sizes.length] ?? 1;
    list.push(bytes.slice(at, at + size));
    at += size;
  }
  return list;
}

test("the cuts never change the calls", () => {
  fc.assert(
    fc.property(wire, cutting, fc.boolean(), (text, sizes, inside) => {
      const bytes = bytesOf((inside ? HEADER + "<m>" : HEADER) + text);
      expect(record(cutBy(bytes, sizes))).toEqual(record([bytes]));
    }),
    { numRuns: 2000 },
  );
});

test("the cuts never change the calls, with small limits", () => {
  const limits = { bytes: 90, tag: 75, name: 6, depth: 3, elements: 4, attributes: 2, space: 5 };
  fc.assert(
    fc.property(wire, cutting, (text, sizes) => {
      const bytes = bytesOf(HEADER + text);
      expect(record(cutBy(bytes, sizes), { limits })).toEqual(record([bytes], { limits }));
    }),
    { numRuns: 1000 },
  );
});

test("no bytes make the parser throw, or call back after an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, inside) => {
      let failed = 0;
      const late = () => {
        expect(failed).toBe(0);
      };
      const parser = new PushParser({
        open: late,
        element: late,
        close: late,
        error: (error) => {
          expect(error).toBeInstanceOf(XmlError);
          failed++;
        },
      });
      if (inside) parser.write(HEADER);
      for (const piece of pieces(bytes, 7)) parser.write(piece);
      parser.end();
      expect(failed).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2000 },
  );
});

const character = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  fc.constantFrom(..."< > & ' \" \t \n \r ] é 🌹 \u0085 \ufffd".split(" "), " "),
);
const text = fc
  .array(character, { maxLength: 8 })
  .map((list) => list.join(""))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are not legal
  .filter((value) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(value));
const name = fc.constantFrom("a", "message", "b-1", "é", "__proto__", "constructor");
const uri = fc.constantFrom(
  "u",
  "jabber:client",
  "http://etherx.jabber.org/streams",
  "a'b<&\"",
  "",
);
const key = fc.oneof(name, fc.constant("xml:lang"), fc.constantFrom("{u}a", "{v w}b", "{a'b}c"));

const { tree } = fc.letrec<{ tree: Element }>((tie) => ({
  tree: fc
    .tuple(
      name,
      fc.option(uri, { nil: undefined }),
      fc.dictionary(key, text, { maxKeys: 4 }),
      fc.dictionary(fc.constantFrom("p", "ns1", "stream"), fc.constantFrom("u", "v w"), {
        maxKeys: 2,
      }),
      fc.array(fc.oneof({ depthSize: "small" }, text, tie("tree")), { maxLength: 4 }),
    )
    .map(([own, ns, attrs, prefixes, children]) => {
      const element = new Element(own, ns);
      for (const [name, value] of Object.entries(attrs)) element.attrs[name] = value;
      element.prefixes = prefixes;
      return element.append(...children);
    }),
}));

/** The meaning of a tree: namespaces resolved, adjacent texts joined, prefixes left out. */
function meaning(element: Element, inherited: string): unknown {
  const ns = element.ns ?? inherited;
  const children: unknown[] = [];
  for (const child of element.children) {
    if (child === "") continue;
    if (typeof child !== "string") children.push(meaning(child, ns));
    else if (typeof children.at(-1) === "string") children.push(String(children.pop()) + child);
    else children.push(child);
  }
  return [element.name, ns, { ...element.attrs }, ...children];
}

const CONTEXTS = [
  { ns: "jabber:client", prefixes: { stream: "http://etherx.jabber.org/streams" } },
  { ns: "jabber:client" },
  { ns: "", prefixes: { ns1: "other" } },
];

test("a written tree reads as the same tree, in every context", () => {
  fc.assert(
    fc.property(tree, fc.constantFrom(...CONTEXTS), (element, context) => {
      const again = parse(serialize(element, context), context);
      expect(meaning(again, context.ns)).toEqual(meaning(element, context.ns));
      for (const [prefix, meant] of Object.entries(element.prefixes)) {
        expect(again.prefixes[prefix]).toBe(meant);
      }
      // A tree that was read once is always written the same.
      expect(shape(parse(serialize(again, context), context))).toEqual(shape(again));
    }),
    { numRuns: 1000 },
  );
});

test("any text reads as it was written, or is refused", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (value, inValue) => {
      const element = new Element("a", undefined);
      if (inValue) element.attrs.b = value;
      else element.append(value);
      let written: string;
      try {
        written = serialize(element);
      } catch (error) {
        expect(error).toMatchObject({ code: "ILLEGAL_XML" });
        return;
      }
      const again = parse(written);
      expect(inValue ? again.attrs.b : again.text()).toBe(value);
    }),
    { numRuns: 2000 },
  );
});
