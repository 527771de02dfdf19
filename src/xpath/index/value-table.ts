import type { Relation } from "./key.ts";
import { PrefixTree } from "./prefix-tree.ts";

/**
 * Items by a condition on one attribute or text: that it exists, or that it equals, begins with or
 * contains a string. A look-up for each kind of condition finds them, however many there are.
 */
export class ValueTable<T> {
  readonly #present = new Set<T>();
  readonly #equal = new Map<string, Set<T>>();
  // These are made when they are needed: a tree is some kilobytes, and most tables have none.
  #beginnings: PrefixTree<T> | undefined;
  #parts: PrefixTree<T> | undefined;

  /** True if there is no item. */
  get isEmpty(): boolean {
    if (this.#present.size > 0 || this.#equal.size > 0) return false;
    return this.#beginnings?.isEmpty !== false && this.#parts?.isEmpty !== false;
  }

  /** Adds an item with a condition on the value. */
  add(relation: Relation, value: string, item: T): void {
    switch (relation) {
      case "exists":
        this.#present.add(item);
        return;
      case "equals": {
        const items = this.#equal.get(value);
        if (items === undefined) this.#equal.set(value, new Set([item]));
        else items.add(item);
        return;
      }
      case "starts-with":
        this.#beginnings ??= new PrefixTree();
        this.#beginnings.add(value, item);
        return;
      case "contains":
        this.#parts ??= new PrefixTree();
        this.#parts.add(value, item);
    }
  }

  /** Removes an item that was added with the same condition. */
  delete(relation: Relation, value: string, item: T): void {
    switch (relation) {
      case "exists":
        this.#present.delete(item);
        return;
      case "equals": {
        const items = this.#equal.get(value);
        if (items?.delete(item) === true && items.size === 0) this.#equal.delete(value);
        return;
      }
      case "starts-with":
        this.#beginnings?.delete(value, item);
        return;
      case "contains":
        this.#parts?.delete(value, item);
    }
  }

  /** Visits the items whose condition a value meets, perhaps several times. */
  visit(value: string, visit: (item: T) => void): void {
    if (this.#present.size > 0) for (const item of this.#present) visit(item);
    if (this.#equal.size > 0) {
      const items = this.#equal.get(value);
      if (items !== undefined) for (const item of items) visit(item);
    }
    this.#beginnings?.visitPrefixes(value, visit);
    if (this.#parts?.isEmpty === false) this.#parts.visitWithin(value, visit);
  }
}
