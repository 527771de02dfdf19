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

/** Table D.1 of RFC 3454, whole. */
const RIGHT_TO_LEFT =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]/u;

/** Table C.1.2, without the one that is mapped to nothing (B.1). */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/u;

test("each character of table D.1 is refused beside a letter, and each space of C.1.2 is a space", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code);
    // The form of a mark becomes a space and that mark, which has no direction.
    const isMark = character.normalize("NFKC").startsWith(" ");
    if (RIGHT_TO_LEFT.test(character) && !isMark) {
      expect(saslprep(`a${character}`), code.toString(16)).toBeUndefined();
    } else if (SPACES.test(character)) expect(saslprep(`a${character}b`)).toBe("a b");
  }
});
