import { isCharacter } from "./characters.ts";

/** The code point of a reference, or the kind of its fault. */
export type Reference = number | "syntax" | "character" | "entity";

/**
 * Reads the reference that begins at `at` and ends with the `;` at `end`. It may be wrong in its syntax,
 * stand for an illegal character, or name an entity that XMPP forbids (RFC 6120, 11.1).
 *
 *     &amp;   &#10;   &#x1F339;
 *     ^
 */
export function readReference(bytes: Uint8Array, at: number, end: number): Reference {
  const first = bytes[at + 1] ?? 0;
  if (first === 0x23) return readNumber(bytes, at + 2, end);
  const second = bytes[at + 2] ?? 0;
  const third = bytes[at + 3] ?? 0;
  const length = end - at - 1;
  if (length === 2 && second === 0x74) {
    if (first === 0x6c) return 0x3c; // lt
    if (first === 0x67) return 0x3e; // gt
  }
  if (length === 3 && first === 0x61 && second === 0x6d && third === 0x70) return 0x26; // amp
  if (length === 4) {
    const fourth = bytes[at + 4];
    if (first === 0x61 && second === 0x70 && third === 0x6f && fourth === 0x73) return 0x27; // apos
    if (first === 0x71 && second === 0x75 && third === 0x6f && fourth === 0x74) return 0x22; // quot
  }
  const digit = first >= 0x30 && first <= 0x39;
  return length === 0 || digit || first === 0x2d || first === 0x2e ? "syntax" : "entity";
}

function readNumber(bytes: Uint8Array, from: number, end: number): Reference {
  const hexadecimal = bytes[from] === 0x78;
  const base = hexadecimal ? 16 : 10;
  let i = hexadecimal ? from + 1 : from;
  if (i === end) return "syntax";
  let code = 0;
  for (; i < end; i++) {
    const digit = digitOf(bytes[i] ?? 0);
    if (digit >= base) return "syntax";
    if (code <= 0x10ffff) code = code * base + digit;
  }
  return isCharacter(code) ? code : "character";
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : 16;
}
