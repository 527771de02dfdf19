import { type Subscription, subscription } from "../base/subscription.ts";
import type { Element, XPathNode } from "../xml/element.ts";
import { CompiledXPath, type XPath } from "./compiled-xpath.ts";
import { keysOf } from "./conditions.ts";
import type { Choice } from "./key.ts";
import { KeyTree } from "./key-tree.ts";
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
  readonly entries = new Set<Entry<T>>();
  /** The last search that came across this group, which may meet it under several keys. */
  search = 0;

  constructor(xpath: XPath) {
    this.xpath = xpath;
    this.compiled = xpath instanceof CompiledXPath ? xpath : undefined;
    this.keys = this.compiled && keysOf(this.compiled.tree);
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

/** What `FilterIndex` does, without what only people ask of it: a broker has no use for that. */
export class FilterTable<T> {
  readonly #groups = new Map<XPath, Group<T>>();
  readonly #tree = new KeyTree<Group<T>>();
  /** The groups without a key. */
  readonly #keyless = new Set<Group<T>>();
  #size = 0;
  #added = 0;
  #searches = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds an entry; calling what it returns removes it. The same expression and the same value may be
   * added any number of times; one compiled expression added often is evaluated once for all.
   */
  add(xpath: XPath, value: T): Subscription {
    let group = this.#groups.get(xpath);
    if (group === undefined) {
      group = new Group(xpath);
      this.#groups.set(xpath, group);
      if (group.keys === undefined) this.#keyless.add(group);
      else for (const key of group.keys) this.#tree.add(key, group);
    }
    const entry = new Entry(value, group, this.#added++);
    group.entries.add(entry);
    this.#size++;
    return subscription(() => {
      this.#remove(entry);
    });
  }

  #remove(entry: Entry<T>): void {
    const { group } = entry;
    entry.removed = true;
    group.entries.delete(entry);
    this.#size--;
    if (group.entries.size > 0) return;
    this.#groups.delete(group.xpath);
    if (group.keys === undefined) this.#keyless.delete(group);
    else for (const key of group.keys) this.#tree.delete(key, group);
  }

  /**
   * The entries that match, in the order they were added. The list is the caller's: adding and
   * removing entries while walking it changes nothing but `removed` of the matches concerned.
   *
   * An entry whose evaluation fails (`XPATH_LIMIT`, or what a function of the caller's throws) does
   * not match; `failed` is told and the others go on. Without `failed` the error is thrown.
   */
  match(stanza: Element, failed?: (error: unknown, value: T) => void): Match<T>[] {
    const candidates: Group<T>[] = [];
    const search = ++this.#searches;
    const looked = this.#tree.visit(stanza, (group) => {
      if (group.search === search) return;
      group.search = search;
      candidates.push(group);
    });
    const groups = looked ? candidates : this.#groups.values();
    const matches: EntryMatch<T>[] = [];
    if (candidates.length + this.#keyless.size === 0 && looked) return matches;
    const walk = new Walk(stanza);
    for (const group of groups) tryGroup(group, walk, matches, failed);
    if (looked) for (const group of this.#keyless) tryGroup(group, walk, matches, failed);
    return matches.length > 1 ? matches.sort((left, right) => left.number - right.number) : matches;
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
