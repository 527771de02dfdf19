import { describe, expect, test } from "vitest";
import { xml } from "../../../src/xml/element.ts";
import { compile } from "../../../src/xpath/compile.ts";
import { stepsOf } from "../steps.ts";

// The engine's own search takes seconds for the last of these.
describe("a search is paid by the product of the lengths", () => {
  test.each([
    ["a short text", 60, 8, 1],
    ["a long text for a short part", 64_000, 8, 1000],
    ["a long text for a part of 32 characters", 64_000, 32, 4000],
    ["a long text for a part half as long", 64_000, 32_000, 2_000_000],
    ["a long text for a part as long", 64_000, 64_000, 125],
    ["a text for a longer part", 64_000, 64_001, 1],
  ])("%s", (_what, length, part, steps) => {
    const stanza = xml("a", { part: "b".repeat(part) }, "a".repeat(length));
    for (const expression of [
      "contains(., @part)",
      "contains(., $part)",
      "substring-before(., @part) = 'x'",
      "substring-after(., @part) = 'x'",
    ]) {
      const variables = { part: "b".repeat(part) };
      const taken = stepsOf(expression, stanza, { variables });
      expect(taken, expression).toBeGreaterThanOrEqual(steps * 0.99);
      expect(taken, expression).toBeLessThanOrEqual(steps * 1.01 + 4);
    }
  });

  test("texts made to mislead the search end in XPATH_LIMIT", () => {
    const half = "a".repeat(30_000);
    const stanza = xml("message", {}, xml("body", {}, "a".repeat(1_000_000)));
    const misleading = compile(`contains(body, '${half}b${half}')`);
    expect(() => misleading.test(stanza)).toThrow(expect.objectContaining({ code: "XPATH_LIMIT" }));
  });
});
