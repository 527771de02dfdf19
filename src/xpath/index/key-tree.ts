import type { Element } from "../../xml/element.ts";
import { DEEPEST } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import type { Key, TrailStep } from "./key.ts";
import { Texts } from "./key-check.ts";
import { ValueTable } from "./value-table.ts";

/**
 * The items whose trails lead to the same elements. Its parts are made when they are needed, since a
 * thousand brokers have a thousand trees.
 */
class KeyNode<T> {
  /** Items for which it is enough that the element exists. */
  present: Set<T> | undefined;
  attributes: Map<string, ValueTable<T>> | undefined;
  text: ValueTable<T> | undefined;
  /** The next steps of longer trails: to children, and to any depth below. */
  children: StepTable<T> | undefined;
  below: StepTable<T> | undefined;

  get isEmpty(): boolean {
    if ((this.present?.size ?? 0) > 0 || (this.attributes?.size ?? 0) > 0) return false;
    if (this.text !== undefined) return false;
    return this.children?.isEmpty !== false && this.below?.isEmpty !== false;
  }

  /** Returns the node of a step from here, and makes it if there is none. */
  open(step: TrailStep): KeyNode<T> {
    const way = step.deep ? "below" : "children";
    const table = this[way] ?? new StepTable<T>();
    this[way] = table;
    return table.open(step);
  }

  /** Forgets the node of a step. */
  close(step: TrailStep): void {
    (step.deep ? this.below : this.children)?.close(step);
  }
}

/** The nodes for one local name, by namespace. */
interface Spaces<T> {
  any: KeyNode<T> | undefined;
  byNamespace: Map<string, KeyNode<T>> | undefined;
}

/** The nodes after one step down, by the name of the element. */
class StepTable<T> {
  readonly #named = new Map<string, Spaces<T>>();
  readonly #nameless: Spaces<T> = { any: undefined, byNamespace: undefined };

  get isEmpty(): boolean {
    return this.#named.size === 0 && isEmpty(this.#nameless);
  }

  /** Returns the node of a step, and makes it if there is none. */
  open({ local, ns }: TrailStep): KeyNode<T> {
    let spaces = local === undefined ? this.#nameless : this.#named.get(local);
    if (spaces === undefined) {
      spaces = { any: undefined, byNamespace: undefined };
      this.#named.set(local ?? "", spaces);
    }
    let node = ns === undefined ? spaces.any : spaces.byNamespace?.get(ns);
    if (node === undefined) {
      node = new KeyNode();
      if (ns === undefined) spaces.any = node;
      else {
        spaces.byNamespace ??= new Map();
        spaces.byNamespace.set(ns, node);
      }
    }
    return node;
  }

  /** Forgets the node of a step. */
  close({ local, ns }: TrailStep): void {
    const spaces = local === undefined ? this.#nameless : this.#named.get(local);
    if (spaces === undefined) return;
    if (ns === undefined) spaces.any = undefined;
    else spaces.byNamespace?.delete(ns);
    if (local !== undefined && isEmpty(spaces)) this.#named.delete(local);
  }

  /** Visits the nodes for an element. */
  meet(search: Search<T>, element: Element, ns: string, depth: number): void {
    if (this.#named.size > 0) {
      const spaces = this.#named.get(element.name);
      if (spaces !== undefined) meetSpaces(spaces, search, element, ns, depth);
    }
    meetSpaces(this.#nameless, search, element, ns, depth);
  }
}

function isEmpty<T>({ any, byNamespace }: Spaces<T>): boolean {
  return any === undefined && (byNamespace === undefined || byNamespace.size === 0);
}

function meetSpaces<T>(
  { any, byNamespace }: Spaces<T>,
  search: Search<T>,
  element: Element,
  ns: string,
  depth: number,
): void {
  if (any !== undefined) search.at(any, element, ns, depth);
  if (byNamespace === undefined || byNamespace.size === 0) return;
  const node = byNamespace.get(ns);
  if (node !== undefined) search.at(node, element, ns, depth);
}

/**
 * Items by key. The steps of their trails make a tree, with tables of values at its nodes. A stanza is
 * walked once along the tree, however many items there are.
 */
export class KeyTree<T> {
  readonly #root = new KeyNode<T>();

  /** True if there is no item. */
  get isEmpty(): boolean {
    return this.#root.isEmpty;
  }

  /** Adds an item under a key. */
  add(key: Key, item: T): void {
    let node = this.#root;
    for (const step of key.trail) node = node.open(step);
    const { attribute, relation, value } = key;
    if (attribute !== undefined) {
      node.attributes ??= new Map();
      let table = node.attributes.get(attribute);
      if (table === undefined) {
        table = new ValueTable();
        node.attributes.set(attribute, table);
      }
      table.add(relation, value, item);
    } else if (relation === "exists") {
      node.present ??= new Set();
      node.present.add(item);
    } else {
      node.text ??= new ValueTable();
      node.text.add(relation, value, item);
    }
  }

  /** Removes an item that was added under the same key. */
  delete(key: Key, item: T): void {
    const nodes = [this.#root];
    let node = this.#root;
    for (const step of key.trail) {
      node = node.open(step);
      nodes.push(node);
    }
    removeAt(node, key, item);
    // Empty nodes are removed, so that adding and removing items leaves nothing behind.
    for (let index = key.trail.length - 1; index >= 0; index--) {
      const step = key.trail[index];
      const parent = nodes[index];
      if (step === undefined || parent === undefined || nodes[index + 1]?.isEmpty !== true) return;
      parent.close(step);
    }
  }

  /**
   * Visits the items that have a key of a stanza, perhaps several times. Returns `false` if the stanza
   * is too deep or has too much text to look into: then any item may match.
   */
  visit(stanza: Element, visit: (item: T) => void): boolean {
    const search = new Search(visit);
    const ns = stanza.ns ?? NS.client;
    const { children, below } = this.#root;
    children?.meet(search, stanza, ns, 0);
    if (below !== undefined && !below.isEmpty) search.below(below, stanza, ns, 0);
    return !search.gaveUp;
  }
}

function removeAt<T>(node: KeyNode<T>, { attribute, relation, value }: Key, item: T): void {
  if (attribute !== undefined) {
    const table = node.attributes?.get(attribute);
    table?.delete(relation, value, item);
    if (table?.isEmpty === true) node.attributes?.delete(attribute);
  } else if (relation === "exists") node.present?.delete(item);
  else {
    node.text?.delete(relation, value, item);
    if (node.text?.isEmpty === true) node.text = undefined;
  }
}

/** The look-up of one stanza. */
class Search<T> {
  gaveUp = false;
  readonly #texts = new Texts();
  readonly #visit: (item: T) => void;

  constructor(visit: (item: T) => void) {
    this.#visit = visit;
  }

  /** Looks at an element to which the trail of a node leads. */
  at(node: KeyNode<T>, element: Element, ns: string, depth: number): void {
    const visit = this.#visit;
    const { present, attributes, children, below } = node;
    if (present !== undefined) for (const item of present) visit(item);
    if (attributes !== undefined) {
      for (const [key, table] of attributes) {
        const value: unknown = element.attrs[key];
        if (typeof value === "string") table.visit(value, visit);
      }
    }
    if (node.text !== undefined) {
      const text = this.#texts.of(element);
      if (text === undefined) this.gaveUp = true;
      else node.text.visit(text, visit);
    }
    if (children !== undefined && !children.isEmpty) {
      for (const child of element.children) {
        if (typeof child !== "string") children.meet(this, child, child.ns ?? ns, depth + 1);
      }
    }
    if (below !== undefined && !below.isEmpty) {
      for (const child of element.children) {
        if (typeof child !== "string") this.below(below, child, child.ns ?? ns, depth + 1);
      }
    }
  }

  /** Looks at an element and all elements below it. */
  below(table: StepTable<T>, element: Element, ns: string, depth: number): void {
    // Only a program can build a stanza that is deeper than parsers allow.
    if (depth > DEEPEST) {
      this.gaveUp = true;
      return;
    }
    table.meet(this, element, ns, depth);
    for (const child of element.children) {
      if (typeof child !== "string") this.below(table, child, child.ns ?? ns, depth + 1);
    }
  }
}
