import { expect, test } from "vitest";
import { isGoodText, isGoodValue } from "../../../src/xml/write/escape.ts";

/** Special characters of a value in single quotes, and of a text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const SPECIAL_IN_VALUE = /[&<'\u0000-\u001f\ud800-\udfff\ufffe\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const SPECIAL_IN_TEXT = /[&<>\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;

/** Each UTF-16 code unit, at each place of a step of four, in short strings and in long ones. */
function* strings(): Generator<string> {
  yield "";
  for (const before of ["", "a", "ab", "abc", "abcd", "a".repeat(600)]) {
    for (let unit = 0; unit < 0x10000; unit++) {
      yield before + String.fromCharCode(unit);
      if (unit < 0x80) yield `${before}${String.fromCharCode(unit)}wxyz`;
    }
  }
}

test("the quick look at a string finds what the search finds", () => {
  const disagreeing: string[] = [];
  for (const text of strings()) {
    if (isGoodValue(text) === SPECIAL_IN_VALUE.test(text)) disagreeing.push(text);
    if (isGoodText(text) === SPECIAL_IN_TEXT.test(text)) disagreeing.push(text);
  }
  expect(disagreeing).toEqual([]);
});
