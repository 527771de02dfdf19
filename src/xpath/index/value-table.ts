import { indexOf } from "../evaluate/search.ts";
import type { Relation } from "./key.ts";
import { PrefixTree } from "./prefix-tree.ts";

/** Up to how many strings are looked for one by one: the engine's own search is fastest for few. */
const FEW = 8;

/**
 * What is known about one attribute, or the text, of one element: which items ask that it be there,
 * that it equal, begin with, or contain a string. One look-up each, however many ask.
 */
export class ValueTable<T> {
  /** By what is asked, then by the string: that of `exists` says nothing. */
  readonly #items: Readonly<Record<Relation, Map<string, Set<T>>>> = {
    exists: new Map(),
    equals: new Map(),
    "starts-with": new Map(),
    contains: new Map(),
  };
  /** The strings of `starts-with` and `contains` once more, for when they are many. */
  readonly #trees: { "starts-with"?: PrefixTree<T>; contains?: PrefixTree<T> } = {};

  /** Whether nothing asks for anything. */
  get isEmpty(): boolean {
    return Object.values(this.#items).every(({ size }) => size === 0);
  }

  /** Adds an item that asks for something of the value. */
  add(relation: Relation, value: string, item: T): void {
    const items = this.#items[relation].get(value);
    if (items === undefined) this.#items[relation].set(value, new Set([item]));
    else items.add(item);
    if (relation === "exists" || relation === "equals") return;
    this.#trees[relation] ??= new PrefixTree();
    this.#trees[relation].add(value, item);
  }

  /** Removes an item that was added with the same relation and value. */
  delete(relation: Relation, value: string, item: T): void {
    const items = this.#items[relation].get(value);
    if (items?.delete(item) === true && items.size === 0) this.#items[relation].delete(value);
    if (relation === "exists" || relation === "equals") return;
    this.#trees[relation]?.delete(value, item);
  }

  /** Visits the items whose wish a value fulfils, perhaps several times. */
  visit(value: string, visit: (item: T) => void): void {
    const { exists, equals, "starts-with": beginnings, contains: parts } = this.#items;
    if (exists.size > 0) for (const items of exists.values()) for (const item of items) visit(item);
    if (equals.size > 0) {
      const items = equals.get(value);
      if (items !== undefined) for (const item of items) visit(item);
    }
    if (beginnings.size > FEW) this.#trees["starts-with"]?.visitPrefixes(value, visit);
    else if (beginnings.size > 0) {
      for (const [text, items] of beginnings) {
        if (value.startsWith(text)) for (const item of items) visit(item);
      }
    }
    if (parts.size > FEW) this.#trees.contains?.visitWithin(value, visit);
    else if (parts.size > 0) {
      for (const [text, items] of parts) {
        if (indexOf(value, text) >= 0) for (const item of items) visit(item);
      }
    }
  }
}
