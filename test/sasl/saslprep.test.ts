import { expect, test } from "vitest";
import { saslprep } from "../../src/sasl/saslprep.ts";

test.each([
  ["user", "user"],
  ["USER", "USER"],
  ["", ""],
  [" ~!", " ~!"],
  // The examples of RFC 4013, 3.
  ["I\u00adX", "IX"],
  ["\u00aa", "a"],
  ["\u2168", "IX"],
  ["a\u00a0b\u3000c", "a b c"],
  ["\u200b", ""],
  ["e\u0301", "\u00e9"],
  ["\u043f\u0430\u0440\u043e\u043b\u044c", "\u043f\u0430\u0440\u043e\u043b\u044c"],
  ["\u{1f511}", "\u{1f511}"],
  ["\u05d0\u05d1", "\u05d0\u05d1"],
  ["\u06271\u0628", "\u06271\u0628"],
])("%j is prepared as %j", (text, expected) => {
  expect(saslprep(text)).toBe(expected);
});

test.each([
  ["a control", "\u0007"],
  ["NUL", "a\0b"],
  ["a letter from right to left with a digit at the end", "\u06271"],
  ["letters of both directions", "\u05d0a\u05d1"],
  ["a private character", "\ue000"],
  ["a private character beyond the first plane", "\u{f0000}"],
  ["half a surrogate pair", "\ud800"],
  ["a non-character", "\u{1fffe}"],
  ["a replacement character", "\ufffd"],
  ["a mark of direction", "a\u200e"],
  ["a tag", "\u{e0041}"],
])("%s is refused", (_, text) => {
  expect(saslprep(text)).toBeUndefined();
});
