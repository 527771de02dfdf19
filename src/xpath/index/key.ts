import { attributeKey } from "../evaluate/place.ts";

/** One step on the way down to a key: to a child, or if `deep` to any depth. `undefined` is any name. */
export interface TrailStep {
  readonly deep: boolean;
  ns: string | undefined;
  local: string | undefined;
}

/** The way from the document down to an element. */
export type Trail = readonly TrailStep[];

/** The condition on the value that a key looks at. */
export type Relation = "equals" | "starts-with" | "contains" | "exists";

/**
 * A condition that each stanza meets if the filter matches it: an element down a trail, with an
 * attribute or text that relates to a value. The condition is necessary, and not sufficient.
 */
export interface Key {
  readonly trail: Trail;
  readonly relation: Relation;
  /** The key of an attribute. Without it, the string-value of the element is meant. */
  readonly attribute?: string;
  /** The text to compare with; `""` for `exists`. */
  readonly value: string;
}

/** Keys of which at least one holds if the filter matches. */
export type Choice = readonly Key[];

const TYPE = attributeKey("", "type");
/** Attributes that most stanzas have. */
const EVERYWHERE: ReadonlySet<string> = new Set(["id", "from", "to", TYPE, "xml:lang"]);
/** Elements that many stanzas have. */
const COMMON: ReadonlySet<string> = new Set(["body", "query", "error", "x"]);

/**
 * Rates a key by the stanzas that it excludes, from 0 (none) to 100. The order was found by trial: with
 * `@type` rated above a namespace, twenty times as many filters were tried on each stanza.
 */
export function worth(key: Key): number {
  const { relation, attribute, value } = key;
  switch (relation) {
    case "equals":
      if (attribute === TYPE) return 40;
      if (attribute === "xml:lang") return 35;
      // Most stanzas of a client or a component are to the same few addresses.
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
  // An element further down is rarer.
  const depth = trail.length / 10;
  if (named.ns !== undefined) return 65 + depth;
  return depth + (COMMON.has(named.local ?? "") ? 30 : 52);
}

/** Returns the choice that excludes most stanzas, or `undefined` if none excludes any. */
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

/** Prints a key as XPath text. */
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

/** Puts a text into quotes that do not occur in it. */
export function quote(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

/** Prints a resolved name as `{uri}local`. `*` is any name; without braces, the namespace is any. */
export function printName(ns: string | undefined, local: string | undefined): string {
  return (ns === undefined ? "" : `{${ns}}`) + (local ?? "*");
}
