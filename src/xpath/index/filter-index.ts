import { callable, record } from "../../base/check.ts";
import { type Subscription, subscription } from "../../base/subscription.ts";
import type { Element, XPathNode } from "../../xml/element.ts";
import { CompiledXPath, prepare, type XPath, type XPathOptions } from "../compile.ts";
import { Walk } from "../evaluate/walk.ts";
import { toBoolean, type XPathValue } from "../value.ts";
import { keysOf } from "./conditions.ts";
import { type Choice, printKey } from "./key.ts";
import { mayHold, Texts } from "./key-check.ts";
import { KeyTree } from "./key-tree.ts";

/** One entry that matched a stanza. */
export interface Match<T> {
  /** What the entry was added with. */
  readonly value: T;
  /** The expression that the entry was added with. */
  readonly xpath: XPath;
  /** The result of the expression, as it is. */
  readonly result: XPathValue;
  /** The nodes of a node-set in document order; none for other results. */
  readonly nodes: XPathNode[];
  /** Whether the entry has been removed since: by a handler called for an earlier match, say. */
  readonly removed: boolean;
}

/**
 * Up to how many keys are tried one by one on each stanza: a thousand brokers with a filter each would have
 * a thousand trees of tables otherwise.
 */
const FEW = 4;

/** One call of `add`. */
class Entry<T> {
  readonly value: T;
  readonly group: Group<T>;
  /** Counts the calls, for the order of matches. */
  readonly number: number;
  removed = false;

  constructor(value: T, group: Group<T>, number: number) {
    this.value = value;
    this.group = group;
    this.number = number;
  }
}

/** All entries of one compiled expression: it is looked up and evaluated once for them. */
class Group<T> {
  readonly xpath: XPath;
  /** The same, unless another copy of this package compiled it. */
  readonly compiled: CompiledXPath | undefined;
  readonly keys: Choice | undefined;
  /** Its only entry, which nearly all have, or else all of them. */
  #entries: Entry<T> | Set<Entry<T>> | undefined;
  /** The last search that came across this group, which may meet it under several keys. */
  search = 0;

  constructor(xpath: XPath) {
    this.xpath = xpath;
    this.compiled = xpath instanceof CompiledXPath ? xpath : undefined;
    this.keys = this.compiled === undefined ? undefined : keysOf(this.compiled);
  }

  /** How many keys must be tried to find it; what is tried on every stanza counts as one. */
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

/** The groups when they are many. */
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
 * What must hold of a stanza for an expression to match (an attribute's value, an element of some
 * namespace …) is its key: a stanza is tried on those expressions only whose key it has, so that
 * thousands of others cost nothing. Expressions without one are tried on every stanza.
 */
export class FilterIndex<T> {
  /** All groups, as long as they are few. */
  #few: readonly Group<T>[] = [];
  #many: Many<T> | undefined;
  #size = 0;
  #added = 0;
  #searches = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an entry; calling what it returns removes it. The same expression and the same value may be
   * added any number of times; one compiled expression added often is evaluated once for all. Ends in
   * `BAD_OPTION` for what `compile` has not made, such as the text of an expression.
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
        // What this gives has room for just its members, an array that is pushed to for sixteen more.
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
   * The entries that match, in the order they were added. The list is the caller's: adding and
   * removing entries while walking it changes nothing but `removed` of the matches concerned.
   *
   * The expressions share the steps of a stanza. Each that is tried has an equal share of 250,000
   * steps, at least 250, and draws more from 250,000 that all of them share.
   *
   * An entry whose evaluation fails (`XPATH_LIMIT`, or an error of the caller's function) does not
   * match; `failed` is told and the others go on. Without `failed` the error is thrown.
   */
  match(stanza: Element, failed?: (error: unknown, value: T) => void): Match<T>[] {
    const matches: EntryMatch<T>[] = [];
    const candidates = this.#candidates(stanza);
    if (candidates.length === 0) return matches;
    const walk = new Walk(stanza, candidates.length);
    for (const group of candidates) {
      walk.next();
      tryGroup(group, walk, matches, failed);
    }
    return matches.length > 1 ? matches.sort((left, right) => left.number - right.number) : matches;
  }

  /** The groups that have a key of this stanza, then those that have none at all. */
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
   * By which keys stanzas find an expression, or that it is tried on every stanza.
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

function tryGroup<T>(
  group: Group<T>,
  walk: Walk,
  matches: EntryMatch<T>[],
  failed: ((error: unknown, value: T) => void) | undefined,
): void {
  const { compiled } = group;
  try {
    const result = compiled
      ? compiled.matchOn(walk, group.keys !== undefined)
      : group.xpath.evaluate(walk.root.element);
    if (result !== undefined && toBoolean(result)) addMatches(group, result, matches);
  } catch (error) {
    if (failed === undefined) throw error;
    for (const { value } of group.entries) failed(error, value);
  }
}

function addMatches<T>(group: Group<T>, result: XPathValue, matches: EntryMatch<T>[]): void {
  let own = result;
  for (const entry of group.entries) {
    matches.push(new EntryMatch(entry, own));
    // The next entry's list is its own: its handler may change it.
    if (typeof result === "object") own = [...result];
  }
}
