import { type Element, isElement, type XPathNode } from "../../xml/element.ts";
import { numberOf } from "../value.ts";
import { XPathError } from "../xpath-error.ts";
import { documentOf, type Place } from "./place.ts";

/**
 * How many steps one evaluation may take unless told otherwise: the largest stanza that the parser
 * takes by default, several times over. A step is a node visited, 64 characters of text gone through
 * or six looked at one by one; all of them take some hundredths of a second, at worst some tenths.
 */
export const MAX_STEPS = 250_000;

/** The places between two numbers in document order that an element's attributes share. */
const ATTRIBUTE_STEP = 2 ** -20;

const NONE: Set<Place> = new Set();

/** Where results go that a path hands over one by one. */
export type Sink = (place: Place, walk: Walk) => boolean;

/**
 * One stanza being evaluated on: its places, the bounds, and the position in the innermost predicate.
 * All filters of an index share one walk over a stanza, so that its tree is made once.
 */
export class Walk {
  /** The document above the stanza. */
  readonly document: Place;
  /** The context node: the stanza. */
  readonly root: Place;
  /** `position()` and `last()` of the predicate being tried. */
  position = 1;
  size = 1;
  /** What the path being walked collects. */
  found: Place[] = [];
  /** What the path being walked collects where it may pass a place twice. */
  unique = NONE;
  /** What the path being walked counts. */
  tally = 0;
  /** The text that a path stopped at. */
  kept = "";
  /** What a comparison compares the nodes of a path with. */
  operand: string | number = "";
  #expression = "";
  #steps = MAX_STEPS;
  #left = MAX_STEPS;
  #numbered = 0;
  /** Where elements are that come from outside, in variables and from functions of the caller's. */
  #known: Map<Element, Place> | undefined;

  constructor(stanza: Element) {
    this.document = documentOf(stanza);
    this.root = this.document.children[0] as Place;
  }

  /** Begins the evaluation of one expression, which may take that many steps. */
  begin(expression: string, steps: number): void {
    this.#expression = expression;
    this.#steps = steps;
    this.#left = steps;
    this.position = 1;
    this.size = 1;
  }

  /** Pays for steps; ends in `XPATH_LIMIT` when there are none left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) {
      const problem = `more than ${this.#steps} steps`;
      throw new XPathError("XPATH_LIMIT", problem, this.#expression, 0);
    }
  }

  /** Pays for going through a text, as often as told. */
  paid(text: string, times = 1): string {
    if (text.length >= 64) this.spend((text.length >> 6) * times);
    return text;
  }

  /**
   * Where a part first occurs in a text, or -1. The engine's search takes time in the product of the
   * lengths at worst, so a part of more than eight characters costs more than the text alone.
   */
  search(text: string, part: string): number {
    const places = text.length - part.length + 1;
    if (text.length >= 64 && places > 0)
      this.spend(Math.floor((places * Math.max(part.length, 8)) / 512));
    return text.indexOf(part);
  }

  /** The number that a text is, paid for. */
  number(text: string): number {
    return numberOf(this.paid(text));
  }

  /** The string-value (XPath 1.0, 5). */
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

  /** Puts places into document order, in place. */
  sort(places: Place[]): Place[] {
    if (places.length < 2) return places;
    for (const place of places) if (place.order < 0) this.#number(place);
    return places.sort((left, right) => left.order - right.order);
  }

  /** Numbers the whole tree that a place belongs to, or an attribute. */
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

  /** The places of nodes that a variable or a function of the caller's holds, each once. */
  places(nodes: readonly XPathNode[]): Place[] {
    const places = new Set<Place>();
    for (const node of nodes) {
      this.spend(1);
      const place = this.#place(node);
      if (place !== undefined) places.add(place);
    }
    return this.sort([...places]);
  }

  /** A node of this stanza has its first place in it; any other is in a document of its own. */
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

/** The next place in document order below `top`, attributes left out. */
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
