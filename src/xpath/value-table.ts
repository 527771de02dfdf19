import type { Relation } from "./key.ts";
import { PrefixTree } from "./prefix-tree.ts";
import { indexOf } from "./search.ts";

/** Up to how many strings are looked for one by one: the engine's own search is fastest for few. */
const FEW = 8;

/**
 * What is known about one attribute, or the text, of one element: which items ask that it be there,
 * that it equal, begin with, or contain a string. One look-up each, however many ask.
 */
export class ValueTable<T> {
  readonly #present = new Set<T>();
  readonly #equal = new Map<string, Set<T>>();
  #beginnings: PrefixTree<T> | undefined;
  #parts: PrefixTree<T> | undefined;
  /** The strings of `#beginnings` and `#parts`, as long as they are few. */
  readonly #beginning = new Map<string, Set<T>>();
  readonly #part = new Map<string, Set<T>>();

  /** Whether nothing asks for anything. */
  get isEmpty(): boolean {
    const { size } = this.#present;
    return size + this.#equal.size + this.#beginning.size + this.#part.size === 0;
  }

  /** Adds an item that asks for something of the value. */
  add(relation: Relation, value: string, item: T): void {
    switch (relation) {
      case "exists":
        this.#present.add(item);
        return;
      case "equals":
        addTo(this.#equal, value, item);
        return;
      case "starts-with":
        addTo(this.#beginning, value, item);
        this.#beginnings ??= new PrefixTree();
        this.#beginnings.add(value, item);
        return;
      case "contains":
        addTo(this.#part, value, item);
        this.#parts ??= new PrefixTree();
        this.#parts.add(value, item);
    }
  }

  /** Removes an item that was added with the same relation and value. */
  delete(relation: Relation, value: string, item: T): void {
    switch (relation) {
      case "exists":
        this.#present.delete(item);
        return;
      case "equals":
        deleteFrom(this.#equal, value, item);
        return;
      case "starts-with":
        deleteFrom(this.#beginning, value, item);
        this.#beginnings?.delete(value, item);
        return;
      case "contains":
        deleteFrom(this.#part, value, item);
        this.#parts?.delete(value, item);
    }
  }

  /** Visits the items whose wish a value fulfils, perhaps several times. */
  visit(value: string, visit: (item: T) => void): void {
    for (const item of this.#present) visit(item);
    if (this.#equal.size > 0) {
      const equal = this.#equal.get(value);
      if (equal !== undefined) for (const item of equal) visit(item);
    }
    if (this.#beginning.size > 0) this.#visitBeginnings(value, visit);
    if (this.#part.size > 0) this.#visitParts(value, visit);
  }

  #visitBeginnings(value: string, visit: (item: T) => void): void {
    if (this.#beginning.size > FEW) {
      this.#beginnings?.visitPrefixes(value, visit);
      return;
    }
    for (const [text, items] of this.#beginning) {
      if (value.startsWith(text)) for (const item of items) visit(item);
    }
  }

  #visitParts(value: string, visit: (item: T) => void): void {
    if (this.#part.size > FEW) {
      this.#parts?.visitWithin(value, visit);
      return;
    }
    for (const [text, items] of this.#part) {
      if (indexOf(value, text) >= 0) for (const item of items) visit(item);
    }
  }
}

function addTo<T>(map: Map<string, Set<T>>, value: string, item: T): void {
  const items = map.get(value);
  if (items === undefined) map.set(value, new Set([item]));
  else items.add(item);
}

function deleteFrom<T>(map: Map<string, Set<T>>, value: string, item: T): void {
  const items = map.get(value);
  if (items?.delete(item) === true && items.size === 0) map.delete(value);
}
