import type { Element, XPathNode } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";

const NONE: readonly Place[] = Object.freeze([]);

/** The kinds of nodes. Comments, processing instructions and namespace nodes do not occur. */
export type PlaceKind = "document" | "element" | "attribute" | "text";

/**
 * A place in the tree of a stanza. Elements have no parent pointer, and one element may stand in
 * several places, so XPath walks over places. They are made on demand, and the object is the identity.
 * A place has its parent, its namespace and, once numbered, its number in document order.
 */
export class Place {
  readonly kind: PlaceKind;
  readonly parent: Place | undefined;
  /** The index among the parent's children (or attributes). */
  readonly index: number;
  /** The element here. An attribute or text has its owner, a document has its root. */
  readonly element: Element;
  /** The local name of an element or attribute, else `""`. */
  readonly name: string;
  /** The namespace of an element or attribute, resolved: `""` is none. */
  readonly ns: string;
  /** The value of an attribute or text. Other nodes have the string-value here, once computed. */
  text: string | undefined;
  /** The number in document order, or -1 before the walk has numbered the tree. */
  order = -1;
  #children: readonly Place[] | undefined;
  #attributes: readonly Place[] | undefined;
  #node: XPathNode | undefined;

  constructor(
    kind: PlaceKind,
    parent: Place | undefined,
    index: number,
    element: Element,
    name: string,
    ns: string,
    text: string | undefined,
  ) {
    this.kind = kind;
    this.parent = parent;
    this.index = index;
    this.element = element;
    this.name = name;
    this.ns = ns;
    this.text = text;
  }

  /** Elements and text below, in document order. Adjacent text is one node; empty text is none. */
  get children(): readonly Place[] {
    this.#children ??= this.#makeChildren();
    return this.#children;
  }

  /** The attributes of an element, in the order they stand in. */
  get attributes(): readonly Place[] {
    this.#attributes ??= this.kind === "element" ? this.#makeAttributes() : NONE;
    return this.#attributes;
  }

  /** The node that callers get for this place; always the same object. */
  get node(): XPathNode {
    if (this.kind === "element") return this.element;
    this.#node ??= this.#makeNode();
    return this.#node;
  }

  #makeChildren(): readonly Place[] {
    if (this.kind === "document") return [elementAt(this, 0, this.element)];
    const { children } = this.element;
    const [first] = children;
    if (this.kind !== "element" || first === undefined) return NONE;
    // Most elements have one child. An array that is pushed to would reserve room for sixteen more.
    if (children.length === 1 && typeof first !== "string") return [elementAt(this, 0, first)];
    const places: Place[] = [];
    let text = "";
    for (const child of children) {
      if (typeof child === "string") {
        text += child;
        continue;
      }
      if (text !== "") places.push(this.#textAt(places.length, text));
      text = "";
      places.push(elementAt(this, places.length, child));
    }
    if (text !== "") places.push(this.#textAt(places.length, text));
    return places;
  }

  #textAt(index: number, text: string): Place {
    return new Place("text", this, index, this.element, "", "", text);
  }

  #makeAttributes(): readonly Place[] {
    const places: Place[] = [];
    const { attrs } = this.element;
    for (const key of Object.keys(attrs)) {
      const place = attributeAt(this, key, places.length);
      if (place !== undefined) places.push(place);
    }
    return places;
  }

  #makeNode(): XPathNode {
    const value = this.text ?? "";
    switch (this.kind) {
      case "text":
        return { kind: "text", value, parent: this.element };
      case "attribute": {
        const node = { kind: "attribute", name: this.name, value, parent: this.element } as const;
        return this.ns === "" ? node : { ...node, ns: this.ns };
      }
      case "document":
        return { kind: "document", root: this.element };
      case "element":
        return this.element;
    }
  }
}

function elementAt(parent: Place, index: number, element: Element): Place {
  const inherited = parent.kind === "document" ? NS.client : parent.ns;
  const ns = element.ns ?? inherited;
  return new Place("element", parent, index, element, element.name, ns, undefined);
}

function attributeAt(owner: Place, key: string, index: number): Place | undefined {
  const value = owner.element.attrs[key];
  if (typeof value !== "string") return undefined;
  let ns = "";
  let name = key;
  if (key.startsWith("xml:")) {
    ns = NS.xml;
    name = key.slice(4);
  } else if (key.startsWith("{")) {
    const end = key.lastIndexOf("}");
    ns = key.slice(1, end);
    name = key.slice(end + 1);
  }
  return new Place("attribute", owner, index, owner.element, name, ns, value);
}

/** Makes the document above an element, which is its only child. */
export function documentOf(root: Element): Place {
  return new Place("document", undefined, 0, root, "", "", undefined);
}

/** Returns the key under which an element holds the attribute of a name. */
export function attributeKey(ns: string, local: string): string {
  if (ns === "") return local;
  return ns === NS.xml ? `xml:${local}` : `{${ns}}${local}`;
}
