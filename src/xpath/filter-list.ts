import { callable, record } from "../base/check.ts";
import { type Subscription, subscription } from "../base/subscription.ts";
import type { Element, XPathNode } from "../xml/element.ts";
import { CompiledXPath, type XPath } from "./compile.ts";
import { Walk } from "./evaluate/walk.ts";
import type { FilterTable, Match } from "./filter-table.ts";
import { toBoolean, type XPathValue } from "./value.ts";

interface Entry<T> {
  readonly xpath: XPath;
  readonly value: T;
  removed: boolean;
}

class ListMatch<T> implements Match<T> {
  readonly result: XPathValue;
  readonly #entry: Entry<T>;

  constructor(entry: Entry<T>, result: XPathValue) {
    this.#entry = entry;
    this.result = result;
  }

  get value(): T {
    return this.#entry.value;
  }

  get xpath(): XPath {
    return this.#entry.xpath;
  }

  get nodes(): XPathNode[] {
    return typeof this.result === "object" ? this.result : [];
  }

  get removed(): boolean {
    return this.#entry.removed;
  }
}

/**
 * A table of filters without an index: each expression is tried on each stanza. The results are those of `FilterIndex`,
 * and the code is smaller. Its cost grows with the number of filters, so it is for programs that have few.
 */
export class FilterList<T> implements FilterTable<T> {
  #entries: readonly Entry<T>[] = [];

  /** Adds an entry, and returns a function that removes it. Throws `BAD_OPTION` for a value that is no expression. */
  add(xpath: XPath, value: T): Subscription {
    callable("xpath.evaluate", (record("xpath", xpath) as Partial<XPath>).evaluate);
    const entry: Entry<T> = { xpath, value, removed: false };
    this.#entries = [...this.#entries, entry];
    return subscription(() => {
      entry.removed = true;
      this.#entries = this.#entries.filter((other) => other !== entry);
    });
  }

  /** Returns the entries that match, in the order in which they were added. They share the steps of a stanza. */
  match(stanza: Element, failed?: (error: unknown, value: T) => void): Match<T>[] {
    const entries = this.#entries;
    const matches: Match<T>[] = [];
    if (entries.length === 0) return matches;
    const walk = new Walk(stanza, entries.length);
    for (const entry of entries) {
      const { xpath, value } = entry;
      walk.next();
      try {
        const isOwn = xpath instanceof CompiledXPath;
        const result = isOwn ? xpath.matchOn(walk, false) : xpath.evaluate(stanza);
        if (result !== undefined && toBoolean(result)) matches.push(new ListMatch(entry, result));
      } catch (error) {
        if (failed === undefined) throw error;
        failed(error, value);
      }
    }
    return matches;
  }
}
