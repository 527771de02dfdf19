import { describe, expect, test } from "vitest";
import { xml } from "../../../src/xml/element.ts";
import { compile } from "../../../src/xpath/compile.ts";
import { coreFunctions } from "../../../src/xpath/evaluate/functions.ts";
import { stepsOf } from "../steps.ts";

const NODES = 100;
const stanza = xml(
  "m",
  { "xmlns:p": "urn:p", "xmlns:q": "urn:q" },
  ...Array.from({ length: NODES }, (_, index) =>
    xml("a", { "{urn:p}k": "v", x: "12345678", long: "l".repeat(5120) }, `text${index % 10}`),
  ),
);

/** The steps that a predicate takes for each node, those of visiting the node left out. */
function stepsOfPredicate(predicate: string): number {
  const namespaces = { p: "urn:p" };
  const visit = stepsOf("//a[@none]", stanza, { namespaces });
  return (stepsOf(`//a[${predicate}]`, stanza, { namespaces }) - visit) / NODES;
}

/** An expression of many operands. */
function repeated(operand: string, times: number, operator: string): string {
  return Array.from({ length: times }, () => operand).join(` ${operator} `);
}

describe("a predicate pays for each node", () => {
  test.each([
    ["nothing for a small comparison", ". = 'q'", 0],
    ["nothing for a conversion", "not(string(.))", 0],
    ["a step for a function", "local-name() = 'q'", 1],
    ["a step for a function with a constant", "contains(., 'q')", 1],
    ["a step for the beginning of a text", "starts-with(., 'q')", 1],
    ["a step for a number", ". = 1", 1],
    ["a step for each number of a sum", ". + @x + . = 0", 3],
    ["a step for six characters that are replaced", "translate(., 'a', 'b') = 'q'", 2],
    ["the same for other characters", "translate(@x, 'abcdefghijkl', 'ABCDEFGHIJKL') = 'q'", 3],
    ["a step for each replacement that is not constant", "translate(., @x, @x) = 'q'", 20],
    ["a step for six characters of white space", "normalize-space(@x) = 'q'", 3],
    ["a step for each argument", "concat(@x, @x, @x) = 'q'", 3],
    ["a step for 64 characters", "string-length(@long) = 0", 81],
    ["a step for 512 characters that are compared", "@long != concat(@long, '')", 81 + 10],
    ["a step for each attribute, ancestor and prefix of a name", "name(@p:k) = 'q'", 8],
    ["a step for the ancestors of a language", "lang('de')", 4],
    ["nothing for four comparisons", repeated(". = 'q'", 4, "or"), 0],
    ["a step for five comparisons", repeated(". = 'q'", 5, "or"), 1],
    ["steps for many comparisons", repeated("@x = 'q'", 1000, "or"), 187],
    ["the same joined by and", `${repeated("@x != 'q'", 999, "and")} and . = 'q'`, 187],
    ["the same with positions", repeated("position() = 200", 1000, "or"), 187 + 1000 + 2],
  ])("%s", (_what, predicate, steps) => {
    expect(stepsOfPredicate(predicate)).toBeCloseTo(steps, 0);
  });

  // These convert or count, which is done with the path; the constants are folded.
  const free = ["boolean", "not", "string", "number", "count", "true", "false"];
  const names = Object.keys(coreFunctions).filter((name) => !free.includes(name));
  test.each(names)("at least a step for %s() of a short text", (name) => {
    const takes = coreFunctions[name]?.takes ?? [];
    const call = `${name}(${takes.map(() => ".").join(", ")})`;
    expect(stepsOfPredicate(`string(${call}) = 'q'`)).toBeGreaterThanOrEqual(1);
  });
});

// The engine's own search takes seconds for the fourth of these.
describe("a search is paid by the product of the lengths", () => {
  test.each([
    ["a short text", 60, 8, 1],
    ["a long text for a short part", 64_000, 8, 1000],
    ["a long text for a part of 32 characters", 64_000, 32, 4000],
    ["a long text for a part half as long", 64_000, 32_000, 2_000_000],
    ["a long text for a part as long", 64_000, 64_000, 125],
    ["a text for a longer part", 64_000, 64_001, 1],
  ])("%s", (_what, length, part, steps) => {
    const element = xml("a", { part: "b".repeat(part) }, "a".repeat(length));
    for (const expression of [
      "contains(., @part)",
      "contains(., $part)",
      "substring-before(., @part) = 'x'",
      "substring-after(., @part) = 'x'",
    ]) {
      const variables = { part: "b".repeat(part) };
      const taken = stepsOf(expression, element, { variables });
      expect(taken, expression).toBeGreaterThanOrEqual(steps * 0.99);
      expect(taken, expression).toBeLessThanOrEqual(steps * 1.01 + 4);
    }
  });

  test("texts made to mislead the search end in XPATH_LIMIT", () => {
    const half = "a".repeat(30_000);
    const element = xml("message", {}, xml("body", {}, "a".repeat(1_000_000)));
    const misleading = compile(`contains(body, '${half}b${half}')`);
    expect(() => misleading.test(element)).toThrow(
      expect.objectContaining({ code: "XPATH_LIMIT" }),
    );
  });
});
