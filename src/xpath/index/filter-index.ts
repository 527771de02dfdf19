import { callable, record } from "../../base/check.ts";
import { type Subscription, subscription } from "../../base/subscription.ts";
import type { Element, XPathNode } from "../../xml/element.ts";
import { CompiledXPath, prepare, type XPath, type XPathOptions } from "../compile.ts";
import { Walk } from "../evaluate/walk.ts";
import type { FilterTable, Match } from "../filter-table.ts";
import { toBoolean, type XPathValue } from "../value.ts";
import { keysOf } from "./conditions.ts";
import { type Choice, printKey } from "./key.ts";
import { mayHold, Texts } from "./key-check.ts";
import { KeyTree } from "./key-tree.ts";

/**
 * The number of keys up to which each is tried by itself. A thousand brokers with a filter each would
 * otherwise have a thousand trees of tables.
 */
const FEW = 4;

/** One call of `add`. */
class Entry<T> {
  readonly value: T;
  readonly group: Group<T>;
  /** The number of the call, for the order of matches. */
  readonly number: number;
  removed = false;

  constructor(value: T, group: Group<T>, number: number) {
    this.value = value;
    this.group = group;
    this.number = number;
  }
}

/** All entries of one compiled expression, which is looked up and evaluated once for them. */
class Group<T> {
  readonly xpath: XPath;
  /** The same expression, or `undefined` if another copy of this package compiled it. */
  readonly compiled: CompiledXPath | undefined;
  readonly keys: Choice | undefined;
  /** The only entry, which is the usual case, or a set of all. */
  #entries: Entry<T> | Set<Entry<T>> | undefined;
  /** The number of the last search that found this group. A search may find it under several keys. */
  search = 0;

  constructor(xpath: XPath) {
    this.xpath = xpath;
    this.compiled = xpath instanceof CompiledXPath ? xpath : undefined;
    this.keys = this.compiled === undefined ? undefined : keysOf(this.compiled);
  }

  /** The number of keys to try. A group without keys is tried on every stanza, and counts as one. */
  get weight(): number {
    return this.keys?.length ?? 1;
  }

  get isEmpty(): boolean {
    const entries = this.#entries;
    return entries instanceof Set ? entries.size === 0 : entries === undefined;
  }

  get entries(): Iterable<Entry<T>> {
    const entries = this.#entries;
    if (entries instanceof Set) return entries;
    return entries === undefined ? [] : [entries];
  }

  /** The matches so far, and one more for each entry. */
  addMatches(result: XPathValue, matches: EntryMatch<T>[]): EntryMatch<T>[] {
    const entries = this.#entries;
    if (entries instanceof Set) {
      // Each entry has its own list, since a handler may change it.
      for (const entry of entries) {
        matches.push(new EntryMatch(entry, typeof result === "object" ? [...result] : result));
      }
    } else if (entries !== undefined) {
      const match = new EntryMatch(entries, result);
      // An array that is pushed to would reserve room for sixteen more.
      if (matches.length === 0) return [match];
      matches.push(match);
    }
    return matches;
  }

  add(entry: Entry<T>): void {
    const entries = this.#entries;
    if (entries === undefined) this.#entries = entry;
    else if (entries instanceof Set) entries.add(entry);
    else this.#entries = new Set([entries, entry]);
  }

  delete(entry: Entry<T>): void {
    const entries = this.#entries;
    if (entries instanceof Set) entries.delete(entry);
    else if (entries === entry) this.#entries = undefined;
  }
}

/** All groups, once they are many. */
class Many<T> {
  readonly groups = new Map<XPath, Group<T>>();
  readonly tree = new KeyTree<Group<T>>();
  /** The groups without a key. */
  readonly keyless = new Set<Group<T>>();

  add(group: Group<T>): void {
    this.groups.set(group.xpath, group);
    if (group.keys === undefined) this.keyless.add(group);
    else for (const key of group.keys) this.tree.add(key, group);
  }

  delete(group: Group<T>): void {
    this.groups.delete(group.xpath);
    if (group.keys === undefined) this.keyless.delete(group);
    else for (const key of group.keys) this.tree.delete(key, group);
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
    return this.#entry.group.xpath;
  }

  get removed(): boolean {
    return this.#entry.removed;
  }

  get number(): number {
    return this.#entry.number;
  }
}

/**
 * Many compiled expressions, matched against a stanza at once. An expression matches when XPath's
 * `boolean()` of its result is true.
 *
 * The key of an expression is a condition that each matching stanza meets: an attribute with a value,
 * an element of a namespace and so on. A stanza is tried only on expressions whose key it has, so that
 * thousands of others cost nothing. Expressions without a key are tried on every stanza.
 */
export class FilterIndex<T> implements FilterTable<T> {
  /** All groups, while they are few. */
  #few: readonly Group<T>[] = [];
  #many: Many<T> | undefined;
  #size = 0;
  #added = 0;
  #searches = 0;

  /** The number of entries. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an entry, and returns a function that removes it. The same expression and the same value may
   * be added any number of times. One compiled expression that is added often is evaluated once for
   * all. Throws `BAD_OPTION` for a value that `compile` has not made, such as the text of an expression.
   */
  add(xpath: XPath, value: T): Subscription {
    callable("xpath.evaluate", (record("xpath", xpath) as Partial<XPath>).evaluate);
    const group = this.#find(xpath) ?? this.#open(xpath);
    const entry = new Entry(value, group, this.#added++);
    group.add(entry);
    this.#size++;
    return subscription(() => {
      this.#remove(entry);
    });
  }

  #find(xpath: XPath): Group<T> | undefined {
    if (this.#many !== undefined) return this.#many.groups.get(xpath);
    return this.#few.find((group) => group.xpath === xpath);
  }

  #open(xpath: XPath): Group<T> {
    const group = new Group<T>(xpath);
    if (this.#many === undefined) {
      let weight = group.weight;
      for (const other of this.#few) weight += other.weight;
      if (weight <= FEW) {
        // `concat` makes an array of the exact size; `push` would reserve room for sixteen more.
        this.#few = this.#few.concat(group);
        return group;
      }
      this.#many = new Many();
      for (const other of this.#few) this.#many.add(other);
      this.#few = [];
    }
    this.#many.add(group);
    return group;
  }

  #remove(entry: Entry<T>): void {
    const { group } = entry;
    entry.removed = true;
    group.delete(entry);
    this.#size--;
    if (!group.isEmpty) return;
    if (this.#many === undefined) this.#few = this.#few.filter((other) => other !== group);
    else this.#many.delete(group);
  }

  /**
   * Returns the entries that match, in the order in which they were added. Adding and removing entries
   * later does not change the list, except `removed` of its matches.
   *
   * The expressions share the steps of a stanza. Each that is tried has an equal share of 250,000
   * steps, at least 250, and draws more from 250,000 that all of them share.
   *
   * An entry whose evaluation fails (`XPATH_LIMIT`, or an error of the caller's function) does not
   * match: `failed` is called and the others go on. Without `failed` the error is thrown.
   */
  match(stanza: Element, failed?: (error: unknown, value: T) => void): Match<T>[] {
    const candidates = this.#candidates(stanza);
    if (candidates.length === 0) return [];
    const walk = new Walk(stanza, candidates.length);
    let matches: EntryMatch<T>[] = [];
    for (const group of candidates) {
      walk.next();
      const result = resultOf(group, walk, failed);
      if (result !== undefined) matches = group.addMatches(result, matches);
    }
    return matches.length > 1 ? matches.sort((left, right) => left.number - right.number) : matches;
  }

  /** Returns the groups that have a key of this stanza, then the groups without keys. */
  #candidates(stanza: Element): readonly Group<T>[] {
    const many = this.#many;
    if (many === undefined) {
      const texts = new Texts();
      return this.#few.filter(({ keys }) => keys === undefined || mayHold(keys, stanza, texts));
    }
    const candidates: Group<T>[] = [];
    const search = ++this.#searches;
    const looked = many.tree.visit(stanza, (group) => {
      if (group.search === search) return;
      group.search = search;
      candidates.push(group);
    });
    if (!looked) return [...many.groups.values()];
    for (const group of many.keyless) candidates.push(group);
    return candidates;
  }

  /**
   * Describes the keys of an expression, or says that it is tried on every stanza.
   *
   * @example FilterIndex.explain("/message[@from='romeo@example.net']/body")
   * // "found by /message[@from = 'romeo@example.net']"
   */
  static explain(expression: string | XPath, options?: XPathOptions): string {
    const xpath = typeof expression === "string" ? prepare(expression, options) : expression;
    const keys = xpath instanceof CompiledXPath ? keysOf(xpath) : undefined;
    return keys === undefined
      ? "tried on every stanza"
      : `found by ${keys.map(printKey).join(" or ")}`;
  }
}

/** The result of an expression that matches. */
function resultOf<T>(
  group: Group<T>,
  walk: Walk,
  failed: ((error: unknown, value: T) => void) | undefined,
): XPathValue | undefined {
  const { compiled, keys, xpath } = group;
  try {
    const result = compiled
      ? compiled.matchOn(walk, keys !== undefined)
      : xpath.evaluate(walk.root.element);
    return result !== undefined && toBoolean(result) ? result : undefined;
  } catch (error) {
    if (failed === undefined) throw error;
    for (const { value } of group.entries) failed(error, value);
    return undefined;
  }
}
