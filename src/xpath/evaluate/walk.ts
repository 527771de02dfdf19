import { type Element, isElement, type XPathNode } from "../../xml/element.ts";
import { numberOf } from "../value.ts";
import { XPathError } from "../xpath-error.ts";
import { documentOf, type Place } from "./place.ts";

/**
 * The steps that one evaluation may take by default: enough to visit the largest stanza that the
 * parser takes several times over. A step is one of these, and takes 20 to 100 ns:
 *
 * - a node that is visited, or one that is sorted;
 * - a call of a function, or a text that becomes a number;
 * - sixteen operators and operands of a predicate that has at least as many;
 * - 64 characters of a text that is gone through, six that are looked at one by one, 512 of two texts
 *   that are compared, or 512 pairs of characters that a search compares at worst.
 */
export const MAX_STEPS = 250_000;

/** The least number of steps that a filter has of its own on each stanza. */
export const LEAST_SHARE = 250;

/** The distance in document order between the attributes of an element. */
const ATTRIBUTE_STEP = 2 ** -20;

const NONE: Set<Place> = new Set();

/** A receiver of the nodes of a path. It stops the path by returning `true`. */
export type Sink = (place: Place, walk: Walk) => boolean;

/**
 * The state of evaluations on one stanza: its places, the steps that are left, the position in the
 * innermost predicate. All filters of an index share one walk, so that the tree is made once.
 *
 * They share its steps too. Each filter has an equal share of its own, and draws more from a pool that
 * all filters share. So a hundred dear filters cost as much as two, and none of them stops a cheap one.
 */
export class Walk {
  /** The document above the stanza. */
  readonly document: Place;
  /** The context node: the stanza. */
  readonly root: Place;
  /** The values of `position()` and `last()` in the current predicate. */
  position = 1;
  size = 1;
  /** The nodes that the current path collects. */
  found: Place[] = [];
  /** The nodes that the current path collects where it may pass a place twice. */
  unique = NONE;
  /** The number of nodes that the current path has counted. */
  tally = 0;
  /** The text at which a path has stopped. */
  kept = "";
  /** The value that the current comparison compares with the nodes of a path. */
  operand: string | number = "";
  #expression = "";
  /** The steps that the expression may take by its own bound. */
  #steps = MAX_STEPS;
  /** The steps that it may take on this walk, and the steps that it has left. */
  #allowed = 0;
  #left = 0;
  /** The share of each filter, and the steps that the current filter has left of its share. */
  readonly #share: number;
  #own: number;
  /** The steps that are left in the pool of all filters. */
  #pool: number;
  #numbered = 0;
  /** The places of elements from outside, in variables and results of the caller's functions. */
  #known: Map<Element, Place> | undefined;

  /** `filters` is the number of filters that share the walk. Without it, an expression has its own bound only. */
  constructor(stanza: Element, filters?: number) {
    this.document = documentOf(stanza);
    this.root = this.document.children[0] as Place;
    this.#share = filters === undefined ? Infinity : shareOf(filters);
    this.#own = this.#share;
    this.#pool = filters === undefined ? 0 : MAX_STEPS;
  }

  /** Begins with the next filter that shares the walk. */
  next(): void {
    this.#settle();
    this.#own = this.#share;
  }

  /** Begins the evaluation of one expression, with its own bound on steps. */
  begin(expression: string, steps: number): void {
    this.#settle();
    this.#expression = expression;
    this.#steps = steps;
    this.#allowed = Math.min(steps, this.#own + this.#pool);
    this.#left = this.#allowed;
    this.position = 1;
    this.size = 1;
  }

  /** Takes the steps of the last evaluation from the filter's share, and then from the pool. */
  #settle(): void {
    const taken = this.#allowed - Math.max(0, this.#left);
    const own = Math.min(taken, this.#own);
    this.#own -= own;
    this.#pool -= taken - own;
    this.#allowed = 0;
    this.#left = 0;
  }

  /** Pays for steps. Throws `XPATH_LIMIT` when there are none left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) this.#fail();
  }

  #fail(): never {
    const problem =
      this.#allowed < this.#steps
        ? `more than ${this.#allowed} steps, and the steps that all filters of a stanza share are used up`
        : `more than ${this.#steps} steps`;
    throw new XPathError("XPATH_LIMIT", problem, this.#expression, 0);
  }

  /** Pays for going through a text. */
  paid(text: string): string {
    if (text.length >= 64) this.spend(text.length >> 6);
    return text;
  }

  /** Pays for looking at each character of a text. Short texts cost too. */
  paidByCharacter(text: string): string {
    this.spend(Math.ceil(text.length / 6));
    return text;
  }

  /** Compares two texts. Only texts of the same length cost. */
  equal(left: string, right: string): boolean {
    if (left.length !== right.length) return false;
    if (left.length >= 512) this.spend(left.length >> 9);
    return left === right;
  }

  /**
   * Returns the first index of a part in a text, or -1. The engine's search takes time in the product
   * of the lengths at worst, so a part of more than eight characters costs more than the text alone.
   */
  search(text: string, part: string): number {
    const places = text.length - part.length + 1;
    if (text.length >= 64 && places > 0)
      this.spend(Math.floor((places * Math.max(part.length, 8)) / 512));
    return text.indexOf(part);
  }

  /** Converts a text to a number, paid for. */
  number(text: string): number {
    this.spend(1);
    return numberOf(this.paid(text));
  }

  /** Returns the string-value (XPath 1.0, 5), paid for. */
  text(place: Place): string {
    if (place.text !== undefined) return place.text;
    const { children } = place.element;
    const only = children[0];
    if (place.kind === "element") {
      if (only === undefined) return "";
      if (children.length === 1 && typeof only === "string") return only;
    }
    place.text = this.#gather(place.element);
    return place.text;
  }

  #gather(root: Element): string {
    let text = "";
    const stack: (Element | string)[] = [root];
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      if (typeof item === "string") {
        this.spend(1 + (item.length >> 6));
        text += item;
        continue;
      }
      this.spend(1);
      for (let index = item.children.length - 1; index >= 0; index--) {
        const child = item.children[index];
        if (child !== undefined) stack.push(child);
      }
    }
    return text;
  }

  /** Sorts a list of places by document order, and returns it. */
  sort(places: Place[]): Place[] {
    if (places.length < 2) return places;
    this.spend(places.length);
    for (const place of places) if (place.order < 0) this.#number(place);
    return places.sort((left, right) => left.order - right.order);
  }

  /** Numbers an attribute, or the whole tree of a place. */
  #number(place: Place): void {
    if (place.kind === "attribute") {
      const owner = place.parent as Place;
      if (owner.order < 0) this.#number(owner);
      place.order = owner.order + (place.index + 1) * ATTRIBUTE_STEP;
      return;
    }
    let top = place;
    while (top.parent !== undefined) top = top.parent;
    for (let next: Place | undefined = top; next !== undefined; next = following(next, top)) {
      this.spend(1);
      next.order = this.#numbered++;
    }
  }

  /** Returns the places of nodes from outside, each once. */
  places(nodes: readonly XPathNode[]): Place[] {
    const places = new Set<Place>();
    for (const node of nodes) {
      this.spend(1);
      const place = this.#place(node);
      if (place !== undefined) places.add(place);
    }
    return this.sort([...places]);
  }

  /** Returns the first place of a node in this stanza. Another node is in a document of its own. */
  #place(node: XPathNode): Place | undefined {
    if (isElement(node)) return this.#elementPlace(node);
    if (node.kind === "document") return this.#elementPlace(node.root)?.parent;
    const owner = this.#elementPlace(node.parent);
    if (node.kind === "attribute") {
      return owner?.attributes.find(({ name, ns }) => name === node.name && ns === (node.ns ?? ""));
    }
    const texts = owner?.children.filter(
      ({ kind, text }) => kind === "text" && text === node.value,
    );
    return texts?.find((text) => text.node === node) ?? texts?.[0];
  }

  #elementPlace(element: Element): Place | undefined {
    this.#known ??= this.#allElements();
    let place = this.#known.get(element);
    if (place === undefined) {
      place = documentOf(element).children[0];
      if (place !== undefined) this.#known.set(element, place);
    }
    return place;
  }

  #allElements(): Map<Element, Place> {
    const known = new Map<Element, Place>();
    for (let next: Place | undefined = this.root; next; next = following(next, this.root)) {
      this.spend(1);
      if (next.kind === "element" && !known.has(next.element)) known.set(next.element, next);
    }
    return known;
  }
}

function shareOf(filters: number): number {
  return Math.max(LEAST_SHARE, Math.floor(MAX_STEPS / filters));
}

/** Returns the next place in document order below `top`, attributes excluded. */
export function following(place: Place, top: Place): Place | undefined {
  const first = place.children[0];
  if (first !== undefined) return first;
  let up: Place = place;
  while (up !== top && up.parent !== undefined) {
    const next = up.parent.children[up.index + 1];
    if (next !== undefined) return next;
    up = up.parent;
  }
  return undefined;
}
