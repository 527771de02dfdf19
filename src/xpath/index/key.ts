import { attributeKey } from "../evaluate/place.ts";

/** One step on the way down to a key: a child, or anything below, of that name; `undefined` is any. */
export interface TrailStep {
  readonly deep: boolean;
  ns: string | undefined;
  local: string | undefined;
}

/** The way from the document down to an element. */
export type Trail = readonly TrailStep[];

/** What must hold of the value that a key looks at. */
export type Relation = "equals" | "starts-with" | "contains" | "exists";

/**
 * Something that must hold of a stanza for a filter to match: an element down a trail, with an
 * attribute or text that relates to a value in some way. Necessary, not sufficient.
 */
export interface Key {
  readonly trail: Trail;
  readonly relation: Relation;
  /** The attribute as elements hold it; the element's string-value is meant if it is left out. */
  readonly attribute?: string;
  /** What the value is compared with; `""` for `exists`. */
  readonly value: string;
}

/** Keys of which at least one must hold. */
export type Choice = readonly Key[];

const TYPE = attributeKey("", "type");
/** Attributes that most stanzas have, so that being there says little. */
const EVERYWHERE: ReadonlySet<string> = new Set(["id", "from", "to", TYPE, "xml:lang"]);
/** Elements that many stanzas have. */
const COMMON: ReadonlySet<string> = new Set(["body", "query", "error", "x"]);

/**
 * How much a key promises to leave out, from 0 (nothing) to 100. An order found by trial: `@type`
 * before a namespace, say, tries twenty times as many filters on each stanza.
 */
export function worth(key: Key): number {
  const { relation, attribute, value } = key;
  switch (relation) {
    case "equals":
      if (attribute === TYPE) return 40;
      if (attribute === "xml:lang") return 35;
      // Of a client's or a component's stanzas, most are to the same few addresses.
      if (attribute === "to") return 60;
      return attribute === undefined ? 90 : 100;
    case "starts-with":
      return value.length < 3 ? 50 : 80;
    case "contains":
      return value.length < 3 ? 45 : 70;
    case "exists":
      if (attribute !== undefined && !EVERYWHERE.has(attribute)) return 55;
      return worthOfTrail(key.trail);
  }
}

function worthOfTrail(trail: Trail): number {
  const named = trail.findLast(({ ns, local }) => ns !== undefined || local !== undefined);
  if (named === undefined) return 0;
  if (trail.length === 1 && !named.deep) return named.local === undefined ? 5 : 20;
  // The further down, the rarer.
  const depth = trail.length / 10;
  if (named.ns !== undefined) return 65 + depth;
  return depth + (COMMON.has(named.local ?? "") ? 30 : 52);
}

/** The choice that promises to leave out most; `undefined` if none leaves out anything. */
export function best(choices: readonly Choice[]): Choice | undefined {
  let found: Choice | undefined;
  let most = 0;
  for (const choice of choices) {
    const least = Math.min(...choice.map(worth));
    if (least > most) {
      most = least;
      found = choice;
    }
  }
  return found;
}

/** A key as XPath text. */
export function printKey({ trail, relation, attribute, value }: Key): string {
  const steps = trail.map(({ deep, ns, local }) => (deep ? "//" : "/") + printName(ns, local));
  const path = steps.join("");
  const what = attribute === undefined ? "." : `@${attribute}`;
  switch (relation) {
    case "exists":
      return attribute === undefined ? path : `${path}[@${attribute}]`;
    case "equals":
      return `${path}[${what} = ${quote(value)}]`;
    case "starts-with":
    case "contains":
      return `${path}[${relation}(${what}, ${quote(value)})]`;
  }
}

/** Text as a string of XPath, in the quotes that it does not hold. */
export function quote(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

/** A name as the parser resolved it: `{uri}local`; `*` is any name, no braces any namespace. */
export function printName(ns: string | undefined, local: string | undefined): string {
  return (ns === undefined ? "" : `{${ns}}`) + (local ?? "*");
}
