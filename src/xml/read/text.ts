import * as characters from "./bytes/characters.ts";
import { readReference } from "./bytes/references.ts";
import { textStop } from "./bytes/scan.ts";
import { FOREIGN, LINES, REFERENCES } from "./bytes/slab.ts";
import type { Cursor } from "./cursor.ts";

// Constants of this module, as in `tags.ts`.
const CLASS = characters.CLASS;
const NAME = characters.NAME;
const SPACE = characters.SPACE;
const CUT = 0;
const CR = 0x0d;
const HASH = 0x23;
const AMP = 0x26;
const SEMICOLON = 0x3b;
const LT = 0x3c;
const GT = 0x3e;
const CLOSE_BRACKET = 0x5d;

const CDATA = "<![CDATA[";

/** An unfinished text is cut into strings of at least this many bytes, so that bytes do not pile up. */
const FLUSH = 4096;
/** No legal reference is longer, unless it is padded with zeros. */
const LONGEST_REFERENCE = 24;

/**
 * Reads text in a stanza, or in a CDATA section, where `<` and `&` mean themselves. Returns whether it
 * was read to its end.
 *
 *     <body>Romeo &amp; Juliet</body>     <![CDATA[1 < 2]]>
 *           ^                                      ^
 */
export function readText(cursor: Cursor, cdata: boolean): boolean {
  const { slab } = cursor;
  const { bytes, view } = slab;
  const start = cursor.at;
  let i = start;
  let flags = 0;
  if (cursor.resume > start) {
    i = cursor.resume;
    flags = cursor.flags;
  }
  for (;;) {
    i = textStop(view, i);
    const byte = bytes[i] ?? 0;
    if (byte === LT && !cdata) {
      takeTextTo(cursor, i, flags);
      return true;
    }
    if (byte >= 0x80) {
      flags |= FOREIGN;
      i = cursor.foreignEnd(i);
      if ((bytes[i] ?? 0) >= 0x80) break;
    } else if (byte === AMP && !cdata) {
      const after = referenceEnd(cursor, i);
      if (after === CUT) break;
      flags |= REFERENCES;
      i = after;
    } else if (byte === GT) {
      if (i >= start + 2 && bytes[i - 1] === CLOSE_BRACKET && bytes[i - 2] === CLOSE_BRACKET) {
        if (!cdata) cursor.malformed("`]]>` in text", i - 2, i);
        takeTextTo(cursor, i - 2, flags);
        cursor.at = i + 1;
        cursor.token = "none";
        return true;
      }
      i++;
    } else if (i >= slab.end) break;
    else {
      if (!characters.isCharacter(byte)) cursor.failCharacter(i);
      if (byte === CR) flags |= LINES;
      // Line ends seldom come alone.
      for (i++; CLASS[bytes[i] ?? 0] === SPACE; i++) if (bytes[i] === CR) flags |= LINES;
    }
  }
  keepText(cursor, i, flags);
  return false;
}

/**
 * Keeps a text that was cut. A long one becomes a string at once. Its last bytes stay where they may
 * belong to the next: a CR before an LF, two brackets before a `>`.
 */
function keepText(cursor: Cursor, to: number, flags: number): void {
  const { bytes } = cursor.slab;
  let safe = to;
  while (safe > cursor.at && safe > to - 2) {
    const byte = bytes[safe - 1];
    if (byte !== CR && byte !== CLOSE_BRACKET) break;
    safe--;
  }
  let known = flags;
  if (safe - cursor.at >= FLUSH) {
    takeTextTo(cursor, safe, flags);
    known = LINES;
  }
  cursor.resume = to;
  cursor.flags = known;
}

/** Adds the bytes up to `to` to the text of the innermost element. */
function takeTextTo(cursor: Cursor, to: number, flags: number): void {
  const text = cursor.slab.text(cursor.at, to, flags, false);
  cursor.text = cursor.text === "" ? text : cursor.text + text;
  cursor.at = to;
}

/**
 * Checks a reference. Returns the place behind it, or `CUT`.
 *
 *     &amp;   &#10;   &#x1F339;
 *     ^
 */
export function referenceEnd(cursor: Cursor, from: number): number {
  const { slab } = cursor;
  const { bytes } = slab;
  let i = from + 1;
  for (; bytes[i] !== SEMICOLON; i++) {
    const byte = bytes[i] ?? 0;
    if (i >= slab.end) return CUT;
    if (((CLASS[byte] ?? 0) & NAME) === 0 && (byte !== HASH || i !== from + 1)) {
      cursor.malformed("a bare `&`", from, i);
    }
    if (i - from >= LONGEST_REFERENCE) {
      cursor.fail("restricted-xml", "a reference to an entity", from, i);
    }
  }
  const reference = readReference(bytes, from, i);
  if (typeof reference === "number") return i + 1;
  cursor.checkForeign(from, i);
  switch (reference) {
    case "syntax":
      return cursor.malformed("a bad reference", from, i);
    case "character":
      return cursor.malformed("a reference to an illegal character", from, i);
    case "entity":
      return cursor.fail("restricted-xml", "a reference to an entity", from, i);
  }
}

/**
 * Reads the start of a CDATA section and its text. Nothing else that begins so is legal, and CDATA is
 * legal only in a stanza. Returns whether it was read to its end.
 *
 *     <![CDATA[      <!DOCTYPE      <!--
 *     ^
 */
export function readCdata(cursor: Cursor): boolean {
  const { slab, at } = cursor;
  for (let k = 2; k < CDATA.length; k++) {
    if (at + k >= slab.end) return false;
    if (slab.bytes[at + k] !== CDATA.charCodeAt(k)) {
      cursor.fail("restricted-xml", "a comment or declaration", at, at + k);
    }
  }
  const after = at + CDATA.length;
  if (!cursor.inStanza()) cursor.failText(at, after - 1);
  cursor.at = after;
  cursor.token = "cdata";
  return readText(cursor, true);
}
