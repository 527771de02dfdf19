import { describe, expect, test } from "vitest";
import { type Element, xml } from "../../../src/xml/element.ts";
import { compile } from "../../../src/xpath/compile.ts";
import { FilterIndex } from "../../../src/xpath/index/filter-index.ts";

const wide = xml("message", {}, ...Array.from({ length: 999 }, () => xml("a")));

/** The steps that one evaluation may take, that filters share, and that each has at least. */
const MOST = 250_000;
const LEAST = 250;

/** The steps of a node that a dear filter visits: the node itself, and the call that counts it. */
const VISIT = 2;

/** An index of filters, some of which count the nodes that they visit. */
class Counting {
  readonly index = new FilterIndex<string>();
  readonly visits = new Map<string, number>();
  readonly failures = new Map<string, string>();

  /** Adds a filter that would visit a million nodes of the wide stanza. */
  addDear(name: string, steps?: number): void {
    const seen = (): boolean => {
      this.visits.set(name, (this.visits.get(name) ?? 0) + 1);
      return false;
    };
    const expression = "//*[boolean(seen()) or count(//*[boolean(seen())]) > 0]";
    const bound = steps === undefined ? {} : { steps };
    this.index.add(compile(expression, { functions: { seen }, ...bound }), name);
  }

  addCheap(name: string): void {
    this.index.add(compile("/message[count(a) > 1]"), name);
  }

  match(stanza: Element = wide): string[] {
    const matches = this.index.match(stanza, (error, name) => {
      this.failures.set(name, error instanceof Error ? error.message : String(error));
    });
    return matches.map(({ value }) => value);
  }

  /** The steps that one filter has taken, and that all have. */
  stepsOf(name: string): number {
    return (this.visits.get(name) ?? 0) * VISIT;
  }

  get steps(): number {
    let steps = 0;
    for (const name of this.visits.keys()) steps += this.stepsOf(name);
    return steps;
  }
}

describe("the filters of an index share the steps of a stanza", () => {
  test("one filter alone has all that an evaluation may take", () => {
    const filters = new Counting();
    filters.addDear("dear");
    expect(filters.match()).toEqual([]);
    expect(filters.steps).toBeGreaterThan(MOST * 0.9);
    expect(filters.steps).toBeLessThanOrEqual(MOST);
    expect(filters.failures.get("dear")).toContain("takes too many steps: more than 250000");
  });

  test.each([2, 10, 100, 1000])(
    "%i dear filters take twice as many steps as one at most",
    (count) => {
      const filters = new Counting();
      for (let i = 0; i < count; i++) filters.addDear(`dear ${i}`);
      expect(filters.match()).toEqual([]);
      expect(filters.failures.size).toBe(count);
      expect(filters.steps).toBeLessThanOrEqual(2 * MOST);
      expect(filters.steps).toBeGreaterThan(MOST);
    },
  );

  test("a cheap filter matches before, between and after a hundred dear ones", () => {
    const filters = new Counting();
    filters.addCheap("first");
    for (let i = 0; i < 50; i++) filters.addDear(`dear ${i}`);
    filters.addCheap("middle");
    for (let i = 50; i < 100; i++) filters.addDear(`dear ${i}`);
    filters.addCheap("last");
    expect(filters.match()).toEqual(["first", "middle", "last"]);
    expect(filters.failures.size).toBe(100);
  });

  test("each has an equal share of its own, however early the pool is empty", () => {
    const filters = new Counting();
    for (let i = 0; i < 100; i++) filters.addDear(`dear ${i}`);
    filters.match();
    const least = Math.min(...filters.visits.values()) * VISIT;
    expect(least).toBeGreaterThan((MOST / 100) * 0.9);
    expect(filters.failures.get("dear 99")).toContain(
      "more than 2500 steps, and the steps that all filters of a stanza share are used up",
    );
  });

  test("the share has a least size, also with thousands of filters", () => {
    const filters = new Counting();
    for (let i = 0; i < 3000; i++) filters.addDear(`dear ${i}`);
    filters.match();
    expect(filters.stepsOf("dear 2999")).toBeGreaterThan(LEAST * 0.9);
    expect(filters.steps).toBeLessThanOrEqual(MOST + 3000 * LEAST);
  });

  test("a bound of a filter's own holds as well, and what it leaves is there for others", () => {
    const filters = new Counting();
    filters.addDear("bounded", 1000);
    filters.addDear("dear");
    filters.match();
    expect(filters.stepsOf("bounded")).toBeLessThanOrEqual(1000);
    expect(filters.failures.get("bounded")).toContain("more than 1000 steps");
    expect(filters.stepsOf("dear")).toBeGreaterThan(MOST * 0.9);
  });

  test("the next stanza has all steps again", () => {
    const filters = new Counting();
    for (let i = 0; i < 10; i++) filters.addDear(`dear ${i}`);
    filters.match();
    const { steps } = filters;
    filters.match();
    expect(filters.steps).toBe(2 * steps);
  });

  test("a filter that matches pays for its test and for its nodes", () => {
    const filters = new FilterIndex<string>();
    filters.add(compile("//a[count(//a) > 1 and count(//a) > 2]"), "all");
    const failures: unknown[] = [];
    expect(filters.match(wide, (error) => failures.push(error))).toEqual([]);
    expect(failures).toMatchObject([{ code: "XPATH_LIMIT" }]);
  });
});

describe("a look-up goes through so much text only", () => {
  /** A stanza whose 120 elements within each other all have the same text, of 960 KB in all. */
  function nested(text: string): Element {
    let element = xml("deepest", {}, text);
    for (let depth = 0; depth < 120; depth++) element = xml("e", {}, element);
    return xml("message", {}, element);
  }

  test.each([
    ["one filter", 1],
    ["many filters", 30],
  ])("of %s: beyond it the filters are tried", (_what, count) => {
    const index = new FilterIndex<number>();
    const tried = new Set<number>();
    for (let i = 0; i < count; i++) {
      const seen = (): boolean => {
        tried.add(i);
        return true;
      };
      const expression = `//*[contains(., 'word${i} ')][boolean(seen())]`;
      index.add(compile(`//*[boolean(seen())] and ${expression}`, { functions: { seen } }), i);
    }
    expect(index.match(nested("x".repeat(10_000)), () => undefined)).toEqual([]);
    expect(tried.size).toBe(0);
    index.match(nested("x".repeat(960_000)), () => undefined);
    expect(tried.size).toBe(count);
  });

  test("a filter whose key was not looked for matches all the same", () => {
    const index = new FilterIndex<string>();
    index.add(compile("//e[contains(., 'never')]"), "never");
    index.add(compile("/message/e/e[deepest or e]"), "path");
    expect(index.match(nested("x".repeat(960_000)), () => undefined).map((m) => m.value)).toEqual([
      "path",
    ]);
  });
});
