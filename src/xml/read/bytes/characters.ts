import { ILLEGAL } from "../../illegal.ts";

// Classes of bytes, to be tested with `&`.

/** White space. */
export const SPACE = 1;
/** A byte of a name, `:` included. Bytes from 0x80 on are checked as characters later. */
export const NAME = 2;

/** The class of every byte. */
export const CLASS = new Uint8Array(256);
for (const byte of [0x20, 0x09, 0x0a, 0x0d]) CLASS[byte] = SPACE;
for (let byte = 0x80; byte < 0x100; byte++) CLASS[byte] = NAME;
for (const letter of "-.0123456789:_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  CLASS[letter.charCodeAt(0)] = NAME;
}

/** True if XML allows a character (XML 1.0, 2.2). */
export function isCharacter(code: number): boolean {
  return code <= 0x10ffff && !ILLEGAL.test(String.fromCodePoint(code));
}

/** The end of legal characters beyond ASCII: the next byte of ASCII, or of a character that is cut or illegal. */
export function foreignEnd(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while ((bytes[i] ?? 0) >= 0x80) {
    const length = sequenceLength(bytes, i, end);
    if (length <= 0) return i;
    i += length;
  }
  return i;
}

/**
 * The length of the UTF-8 sequence at `at`, whose first byte is 0x80 or above. 0: it goes on after `end`.
 * Below 0: it is not legal in XML, and `-n` means that the `n`th byte shows it. The rules are those of
 * Unicode, 3.9: no overlong form, no surrogate, nothing beyond U+10FFFF.
 */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0xc2 || first > 0xf4) return -1;
  if (at + 1 >= end) return 0;
  const second = bytes[at + 1] ?? 0;
  if (first < 0xe0) return second >> 6 === 2 ? 2 : -2;
  let low = 0x80;
  let high = 0xbf;
  if (first === 0xe0) low = 0xa0;
  else if (first === 0xed) high = 0x9f;
  else if (first === 0xf0) low = 0x90;
  else if (first === 0xf4) high = 0x8f;
  if (second < low || second > high) return -2;
  if (at + 2 >= end) return 0;
  const third = bytes[at + 2] ?? 0;
  if (third >> 6 !== 2) return -3;
  // U+FFFE and U+FFFF are encoded EF BF BE and EF BF BF.
  if (first < 0xf0) return first === 0xef && second === 0xbf && third >= 0xbe ? -3 : 3;
  if (at + 3 >= end) return 0;
  return (bytes[at + 3] ?? 0) >> 6 === 2 ? 4 : -4;
}
