import { expect, test } from "vitest";
import { layOut, list, wrap } from "../../src/cli/layout.ts";

test.each([
  ["one two three", 20, ["one two three"]],
  ["one two three", 8, ["one two", "three"]],
  ["one verylongword two", 8, ["one", "verylongword", "two"]],
  ["", 8, [""]],
  ["\u001b[1mone\u001b[22m two", 7, ["\u001b[1mone\u001b[22m two"]],
])("%j wraps at %i columns", (text, columns, lines) => {
  expect(wrap(text, columns)).toEqual(lines);
});

test.each([
  [["  a ", "b", "c"], 20, ["  a   b  c"]],
  [["  12.3 ms", "ready   ", "as a@b"], 20, ["  12.3 ms  ready", "    as a@b"]],
  [
    ["  12.3 ms", "ready", "as juliet of verona"],
    20,
    ["  12.3 ms  ready", "    as juliet of", "    verona"],
  ],
  [["  a long first part"], 12, ["  a long", "  first part"]],
  [["  a", ""], 12, ["  a"]],
])("%j is laid out in %i columns", (parts, columns, lines) => {
  expect(layOut(parts, columns)).toEqual(lines);
});

const rows = [
  ["a", "the first"],
  ["bcd", "the second one, which is long enough for two lines"],
] as const;

test.each([
  [40, ["  a    the first", "  bcd  the second one, which is long", "       enough for two lines"]],
  [
    32,
    [
      "  a",
      "    the first",
      "  bcd",
      "    the second one, which is",
      "    long enough for two lines",
    ],
  ],
])("a list of names in %i columns", (columns, lines) => {
  expect(list(rows, columns)).toEqual(lines);
});

test("lines below may have an indent of their own", () => {
  expect(layOut(["  a", "long enough"], 12, "      ")).toEqual([
    "  a",
    "      long",
    "      enough",
  ]);
});
