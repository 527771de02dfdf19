import { NO_PREFIXES } from "../dictionary.ts";
import { ILLEGAL } from "../illegal.ts";
import { escapeText, escapeValue, isGoodText, isGoodValue } from "./escape.ts";
import { declaringTagOf, type Piece, tagOf } from "./spelling.ts";

/** The members of an element that are written. (Not `Element` itself, which imports this module.) */
export interface Writable {
  readonly name: string;
  readonly ns: string | undefined;
  readonly attrs: Readonly<Record<string, string | undefined>>;
  readonly prefixes: Readonly<Record<string, string>>;
  readonly children: readonly (Writable | string)[];
}

/** True if a child has the shape of an element. A program may have put anything among the children. */
export function isWritable(child: unknown): child is Writable {
  return typeof child === "object" && child !== null && "children" in child && "attrs" in child;
}

/** The most levels that the short way writes. */
const DEEPEST = 64;

/**
 * Writes an element the short way. Nearly all stanzas suit it: all prefixes are declared above, no
 * attribute has a namespace except `xml:lang`, and nothing is illegal. It is fast because it keeps no
 * scope and no path. Returns `undefined` if the element does not suit it, or is wrong: the long way
 * (`serialize.ts`) writes the element, or finds the fault and its place.
 *
 * `inherited` is the default namespace here, and `above` are the declared prefixes. The element is added
 * to `text`, since to join strings once costs less than twice.
 */
export function plain(
  element: Writable,
  inherited: string | undefined,
  above: Readonly<Record<string, string>>,
  text = "",
  depth = 1,
): string | undefined {
  const { name, prefixes, attrs, children } = element;
  if (depth > DEEPEST) return undefined;
  if (prefixes !== NO_PREFIXES) {
    for (const prefix in prefixes) if (prefixes[prefix] !== above[prefix]) return undefined;
  }
  const ns = element.ns ?? inherited;
  if (ns !== inherited) for (const prefix in above) if (above[prefix] === ns) return undefined;
  const tag = ns === inherited ? tagOf(name) : declaringTagOf(name, ns);
  if (tag === undefined) return undefined;

  let last: Piece = tag;
  let written = text;
  // `for in` makes no list of the keys and takes a tenth of the time.
  for (const key in attrs) {
    if (!Object.hasOwn(attrs, key)) continue;
    const value: unknown = attrs[key];
    if (value === undefined || value === null) continue;
    const piece = last.before(key);
    if (piece === undefined || typeof value !== "string") return undefined;
    written += piece.text;
    if (isGoodValue(value)) written += value;
    else if (ILLEGAL.test(value)) return undefined;
    else written += escapeValue(value);
    last = piece;
  }
  if (children.length === 0) return written + (last === tag ? tag.empty : "'/>");
  written += last === tag ? tag.start : "'>";
  for (const child of children) {
    if (typeof child !== "string") {
      if (!isWritable(child)) return undefined;
      const longer = plain(child, ns, above, written, depth + 1);
      if (longer === undefined) return undefined;
      written = longer;
    } else if (isGoodText(child)) written += child;
    else if (ILLEGAL.test(child)) return undefined;
    else written += escapeText(child);
  }
  return written + tag.end;
}
