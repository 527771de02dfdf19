import { isQName } from "../qname.ts";
import * as characters from "./bytes/characters.ts";
import { valueEnd } from "./bytes/runs.ts";
import type { Cursor } from "./cursor.ts";
import { guessedNamespace, knownName, learnName, type Name, nameEnd } from "./names.ts";
import { StartTag } from "./start-tag.ts";
import { mustBeCut } from "./text.ts";

// Constants of this module: engines fold these, but fetch imported and exported ones at each use. That took a
// twentieth of all time.

const CLASS = characters.CLASS;
const NAME = characters.NAME;
const SPACE = characters.SPACE;
/** Stands for a place: bytes that are needed have not arrived. */
const CUT = 0;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const LT = 0x3c;
const EQUALS = 0x3d;
const GT = 0x3e;

const tag = new StartTag();

/** The start tag that was read last. There is one in the process, since no tag outlives the call that reads it. */
export const lastTag = tag;

/**
 * Reads a start tag into `tag`. Returns the place behind it, or `CUT`.
 *
 *     <message to='romeo@example.net' xmlns='jabber:client'>
 *     ^
 */
export function readStartTag(cursor: Cursor): number {
  const { slab } = cursor;
  const { bytes } = slab;
  let i = readName(cursor, cursor.at + 1);
  if (i === CUT) return CUT;
  tag.begin(cursor.name);
  for (;;) {
    const gap = i;
    while (CLASS[bytes[i] ?? 0] === SPACE) i++;
    const byte = bytes[i];
    if (byte === GT) return i + 1;
    if (i >= slab.end) return CUT;
    if (byte === SLASH) break;
    i = readAttribute(cursor, i, i > gap);
    if (i === CUT) return CUT;
  }
  if (i + 1 >= slab.end) return CUT;
  if (bytes[i + 1] !== GT) cursor.malformed("`/` without `>`", i, i + 1);
  tag.isEmpty = true;
  return i + 2;
}

/**
 * Reads an attribute into `tag`. Returns the place behind it, or `CUT`.
 *
 *     to='romeo@example.net'
 *     ^
 */
function readAttribute(cursor: Cursor, from: number, spaced: boolean): number {
  const { slab } = cursor;
  const { bytes } = slab;
  if (!spaced && ((CLASS[bytes[from] ?? 0] ?? 0) & NAME) !== 0) {
    cursor.malformed("no space before an attribute", from);
  }
  let i = readName(cursor, from);
  if (i === CUT) return CUT;
  const { name } = cursor;
  while (CLASS[bytes[i] ?? 0] === SPACE) i++;
  if (i >= slab.end) return CUT;
  if (bytes[i] !== EQUALS) cursor.malformed("an attribute without a value", i);
  i++;
  while (CLASS[bytes[i] ?? 0] === SPACE) i++;
  if (i >= slab.end) return CUT;
  const quote = bytes[i];
  if (quote !== QUOTE && quote !== APOSTROPHE) {
    return cursor.malformed("a value without quotes", i);
  }
  const start = i + 1;
  if (name.isDefault) {
    const guess = guessedNamespace(tag.element, slab, start, quote);
    if (guess !== undefined && tag.namespace === undefined) {
      tag.namespace = guess.uri;
      return start + guess.literal.length + 1;
    }
  }
  return readValue(cursor, name, start, quote);
}

/**
 * Reads the value of an attribute into `tag`. Returns the place behind the attribute, or `CUT`.
 *
 *     to='romeo@example.net'
 *         ^
 */
function readValue(cursor: Cursor, name: Name, start: number, quote: number): number {
  const { slab } = cursor;
  const i = valueEnd(slab, start, quote);
  const byte = slab.bytes[i] ?? 0;
  if (byte === quote) {
    tag.add(name, slab.text(start, i, true));
    return i + 1;
  }
  if (byte === LT) cursor.malformed("`<` in an attribute", i);
  mustBeCut(cursor, i);
  return CUT;
}

/** Reads a name into `cursor.name`. Returns the place behind it, or `CUT`. */
function readName(cursor: Cursor, from: number): number {
  const { slab } = cursor;
  const known = knownName(slab, from);
  const to = known === undefined ? nameEnd(slab.bytes, from) : from + known.literal.length;
  if (!isNameWhole(cursor, from, to)) return CUT;
  cursor.name = known ?? newName(cursor, from, to);
  return to;
}

/** Checks the length of a name. Returns whether it has come to its end. */
function isNameWhole(cursor: Cursor, from: number, to: number): boolean {
  const most = cursor.limits.name;
  if (to - from > most) cursor.exceed("name", from + most);
  if (to >= cursor.slab.end) return false;
  if (to === from) cursor.malformed("a bad name", from);
  return true;
}

function newName(cursor: Cursor, from: number, to: number): Name {
  const isAscii = cursor.checkForeign(from, to);
  const text = isAscii ? cursor.slab.ascii(from, to) : cursor.slab.utf8(from, to);
  return learnName(text, isAscii) ?? cursor.malformed("a bad name", from, to);
}

/**
 * Reads an end tag, which must end the innermost element. Returns the place behind it, or `CUT`.
 *
 *     </body>
 *     ^
 */
export function readEndTag(cursor: Cursor): number {
  const { slab } = cursor;
  const { bytes, view } = slab;
  const from = cursor.at + 2;
  const open = cursor.builder.openName;
  if (open?.isKept) {
    const { literal } = open;
    const to = from + literal.length;
    if (to < slab.end && bytes[to] === GT && literal.standsAt(view, from)) return to + 1;
  }
  return readOddEndTag(cursor, open);
}

/** Reads an end tag with a space in it, or a wrong one. */
function readOddEndTag(cursor: Cursor, open: Name | undefined): number {
  const { slab } = cursor;
  const { bytes } = slab;
  const from = cursor.at + 2;
  const to = nameEnd(bytes, from);
  if (!isNameWhole(cursor, from, to)) return CUT;
  let i = to;
  cursor.checkForeign(from, to);
  while (CLASS[bytes[i] ?? 0] === SPACE) i++;
  if (i >= slab.end) return CUT;
  if (bytes[i] !== GT) cursor.malformed("an end tag with more in it", i);
  const qualified = slab.utf8(from, to);
  if (qualified !== open?.qualified) {
    const what = isQName(qualified) ? "an end tag without its start tag" : "a bad name";
    cursor.malformed(what, cursor.at, i, "another name");
  }
  return i + 1;
}

/** Notes that a tag was cut. It is read once its end has come, so it costs no more when it comes byte by byte. */
export function keepTag(cursor: Cursor): void {
  cursor.token = "tag";
  cursor.resume = cursor.at + 1;
  cursor.quote = 0;
  hasTagEnd(cursor);
}

/**
 * Looks for the end of a tag that was cut, from where it looked last.
 *
 *     <message to='romeo@exam
 *                            ^
 */
export function hasTagEnd(cursor: Cursor): boolean {
  const { bytes, end } = cursor.slab;
  let { quote, resume: i } = cursor;
  for (; i < end; i++) {
    const byte = bytes[i];
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === GT) return true;
    else if (byte === QUOTE || byte === APOSTROPHE) quote = byte;
  }
  cursor.resume = i;
  cursor.quote = quote;
  return false;
}
