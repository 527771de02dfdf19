import { describe, expect, test } from "vitest";
import type { Element } from "../../src/xml/element.ts";
import { xml } from "../../src/xml/element.ts";
import { compile, type XPath } from "../../src/xpath/compile.ts";
import { FilterList } from "../../src/xpath/filter-list.ts";
import type { FilterTable } from "../../src/xpath/filter-table.ts";
import { FilterIndex } from "../../src/xpath/index/filter-index.ts";
import { Random, randomFilter, randomTree } from "./random.ts";

const chat = xml("message", { from: "romeo@example.net", type: "chat" }, xml("body", {}, "Hello"));
const MANY = "//*".repeat(60);

/** Gives the matches of a table, and the code of each failure. */
function told(table: FilterTable<number>, stanza: Element): unknown[] {
  const failures: string[] = [];
  const matches = table.match(stanza, (error, value) => {
    failures.push(`${value}: ${(error as { code?: string }).code ?? String(error)}`);
  });
  return [matches.map(({ value, xpath, result }) => [value, xpath, result]), failures];
}

describe("a list of filters", () => {
  test("tells of random filters and stanzas what the index tells", () => {
    const random = new Random(20261127);
    const namespaces = { p: "urn:p", q: "urn:q" };
    for (let round = 0; round < 100; round++) {
      const list = new FilterList<number>();
      const index = new FilterIndex<number>();
      const undoes: (() => void)[] = [];
      for (let value = 0; value < 20; value++) {
        const xpath = compile(randomFilter(random), { namespaces });
        for (const table of [list, index]) undoes.push(table.add(xpath, value));
      }
      const { element } = randomTree(random);
      expect(told(list, element)).toEqual(told(index, element));
      for (const undo of undoes.splice(10, 6)) undo();
      expect(told(list, element)).toEqual(told(index, element));
    }
  });

  test.each([
    ["a function of the caller that throws", { throws: true }],
    ["too many steps", { throws: false }],
  ])("goes on after %s", (_, { throws }) => {
    const bad: XPath = throws
      ? { ...compile("/message"), evaluate: () => expect.fail("thrown") }
      : compile(`${MANY}[${MANY}]`);
    let deep = xml("a");
    for (let depth = 0; depth < 70; depth++) deep = xml("a", {}, deep, xml("a"));
    for (const table of [new FilterList<number>(), new FilterIndex<number>()]) {
      table.add(compile("//a"), 1);
      table.add(bad, 2);
      table.add(compile("/a"), 3);
      const failed: number[] = [];
      const matches = table.match(deep, (_error, value) => void failed.push(value));
      expect(matches.map(({ value }) => value)).toEqual([1, 3]);
      expect(failed).toEqual([2]);
      expect(() => table.match(deep)).toThrow();
    }
  });

  test("keeps each addition of one expression apart, and says which was removed meanwhile", () => {
    const list = new FilterList<number>();
    const body = compile("//body");
    const undo = list.add(body, 1);
    const other = list.add(body, 2);
    const matches = list.match(chat);
    matches[0]?.nodes.pop();
    other();
    list.add(body, 3);
    expect(matches.map(({ nodes, removed }) => [nodes.length, removed])).toEqual([
      [0, false],
      [1, true],
    ]);
    undo();
    undo();
    expect(list.match(chat).map(({ value }) => value)).toEqual([3]);
  });

  test("refuses the text of an expression", () => {
    expect(() => new FilterList().add("//body" as unknown as XPath, 1)).toThrow("xpath must be");
  });
});
