import fc from "fast-check";
import { expect, test } from "vitest";
import { xml } from "../../../src/xml/element.ts";
import { compile } from "../../../src/xpath/compile.ts";
import { indexOf } from "../../../src/xpath/evaluate/search.ts";
import { FilterIndex } from "../../../src/xpath/index/filter-index.ts";

test("a long string is found in a long text where it first occurs, or not at all", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, fc.nat(40), (one, other, turns) => {
      const part = (one.repeat(turns) + other).repeat(60);
      const text = one.repeat(200_000 / one.length) + part + other.repeat(200);
      expect(indexOf(text, part)).toBe(text.indexOf(part));
      expect(indexOf(text, `${part}c`)).toBe(-1);
    }),
    { numRuns: 20 },
  );
  expect(indexOf("a".repeat(3000), "a".repeat(3001))).toBe(-1);
  expect(indexOf("abc", "")).toBe(0);
});

// With a search that takes time in the product of the lengths, this would take a minute.
test("texts made to mislead the search are gone through in linear time", () => {
  const half = "a".repeat(30_000);
  const stanza = xml("message", {}, xml("body", {}, "a".repeat(1_000_000)));
  const misleading = compile(`contains(body, '${half}b${half}')`);
  expect(misleading.test(stanza)).toBe(false);
  const index = new FilterIndex<number>();
  for (let i = 0; i < 20; i++) {
    index.add(compile(`contains(body, '${half}b${half.slice(i * 100)}')`), i);
  }
  index.add(compile(`contains(body, '${half.slice(0, 20_000)}')`), 20);
  expect(index.match(stanza).map(({ value }) => value)).toEqual([20]);
});
