import { expect, test } from "vitest";
import { oneLine, printable } from "../../../src/base/text/printable.ts";

test.each([
  ["\u001b[2J", "\\u001b[2J"],
  ["\u0000\u0007\b\r\u001f", "\\u0000\\u0007\\u0008\\u000d\\u001f"],
  ["\u007f", "\\u007f"],
  ["\u0080\u0085\u009b31m\u009d", "\\u0080\\u0085\\u009b31m\\u009d"],
  ["\u2028\u2029", "\\u2028\\u2029"],
  ["\u061c\u200e\u200f", "\\u061c\\u200e\\u200f"],
  ["user\u202egpj.exe", "user\\u202egpj.exe"],
  [
    "\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069",
    "\\u202a\\u202b\\u202c\\u202d\\u2066\\u2067\\u2068\\u2069",
  ],
  ["two\nlines\tand a tab", "two\nlines\tand a tab"],
  ["\u05d0\u0628 é \u{1f511} \u00a0", "\u05d0\u0628 é \u{1f511} \u00a0"],
])("%j is shown as %j", (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test("every control character but newline and tab is escaped", () => {
  for (let code = 0; code < 0xa0; code++) {
    const isControl = code < 0x20 || code >= 0x7f;
    const stays = !isControl || code === 9 || code === 10;
    expect([code, printable(String.fromCharCode(code)).length === 1]).toEqual([code, stays]);
  }
});

test.each([
  ["a\n\n  b\r\nc", "a b c"],
  ["a\u2028b\u0085c", "a b\\u0085c"],
  ["\u001b[1m\u202e", "\\u001b[1m\\u202e"],
])("%j on one line is %j", (text, shown) => {
  expect(oneLine(text)).toBe(shown);
});
