import type { Element } from "../../xml/element.ts";
import { DEEPEST } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import { textOfNode } from "../value.ts";
import type { Choice, Key } from "./key.ts";

/** Whether one of the keys holds of a stanza; a stanza too deep to be looked into may have any. */
export function mayHold(keys: Choice, stanza: Element): boolean {
  const ns = stanza.ns ?? NS.client;
  for (const key of keys) if (reaches(key, 0, stanza, ns, 0)) return true;
  return false;
}

/** Whether a key holds of something that its trail leads to, the step from an element's parent being next. */
function reaches(key: Key, step: number, element: Element, ns: string, depth: number): boolean {
  const at = key.trail[step];
  if (at === undefined) return false;
  // Only a program can build what is deeper than any parser takes.
  if (at.deep && depth > DEEPEST) return true;
  const isMet =
    (at.local === undefined || at.local === element.name) && (at.ns === undefined || at.ns === ns);
  if (isMet) {
    const isLast = step + 1 === key.trail.length;
    if (isLast ? isTrueOf(key, element) : reachesBelow(key, step + 1, element, ns, depth)) {
      return true;
    }
  }
  return at.deep && reachesBelow(key, step, element, ns, depth);
}

function reachesBelow(key: Key, step: number, parent: Element, ns: string, depth: number): boolean {
  for (const child of parent.children) {
    if (typeof child === "string") continue;
    if (reaches(key, step, child, child.ns ?? ns, depth + 1)) return true;
  }
  return false;
}

function isTrueOf({ attribute, relation, value }: Key, element: Element): boolean {
  if (attribute === undefined) {
    return relation === "exists" || relates(relation, textOf(element), value);
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

/** An element's string-value, which nearly always is its only child. */
export function textOf(element: Element): string {
  const [first] = element.children;
  if (first === undefined) return "";
  return element.children.length === 1 && typeof first === "string" ? first : textOfNode(element);
}
