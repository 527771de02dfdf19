import type { Element } from "./element.ts";

/** The weight of an element beside its texts, in bytes. */
const ELEMENT = 128;

/** How much a stanza holds: about its bytes on the wire, and 128 for each element. */
export function costOf(element: Element): number {
  let cost = 0;
  const left: Element[] = [element];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    cost += ELEMENT + next.name.length;
    for (const name in next.attrs) cost += name.length + (next.attrs[name]?.length ?? 0);
    for (const child of next.children) {
      if (typeof child === "string") cost += child.length;
      else left.push(child);
    }
  }
  return cost;
}
