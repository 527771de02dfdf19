import { NO_PREFIXES } from "../dictionary.ts";
import { escapeText, escapeValue, ILLEGAL, isGoodText, isGoodValue } from "./escape.ts";
import { declaringTagOf, type Piece, tagOf } from "./spelling.ts";

/** What of an element is written. (It is told by its shape, since elements write themselves with this.) */
export interface Writable {
  readonly name: string;
  readonly ns: string | undefined;
  readonly attrs: Readonly<Record<string, string | undefined>>;
  readonly prefixes: Readonly<Record<string, string>>;
  readonly children: readonly (Writable | string)[];
}

/** Whether it can be looked at as an element at all: a program may have put anything among the children. */
export function isWritable(child: unknown): child is Writable {
  return typeof child === "object" && child !== null && "children" in child && "attrs" in child;
}

/** How deep the short way goes. */
const DEEPEST = 64;

/**
 * The short way to write an element, for what nearly all stanzas are: no prefixes but those declared above,
 * no attribute in a namespace but `xml:lang`, nothing illegal. It keeps neither a scope nor a path,
 * and so makes nothing but the text. `undefined`: only the long way knows how to write this, or what is
 * wrong with it and where.
 *
 * `inherited` is the default namespace here, `above` are the prefixes declared, `text` is what is written
 * already: the element is added to it, since joining once costs less than joining twice.
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
  // `for in` makes no list of the keys: a tenth of the time.
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
