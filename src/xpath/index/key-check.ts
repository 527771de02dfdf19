import type { Element } from "../../xml/element.ts";
import { DEEPEST } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import { textOfNode } from "../value.ts";
import type { Choice, Key } from "./key.ts";

/**
 * The characters that a look-up of one stanza goes through: four times the largest stanza. Elements
 * within elements have the same text again, so the depth of a stanza would multiply the time.
 */
const MOST_TEXT = 2 ** 22;

/** Gives out the texts for a look-up of one stanza, up to a bound. */
export class Texts {
  #left = MOST_TEXT;

  /** Returns the string-value of an element, or `undefined` beyond the bound. */
  of(element: Element): string | undefined {
    if (this.#left < 0) return undefined;
    const text = textOf(element);
    this.#left -= text.length;
    return text;
  }
}

/**
 * Returns true if one of the keys may hold of a stanza. That is so, too, where a look-up would take
 * too long: in a stanza that is too deep, or has too much text.
 */
export function mayHold(keys: Choice, stanza: Element, texts: Texts): boolean {
  const ns = stanza.ns ?? NS.client;
  for (const key of keys) if (reaches(key, 0, stanza, ns, 0, texts)) return true;
  return false;
}

/** Returns true if a key may hold of an element or below it. `step` is the step to that element. */
function reaches(
  key: Key,
  step: number,
  element: Element,
  ns: string,
  depth: number,
  texts: Texts,
): boolean {
  const at = key.trail[step];
  if (at === undefined) return false;
  // Only a program can build a stanza that is deeper than parsers allow.
  if (at.deep && depth > DEEPEST) return true;
  const isMet =
    (at.local === undefined || at.local === element.name) && (at.ns === undefined || at.ns === ns);
  if (isMet) {
    const isLast = step + 1 === key.trail.length;
    if (isLast) {
      if (isTrueOf(key, element, texts)) return true;
    } else if (reachesBelow(key, step + 1, element, ns, depth, texts)) return true;
  }
  return at.deep && reachesBelow(key, step, element, ns, depth, texts);
}

function reachesBelow(
  key: Key,
  step: number,
  parent: Element,
  ns: string,
  depth: number,
  texts: Texts,
): boolean {
  for (const child of parent.children) {
    if (typeof child === "string") continue;
    if (reaches(key, step, child, child.ns ?? ns, depth + 1, texts)) return true;
  }
  return false;
}

function isTrueOf({ attribute, relation, value }: Key, element: Element, texts: Texts): boolean {
  if (attribute === undefined) {
    if (relation === "exists") return true;
    const text = texts.of(element);
    return text === undefined || relates(relation, text, value);
  }
  const held: unknown = element.attrs[attribute];
  return typeof held === "string" && relates(relation, held, value);
}

function relates(relation: Key["relation"], text: string, value: string): boolean {
  switch (relation) {
    case "exists":
      return true;
    case "equals":
      return text === value;
    case "starts-with":
      return text.startsWith(value);
    case "contains":
      return text.includes(value);
  }
}

/** Returns the string-value of an element. Nearly always that is its only child. */
function textOf(element: Element): string {
  const [first] = element.children;
  if (first === undefined) return "";
  return element.children.length === 1 && typeof first === "string" ? first : textOfNode(element);
}
