import * as characters from "./characters.ts";
import { readReference } from "./references.ts";
import { textStop, valueStop } from "./scan.ts";
import { FOREIGN, LINES, REFERENCES, type Slab } from "./slab.ts";

// Constants of this module, as in `tags.ts`.
const CLASS = characters.CLASS;
const SPACE = characters.SPACE;
const CR = 0x0d;
const QUOTE = 0x22;
const AMP = 0x26;
const APOSTROPHE = 0x27;
const SEMICOLON = 0x3b;
const LT = 0x3c;
const GT = 0x3e;
const CLOSE_BRACKET = 0x5d;

/** No legal reference is longer, unless it is padded with zeros. */
export const LONGEST_REFERENCE = 24;

/**
 * The end of the legal bytes of a value: its closing quote, or else the byte that is wrong, cut or missing. Notes in
 * `slab.flags` what makes a string of them.
 *
 *     to='romeo@example.net'
 *         ^                ^
 */
export function valueEnd(slab: Slab, from: number, quote: number): number {
  slab.flags = 0;
  const i = valueStop(slab.view, from);
  return slab.bytes[i] === quote ? i : oddValueEnd(slab, i, quote);
}

/** The same from a byte on that needs a closer look. */
function oddValueEnd(slab: Slab, from: number, quote: number): number {
  const { bytes, view } = slab;
  for (let i = from; ; i = valueStop(view, i)) {
    const byte = bytes[i] ?? 0;
    if (byte === quote) return i;
    if (byte === QUOTE || byte === APOSTROPHE) i++;
    else if (CLASS[byte] === SPACE) {
      slab.flags |= LINES;
      i++;
    } else {
      const after = oddEnd(slab, i, byte);
      if (after === i) return i;
      i = after;
    }
  }
}

/**
 * The end of the legal bytes of a text: the tag behind it, or else the byte that is wrong, cut or missing. `]]>` counts
 * as wrong. In a CDATA section `<` and `&` mean themselves. Notes in `slab.flags` what makes a string of them. `start`
 * is the place where the text starts.
 *
 *     <body>Romeo &amp; Juliet</body>
 *           ^                 ^
 */
export function textEnd(slab: Slab, from: number, start: number, isCdata: boolean): number {
  const i = textStop(slab.view, from);
  return slab.bytes[i] === LT && !isCdata ? i : oddTextEnd(slab, i, start, isCdata);
}

/** The same from a byte on that needs a closer look. */
function oddTextEnd(slab: Slab, from: number, start: number, isCdata: boolean): number {
  const { bytes, view } = slab;
  for (let i = from; ; i = textStop(view, i)) {
    const byte = bytes[i] ?? 0;
    if (byte === GT) {
      if (i >= start + 2 && bytes[i - 1] === CLOSE_BRACKET && bytes[i - 2] === CLOSE_BRACKET)
        return i;
      i++;
    } else if (CLASS[byte] === SPACE) {
      // Line ends seldom come alone.
      do if (bytes[i] === CR) slab.flags |= LINES;
      while (CLASS[bytes[++i] ?? 0] === SPACE);
    } else if (isCdata && (byte === LT || byte === AMP)) i++;
    else {
      const after = byte === LT ? i : oddEnd(slab, i, byte);
      if (after === i) return i;
      i = after;
    }
  }
}

/** The place behind characters beyond ASCII, or behind a reference; the same place, if they are not whole and legal. */
function oddEnd(slab: Slab, from: number, byte: number): number {
  if (byte >= 0x80) {
    slab.flags |= FOREIGN;
    return characters.foreignEnd(slab.bytes, from, slab.end);
  }
  if (byte !== AMP) return from;
  slab.flags |= REFERENCES;
  const to = referenceEnd(slab, from);
  const isLegal = typeof readReference(slab.bytes, from, to) === "number";
  return isLegal && slab.bytes[to] === SEMICOLON ? to + 1 : from;
}

/** The place of the `;` that ends a reference, or else the byte that is too many or missing. */
export function referenceEnd({ bytes, end }: Slab, from: number): number {
  const most = Math.min(end, from + LONGEST_REFERENCE);
  let to = from + 1;
  while (to < most && bytes[to] !== SEMICOLON) to++;
  return to;
}
