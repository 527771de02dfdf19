import { Dictionary, EmptyDictionary, NONE } from "../dictionary.ts";
import { Element, NO_PREFIXES } from "../element.ts";
import type { XmlLimits } from "../limits.ts";
import { NS } from "../namespaces.ts";
import { textEnd, valueEnd } from "./bytes/runs.ts";
import { NO_SLAB, type Slab } from "./bytes/slab.ts";
import { guessedNamespace, knownName, knownNamespace, LONGEST_NAME, type Name } from "./names.ts";

// Constants of this module, as in `tags.ts`.
const BLANK = 0x20;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const LT = 0x3c;
const EQUALS = 0x3d;
const GT = 0x3e;

/** Stands for a place: the short way cannot read on. */
const ODD = 0;

// Beyond these a stanza is rare and is read the long way.
const MOST_ATTRIBUTES = 15;
const DEEPEST = 32;
const WAITING_KEPT = 64;

// The stanza that is being read. There is one in the process, since one call reads all of it. Variables of
// the module are faster than fields.

let slab = NO_SLAB;
let { bytes, view } = NO_SLAB;
/** The place where reading goes on. */
let at = 0;
/** The number of further elements that the limit allows. */
let left = 0;
let most = 0;
let longestTag = 0;
/** The number of the tag. It finds attributes that come twice. */
let tags = 0;
/** The default namespace of the tag. */
let namespace = "";
/** The children of the open elements that have more than two. The innermost element's are last. */
let waiting: (Element | string)[] = [];
let held = 0;

/**
 * Reads a stanza the short way. Nearly all stanzas suit it: the slab holds all of the stanza, its names
 * and namespaces are known, no name has a prefix except `xml:lang`, and each attribute has one space before
 * it and no other space stands in a tag. Returns the stanza, and sets `slab.taken` to the place behind it.
 *
 * Returns `undefined` if the stanza does not suit it, or is wrong. Nothing has changed then, and the long
 * way (`StreamParser`) reads the stanza or finds the fault. So only the long way knows errors, limits and
 * cuts. A stanza that is accepted here is accepted there too, with the same tree.
 *
 * It is fast because it never has to stop in the middle: one function calls itself for each element, and
 * engines compile that well. The long way keeps its state in objects between tokens.
 */
export function readWholeStanza(
  from: Slab,
  start: number,
  inherited: string,
  prefixes: Readonly<Record<string, string>>,
  limits: XmlLimits,
): Element | undefined {
  // No known name is longer, so no name has to be measured.
  if (limits.name < LONGEST_NAME || limits.tag < LONGEST_NAME + "</>".length) return undefined;
  slab = from;
  ({ bytes, view } = from);
  left = limits.elements;
  most = Math.min(limits.attributes, MOST_ATTRIBUTES);
  longestTag = limits.tag;
  at = start;
  const element = readElement(inherited, prefixes, Math.min(limits.depth, DEEPEST));
  slab = NO_SLAB;
  ({ bytes, view } = NO_SLAB);
  if (element === undefined) {
    waiting = [];
    held = 0;
    return undefined;
  }
  if (at - start > limits.bytes) return undefined;
  from.taken = at;
  return element;
}

/**
 * Reads an element. `depth` is the number of levels that may follow.
 *
 *     <body>Hello</body>
 *     ^
 */
function readElement(
  inherited: string,
  prefixes: Readonly<Record<string, string>>,
  depth: number,
): Element | undefined {
  const start = at;
  if (depth === 0 || --left < 0) return undefined;
  const name = knownName(slab, start + 1);
  if (name === undefined || name.prefix !== "") return undefined;
  namespace = inherited;
  const attrs = readAttributes(name, start + 1 + name.literal.length);
  if (attrs === undefined) return undefined;
  const ns = namespace;
  let i = at;
  let children: (Element | string)[];
  if (bytes[i] === SLASH) {
    if (bytes[i + 1] !== GT) return undefined;
    at = i + 2;
    children = [];
  } else {
    if (bytes[i] !== GT) return undefined;
    i++;
    const from = held;
    let first: Element | string | undefined;
    let second: Element | string | undefined;
    for (;;) {
      let child: Element | string | undefined;
      if (bytes[i] !== LT) {
        slab.flags = 0;
        const end = textEnd(slab, i, i, false);
        if (bytes[end] !== LT) return undefined;
        child = slab.text(i, end, false);
        i = end;
      } else if (bytes[i + 1] === SLASH) {
        const end = i + 2 + name.literal.length;
        if (bytes[end] !== GT || !name.literal.standsAt(view, i + 2)) return undefined;
        at = end + 1;
        break;
      } else {
        at = i;
        child = readElement(ns, NO_PREFIXES, depth - 1);
        if (child === undefined) return undefined;
        i = at;
      }
      if (first === undefined) first = child;
      else if (second === undefined) second = child;
      else {
        if (held === from) {
          waiting[held++] = first;
          waiting[held++] = second;
        }
        waiting[held++] = child;
      }
    }
    if (first === undefined) children = [];
    else if (second === undefined) children = [first];
    else if (held === from) children = [first, second];
    else children = waitedFrom(from);
  }
  const own = attrs === NONE ? new EmptyDictionary() : attrs;
  return new Element(name.local, ns, own, prefixes, children);
}

/** Takes the children that wait from there on, in an array of exactly their number. */
function waitedFrom(from: number): (Element | string)[] {
  const children = waiting.slice(from, held);
  if (from === 0 && waiting.length > WAITING_KEPT) waiting = [];
  // The taken children must not be kept alive from here.
  else for (let i = from; i < held; i++) waiting[i] = "";
  held = from;
  return children;
}

/**
 * Reads the attributes of a start tag, up to its `>` or `/`. Sets `namespace` if a default namespace is
 * declared.
 *
 *     <message to='romeo@example.net' xmlns='jabber:client'>
 *             ^
 */
function readAttributes(element: Name, from: number): Record<string, string> | undefined {
  const tag = ++tags;
  let i = from;
  let attrs = NONE;
  let count = 0;
  let declared = false;
  while (bytes[i] === BLANK) {
    i++;
    const name = knownName(slab, i);
    if (name === undefined) return undefined;
    i += name.literal.length;
    const quote = bytes[i + 1];
    if (bytes[i] !== EQUALS || (quote !== APOSTROPHE && quote !== QUOTE)) return undefined;
    const start = i + 2;
    if (name.isDefault) {
      if (declared) return undefined;
      declared = true;
      i = namespaceEnd(element, start, quote) + 1;
      if (i === ODD + 1) return undefined;
    } else {
      // The prefix `xml` always means the same. The long way sets the key when it first resolves the name.
      if (!name.plain && (name.prefix !== "xml" || name.uri === "")) return undefined;
      const end = valueEnd(slab, start, quote);
      if (bytes[end] !== quote || name.tag === tag) return undefined;
      name.tag = tag;
      if (attrs === NONE) attrs = new Dictionary();
      attrs[name.plain ? name.local : name.key] = slab.text(start, end, true);
      count++;
      i = end + 1;
    }
  }
  const after = bytes[i] === SLASH ? i + 2 : i + 1;
  if (count > most || after - from + element.literal.length + 1 > longestTag) return undefined;
  at = i;
  return attrs;
}

/**
 * Reads a default namespace: nearly always it is the last one of this element's name. Returns the place
 * of the closing quote, or `ODD`.
 */
function namespaceEnd(element: Name, start: number, quote: number): number {
  let known = guessedNamespace(element, slab, start, quote);
  if (known === undefined) {
    const end = valueEnd(slab, start, quote);
    if (bytes[end] !== quote || slab.flags !== 0) return ODD;
    known = knownNamespace(slab.ascii(start, end));
    // The namespace of `xml` must not be the default (Namespaces in XML, 3).
    if (known === undefined || known.uri === NS.xml) return ODD;
    element.namespace = known;
  }
  namespace = known.uri;
  return start + known.literal.length;
}
