import { type Subscription, subscription } from "../base/subscription.ts";
import type { Element } from "../xml/element.ts";
import type { XPathNode } from "../xml/node.ts";
import { CompiledXPath, type XPath } from "./compile.ts";
import { toBoolean, type XPathValue } from "./value.ts";
import { Walk } from "./walk.ts";

/** One entry that matched a stanza. */
export interface Match<T> {
  /** What the entry was added with. */
  readonly value: T;
  readonly xpath: XPath;
  /** The result of the expression, as it is. */
  readonly result: XPathValue;
  /** The nodes of a node-set in document order; none for other results. */
  readonly nodes: XPathNode[];
  /** Whether the entry has been removed since: by a handler called for an earlier match, say. */
  readonly removed: boolean;
}

class Entry<T> {
  readonly xpath: XPath;
  readonly value: T;
  removed = false;

  constructor(xpath: XPath, value: T) {
    this.xpath = xpath;
    this.value = value;
  }
}

class EntryMatch<T> implements Match<T> {
  readonly result: XPathValue;
  readonly nodes: XPathNode[];
  readonly #entry: Entry<T>;

  constructor(entry: Entry<T>, result: XPathValue) {
    this.#entry = entry;
    this.result = result;
    this.nodes = typeof result === "object" ? result : [];
  }

  get value(): T {
    return this.#entry.value;
  }

  get xpath(): XPath {
    return this.#entry.xpath;
  }

  get removed(): boolean {
    return this.#entry.removed;
  }
}

/**
 * Many compiled expressions, matched against a stanza at once. An expression matches when XPath's
 * `boolean()` of its result is true.
 */
export class FilterIndex<T> {
  readonly #entries = new Set<Entry<T>>();

  /** How many entries there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Adds an entry; the same expression and the same value may be added any number of times. */
  add(xpath: XPath, value: T): Subscription {
    const entry = new Entry(xpath, value);
    this.#entries.add(entry);
    return subscription(() => {
      entry.removed = true;
      this.#entries.delete(entry);
    });
  }

  /**
   * The entries that match, in the order they were added. The list is the caller's: adding and
   * removing entries while walking it changes nothing but `removed` of the matches concerned.
   *
   * An entry whose evaluation fails (`XPATH_LIMIT`, or what a function of the caller's throws) does
   * not match; `failed` is told and the others go on. Without `failed` the error is thrown.
   */
  match(stanza: Element, failed?: (error: unknown, value: T) => void): Match<T>[] {
    const matches: Match<T>[] = [];
    const walk = new Walk(stanza);
    for (const entry of this.#entries) {
      try {
        const result = resultOn(entry.xpath, walk);
        if (result !== undefined) matches.push(new EntryMatch(entry, result));
      } catch (error) {
        if (failed === undefined) throw error;
        failed(error, entry.value);
      }
    }
    return matches;
  }

  /** By which key stanzas find the expression, or why it is tried on every stanza. */
  explain(expression: string | XPath): string {
    const text = typeof expression === "string" ? expression : expression.expression;
    return `${text} is tried on every stanza`;
  }
}

function resultOn(xpath: XPath, walk: Walk): XPathValue | undefined {
  if (xpath instanceof CompiledXPath) {
    return xpath.testOn(walk) ? xpath.evaluateOn(walk) : undefined;
  }
  // Compiled by another copy of this package.
  const value = xpath.evaluate(walk.root.element);
  return toBoolean(value) ? value : undefined;
}
