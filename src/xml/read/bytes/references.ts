import { isCharacter } from "./characters.ts";
import { utf8 } from "./decode.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const AMP = 0x26;
const SEMICOLON = 0x3b;

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

/** The bytes of the string that `expand` makes. Shared, since one call uses them. */
let scratch = new Uint8Array(4096);

/**
 * Makes a string of checked bytes with references or line ends. References are replaced (not in CDATA),
 * line ends are normalized (XML 1.0, 2.11), and in a value each white space becomes a space (3.3.3).
 */
export function expand(
  bytes: Uint8Array,
  from: number,
  to: number,
  { references, value }: { references: boolean; value: boolean },
): string {
  if (scratch.length < to - from) scratch = new Uint8Array(2 * (to - from));
  const out = scratch;
  let n = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === AMP && references) {
      let end = i + 2;
      while (bytes[end] !== SEMICOLON) end++;
      const code = readReference(bytes, i, end);
      if (typeof code === "number") n = encode(code, out, n);
      i = end;
    } else if (byte === CR) {
      if (i + 1 < to && bytes[i + 1] === LF) i++;
      out[n++] = value ? SPACE : LF;
    } else if (value && (byte === TAB || byte === LF)) out[n++] = SPACE;
    else out[n++] = byte;
  }
  const text = utf8(out, 0, n);
  if (scratch.length > 65_536) scratch = new Uint8Array(4096);
  return text;
}

/** Writes a code point as UTF-8, which is never longer than its reference. Returns the place behind it. */
function encode(code: number, out: Uint8Array, at: number): number {
  let n = at;
  if (code < 0x80) out[n++] = code;
  else {
    if (code < 0x800) out[n++] = 0xc0 | (code >> 6);
    else {
      if (code < 0x10000) out[n++] = 0xe0 | (code >> 12);
      else {
        out[n++] = 0xf0 | (code >> 18);
        out[n++] = 0x80 | ((code >> 12) & 0x3f);
      }
      out[n++] = 0x80 | ((code >> 6) & 0x3f);
    }
    out[n++] = 0x80 | (code & 0x3f);
  }
  return n;
}
