import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PrefixTree } from "../../../src/xpath/index/prefix-tree.ts";
import { ValueTable } from "../../../src/xpath/index/value-table.ts";

const words = fc.array(
  fc.string({ unit: fc.constantFrom("a", "b", "é", "𝒳"), minLength: 1, maxLength: 5 }),
  {
    maxLength: 30,
  },
);
const text = fc.string({ unit: fc.constantFrom("a", "b", "é", "𝒳"), maxLength: 40 });

function found(visit: (add: (item: number) => void) => void): number[] {
  const items = new Set<number>();
  visit((item) => items.add(item));
  return [...items].sort((left, right) => left - right);
}

function numbersOf(list: readonly string[], holds: (word: string) => boolean): number[] {
  return [...list.keys()].filter((index) => holds(list[index] ?? ""));
}

describe("a tree of beginnings", () => {
  test("finds the strings that begin a text and those within it, while some are removed", () => {
    fc.assert(
      fc.property(words, text, fc.nat(), (list, value, removed) => {
        const tree = new PrefixTree<number>();
        for (const [index, word] of list.entries()) tree.add(word, index);
        const left = list.map((word, index) => {
          if (index % 3 !== removed % 3) return word;
          tree.delete(word, index);
          return "never in the text";
        });
        const beginnings = found((add) => {
          tree.visitPrefixes(value, add);
        });
        expect(beginnings).toEqual(numbersOf(left, (word) => value.startsWith(word)));
        const parts = found((add) => {
          tree.visitWithin(value, add);
        });
        expect(parts).toEqual(numbersOf(left, (word) => value.includes(word)));
      }),
    );
  });

  test("is as empty as before once all is removed", () => {
    fc.assert(
      fc.property(words, (list) => {
        const tree = new PrefixTree<number>();
        for (const [index, word] of list.entries()) tree.add(word, index);
        for (const [index, word] of list.entries()) tree.delete(word, index);
        expect(tree.isEmpty).toBe(true);
      }),
    );
  });

  test("does not mind what was never there", () => {
    const tree = new PrefixTree<number>();
    tree.add("abc", 1);
    tree.delete("abcd", 1);
    tree.delete("x", 1);
    tree.delete("abc", 2);
    expect(
      found((add) => {
        tree.visitPrefixes("abcd", add);
      }),
    ).toEqual([1]);
  });
});

describe("a table of values", () => {
  test("finds the same whether few strings are asked for or many", () => {
    fc.assert(
      fc.property(words, text, (list, value) => {
        const table = new ValueTable<number>();
        for (const [index, word] of list.entries()) {
          table.add("starts-with", word, index);
          table.add("contains", word, index + 100);
          table.add("equals", word, index + 200);
        }
        table.add("exists", "", 300);
        expect(
          found((add) => {
            table.visit(value, add);
          }),
        ).toEqual([
          ...numbersOf(list, (word) => value.startsWith(word)),
          ...numbersOf(list, (word) => value.includes(word)).map((index) => index + 100),
          ...numbersOf(list, (word) => value === word).map((index) => index + 200),
          300,
        ]);
        for (const [index, word] of list.entries()) {
          table.delete("starts-with", word, index);
          table.delete("contains", word, index + 100);
          table.delete("equals", word, index + 200);
        }
        expect(table.isEmpty).toBe(false);
        table.delete("exists", "", 300);
        expect(table.isEmpty).toBe(true);
      }),
    );
  });
});
