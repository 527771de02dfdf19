import * as characters from "./bytes/characters.ts";
import { readReference } from "./bytes/references.ts";
import { referenceEnd, textEnd } from "./bytes/runs.ts";
import { LINES } from "./bytes/slab.ts";
import type { Cursor } from "./cursor.ts";

// Constants of this module, as in `tags.ts`.
const CLASS = characters.CLASS;
const NAME = characters.NAME;
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

/**
 * Reads text in a stanza, or in a CDATA section, where `<` and `&` mean themselves. Returns whether it
 * was read to its end.
 *
 *     <body>Romeo &amp; Juliet</body>     <![CDATA[1 < 2]]>
 *           ^                                      ^
 */
export function readText(cursor: Cursor, cdata: boolean): boolean {
  const { at, resume, slab } = cursor;
  const isResumed = resume > at;
  slab.flags = isResumed ? cursor.flags : 0;
  const i = textEnd(slab, isResumed ? resume : at, at, cdata);
  const byte = slab.bytes[i];
  if (byte === LT) {
    takeTextTo(cursor, i);
    return true;
  }
  if (byte === GT) {
    if (!cdata) cursor.malformed("`]]>` in text", i - 2, i);
    takeTextTo(cursor, i - 2);
    cursor.at = i + 1;
    cursor.token = "none";
    return true;
  }
  mustBeCut(cursor, i);
  keepText(cursor, i);
  return false;
}

/** Fails unless a value or text is legal up to a place where bytes are missing. */
export function mustBeCut(cursor: Cursor, at: number): void {
  const { bytes, end } = cursor.slab;
  const byte = bytes[at] ?? 0;
  if (byte >= 0x80) cursor.foreignEnd(at);
  else if (byte === AMP) checkReference(cursor, at);
  else if (at < end) cursor.failCharacter(at);
}

/**
 * Keeps a text that was cut. A long one becomes a string at once. Its last bytes stay where they may
 * belong to the next: a CR before an LF, two brackets before a `>`.
 */
function keepText(cursor: Cursor, to: number): void {
  const { bytes, flags } = cursor.slab;
  let safe = to;
  while (safe > cursor.at && safe > to - 2) {
    const byte = bytes[safe - 1];
    if (byte !== CR && byte !== CLOSE_BRACKET) break;
    safe--;
  }
  let known = flags;
  if (safe - cursor.at >= FLUSH) {
    takeTextTo(cursor, safe);
    known = LINES;
  }
  cursor.resume = to;
  cursor.flags = known;
}

/** Adds the bytes up to `to` to the text of the innermost element. */
function takeTextTo(cursor: Cursor, to: number): void {
  const text = cursor.slab.text(cursor.at, to, false);
  cursor.text = cursor.text === "" ? text : cursor.text + text;
  cursor.at = to;
}

/**
 * Fails unless a reference is cut.
 *
 *     &amp;   &#10;   &#x1F339;
 *     ^
 */
function checkReference(cursor: Cursor, from: number): void {
  const { slab } = cursor;
  const to = referenceEnd(slab, from);
  for (let i = from + 1; i < to; i++) {
    const byte = slab.bytes[i] ?? 0;
    if (((CLASS[byte] ?? 0) & NAME) === 0 && (byte !== HASH || i !== from + 1)) {
      cursor.malformed("a bare `&`", from, i);
    }
  }
  if (to >= slab.end) return;
  cursor.checkForeign(from, to);
  const isLong = slab.bytes[to] !== SEMICOLON;
  const fault = isLong ? "entity" : readReference(slab.bytes, from, to);
  if (fault === "entity") cursor.fail("restricted-xml", "a reference to an entity", from, to);
  const what = fault === "syntax" ? "a bad reference" : "a reference to an illegal character";
  cursor.malformed(what, from, to);
}

/**
 * Reads the start of a CDATA section and its text. Nothing else that begins so is legal, and CDATA is
 * legal only in a stanza. Returns whether it was read to its end.
 *
 *     <![CDATA[      <!DOCTYPE      <!--
 *     ^
 */
export function readCdata(cursor: Cursor): boolean {
  const { at } = cursor;
  if (!cursor.begins(CDATA, "a comment or declaration")) return false;
  const after = at + CDATA.length;
  if (!cursor.inStanza()) cursor.failText(at, after - 1);
  cursor.at = after;
  cursor.token = "cdata";
  return readText(cursor, true);
}
