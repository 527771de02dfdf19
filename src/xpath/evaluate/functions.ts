import { NS } from "../../xml/namespaces.ts";
import { type Type, trim } from "../value.ts";
import type { Place } from "./place.ts";
import type { Walk } from "./walk.ts";

/** A value during evaluation. Its nodes are places, each once and in document order. */
export type Value = readonly Place[] | string | number | boolean;

interface ValueOf {
  nodes: readonly Place[];
  string: string;
  number: number;
  boolean: boolean;
  any: Value;
}

/** A function of the core library (XPath 1.0, 4). */
export interface CoreFunction {
  readonly gives: Type;
  /** The types that its arguments are converted to; the last one repeats. */
  readonly takes: readonly Type[];
  /** The least and the greatest number of arguments. */
  readonly least: number;
  readonly most: number;
  /** True if the context node is its argument where none is given. */
  readonly context?: true;
  /** True if it depends on the position among the nodes that a predicate is tried on. */
  readonly positional?: true;
  /** True if it depends on the context node beside its arguments. */
  readonly ambient?: true;
  run(walk: Walk, node: Place, ...args: readonly Value[]): Value;
}

interface Traits {
  readonly least?: number;
  readonly most?: number;
  readonly context?: true;
  readonly positional?: true;
  readonly ambient?: true;
}

function define<Gives extends Type, Takes extends readonly Type[]>(
  gives: Gives,
  takes: readonly [...Takes],
  run: (
    walk: Walk,
    node: Place,
    ...args: { [Index in keyof Takes]: ValueOf[Takes[Index]] }
  ) => ValueOf[Gives],
  traits: Traits = {},
): CoreFunction {
  const least = traits.context ? 0 : takes.length;
  // The compiler converts each argument to the type in `takes` before the call.
  const unchecked = run as unknown as CoreFunction["run"];
  return { gives, takes, least, most: takes.length, ...traits, run: unchecked };
}

/** The 27 functions of the core library, in the order of the specification. */
export const coreFunctions: Readonly<Record<string, CoreFunction>> = {
  // 4.1, node-sets
  last: define("number", [], (walk) => walk.size, { positional: true }),
  position: define("number", [], (walk) => walk.position, { positional: true }),
  count: define("number", ["nodes"], (_walk, _node, nodes) => nodes.length),
  // Without a DTD no attribute is an ID.
  id: define("nodes", ["any"], () => []),
  "local-name": define("string", ["nodes"], (_walk, _node, [first]) => first?.name ?? "", {
    context: true,
  }),
  "namespace-uri": define("string", ["nodes"], (_walk, _node, [first]) => first?.ns ?? "", {
    context: true,
  }),
  name: define("string", ["nodes"], (walk, _node, [first]) => qualifiedName(walk, first), {
    context: true,
  }),
  // 4.2, strings
  string: define("string", ["string"], (_walk, _node, text) => text, { context: true }),
  concat: define("string", ["string", "string"], concat, { most: Infinity }),
  "starts-with": define("boolean", ["string", "string"], (walk, _node, text, start) =>
    text.startsWith(walk.paid(start)),
  ),
  contains: define(
    "boolean",
    ["string", "string"],
    (walk, _node, text, part) => walk.search(text, part) >= 0,
  ),
  "substring-before": define("string", ["string", "string"], (walk, _node, text, mark) =>
    text.slice(0, Math.max(0, walk.search(text, mark))),
  ),
  "substring-after": define("string", ["string", "string"], (walk, _node, text, mark) => {
    const at = walk.search(text, mark);
    return at < 0 ? "" : text.slice(at + mark.length);
  }),
  substring: define("string", ["string", "number", "number"], substring, { least: 2 }),
  "string-length": define(
    "number",
    ["string"],
    (walk, _node, text) => characters(walk, text).length,
    {
      context: true,
    },
  ),
  "normalize-space": define(
    "string",
    ["string"],
    (walk, _node, text) => normalizeSpace(walk.paidByCharacter(text)),
    {
      context: true,
    },
  ),
  translate: define("string", ["string", "string", "string"], (walk, _node, text, from, to) => {
    walk.spend(from.length + to.length);
    return translate(walk, text, replacements(from, to));
  }),
  // 4.3, booleans
  boolean: define("boolean", ["boolean"], (_walk, _node, value) => value),
  not: define("boolean", ["boolean"], (_walk, _node, value) => !value),
  true: define("boolean", [], () => true),
  false: define("boolean", [], () => false),
  lang: define("boolean", ["string"], (walk, node, language) => speaks(walk, node, language), {
    ambient: true,
  }),
  // 4.4, numbers
  number: define("number", ["number"], (_walk, _node, value) => value, { context: true }),
  sum: define("number", ["nodes"], (walk, _node, nodes) => {
    let total = 0;
    for (const place of nodes) total += walk.number(walk.text(place));
    return total;
  }),
  floor: define("number", ["number"], (_walk, _node, value) => Math.floor(value)),
  ceiling: define("number", ["number"], (_walk, _node, value) => Math.ceil(value)),
  // Halves go up and zero keeps its sign, in JavaScript as in XPath.
  round: define("number", ["number"], (_walk, _node, value) => Math.round(value)),
};

/**
 * Returns the name with its prefix, as far as the prefix is known. An element does not keep its
 * prefix, so its name is the local name. An attribute in a namespace gets a prefix that is bound there.
 */
function qualifiedName(walk: Walk, place: Place | undefined): string {
  if (place === undefined) return "";
  if (place.kind !== "attribute" || place.ns === "") return place.name;
  if (place.ns === NS.xml) return `xml:${place.name}`;
  for (let up = place.parent; up !== undefined; up = up.parent) {
    if (up.kind !== "element") continue;
    const prefixes = Object.entries(up.element.prefixes);
    walk.spend(1 + prefixes.length);
    for (const [prefix, ns] of prefixes) {
      if (ns === place.ns && prefix !== "") return `${prefix}:${place.name}`;
    }
  }
  return place.name;
}

function concat(walk: Walk, _node: Place, ...parts: readonly string[]): string {
  let text = "";
  for (const part of parts) {
    // Calls within calls multiply the length, so a text is paid for before it gets huge.
    text += walk.paid(part);
  }
  return text;
}

function substring(walk: Walk, _node: Place, text: string, start: number, length?: number): string {
  const units = characters(walk, text);
  const from = Math.round(start);
  const to = length === undefined ? Infinity : from + Math.round(length);
  const first = Math.max(from, 1);
  const end = Math.min(to, units.length + 1);
  // This is false for NaN too, which means "no character".
  if (!(first < end)) return "";
  const part = units.slice(first - 1, end - 1);
  return typeof part === "string" ? part : part.join("");
}

const SURROGATE = /[\uD800-\uDFFF]/;

/** Returns the characters of a text, paid for. A string serves where no character has two code units. */
function characters(walk: Walk, text: string): string | readonly string[] {
  return SURROGATE.test(walk.paid(text)) ? Array.from(walk.paidByCharacter(text)) : text;
}

function normalizeSpace(text: string): string {
  return trim(text).replace(/[ \t\r\n]+/g, " ");
}

/** The replacement of each character in `translate`; `""` removes the character. */
export type Replacements = ReadonlyMap<string, string>;

/** Makes the replacements from the second and third argument of `translate`. */
export function replacements(from: string, to: string): Replacements {
  const targets = Array.from(to);
  const map = new Map<string, string>();
  for (const [index, char] of Array.from(from).entries()) {
    if (!map.has(char)) map.set(char, targets[index] ?? "");
  }
  return map;
}

/** Replaces the characters of a text, each paid for. */
export function translate(walk: Walk, text: string, by: Replacements): string {
  let translated = "";
  for (const char of walk.paidByCharacter(text)) translated += by.get(char) ?? char;
  return translated;
}

function speaks(walk: Walk, node: Place, language: string): boolean {
  for (let up: Place | undefined = node; up !== undefined; up = up.parent) {
    walk.spend(1);
    if (up.kind !== "element") continue;
    const own = up.element.attrs["xml:lang"];
    if (own === undefined) continue;
    const wanted = walk.paid(language).toLowerCase();
    const spoken = walk.paid(own).toLowerCase();
    return spoken === wanted || spoken.startsWith(`${wanted}-`);
  }
  return false;
}
