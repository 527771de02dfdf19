import { badOption } from "../base/check.ts";
import { Dictionary, NO_PREFIXES } from "./dictionary.ts";
import { NS } from "./namespaces.ts";
import { mustNotBeDeeper, serialize } from "./write/serialize.ts";

export { Dictionary, NO_PREFIXES } from "./dictionary.ts";

/** Recognizes elements across copies of this package, where `instanceof` cannot. */
const ELEMENT = Symbol.for("xmpp-broker.element");

/** An attribute, as XPath selects it. `ns` is undefined for an attribute in no namespace. */
export interface AttributeNode {
  /** Tells it from the other nodes. */
  readonly kind: "attribute";
  /** The local name. */
  readonly name: string;
  /** The namespace, if it is in one. */
  readonly ns?: string | undefined;
  /** The value, references resolved. */
  readonly value: string;
  /** The element that has it. */
  readonly parent: Element;
}

/** A run of text, as XPath selects it. */
export interface TextNode {
  /** Tells it from the other nodes. */
  readonly kind: "text";
  /** The text, references resolved. */
  readonly value: string;
  /** The element that it stands in. */
  readonly parent: Element;
}

/** The document above a stanza: its only child is the stanza. */
export interface DocumentNode {
  /** Tells it from the other nodes. */
  readonly kind: "document";
  /** The stanza. */
  readonly root: Element;
}

/** What a path selects. */
export type XPathNode = Element | AttributeNode | TextNode | DocumentNode;

/** What an element may be given as a child. */
export type Child = Element | XPathNode | string | number | null | undefined;

/** What an element may be given as attributes; `undefined` and `null` are left out. */
export type AttributesInit = Readonly<Record<string, string | number | null | undefined>>;

/**
 * An XML element. `name` is the local name and `ns` the namespace: prefixes are spelling, not
 * identity. It holds no pointer to its parent, so one subtree may stand in several trees.
 */
export class Element {
  /** The local name. */
  name: string;
  /** The namespace name; `""` is none, `undefined` (only in built elements) means "as the parent". */
  ns: string | undefined;
  /**
   * Attributes by local name; those in a namespace as `xml:lang` or `{uri}local`. An attribute that is
   * undefined does not exist: nothing writes it or finds it.
   */
  attrs: Record<string, string | undefined>;
  /** The namespace prefixes declared here (at a received stanza, those of the stream header too). */
  prefixes: Readonly<Record<string, string>>;
  /** Elements and text, in document order. */
  children: (Element | string)[];

  constructor(
    name: string,
    ns: string | undefined,
    attrs: Record<string, string | undefined> = new Dictionary(),
    prefixes: Readonly<Record<string, string>> = NO_PREFIXES,
    children: (Element | string)[] = [],
  ) {
    this.name = name;
    this.ns = ns;
    this.attrs = attrs;
    this.prefixes = prefixes;
    this.children = children;
  }

  /** Tells an element from the other nodes that XPath selects. */
  get kind(): "element" {
    return "element";
  }

  /** Whether this is the element of that name, in that namespace. Without `ns` any namespace will do. */
  is(name: string, ns?: string): boolean {
    return this.name === name && (ns === undefined || (this.ns ?? NS.client) === ns);
  }

  /**
   * The first child element of that name. Without `ns` it must be in this element's own namespace; with
   * `"*"` any namespace will do. (`find` differs: there a name without a prefix means any namespace.)
   */
  child(name: string, ns?: string): Element | undefined {
    for (const child of this.children) {
      if (typeof child !== "string" && owns(this, child, name, ns)) return child;
    }
    return undefined;
  }

  /**
   * All child elements, or those of that name. Without `ns` they must be in this element's own
   * namespace; with `"*"` any namespace will do. (`find` differs, as for `child`.)
   */
  childrenOf(name?: string, ns?: string): Element[] {
    const found: Element[] = [];
    for (const child of this.children) {
      if (typeof child === "string") continue;
      if (name === undefined || owns(this, child, name, ns)) found.push(child);
    }
    return found;
  }

  /** This element's own text: its text children joined, without that of its child elements. */
  text(): string {
    let text = "";
    for (const child of this.children) if (typeof child === "string") text += child;
    return text;
  }

  /**
   * The text of the first child element of that name; undefined if there is none. Without `ns` it must
   * be in this element's own namespace; with `"*"` any namespace will do. (`find` differs, as for `child`.)
   */
  childText(name: string, ns?: string): string | undefined {
    return this.child(name, ns)?.text();
  }

  /** Adds children at the end and returns this element. Throws `BAD_OPTION` for what is no child. */
  append(...children: Child[]): this {
    for (const child of children) appendChild(this.children, child);
    return this;
  }

  /** A deep copy that shares nothing with this element. Ends in `ILLEGAL_XML` where that is deeper than 1,024. */
  clone(): Element {
    return cloneOf(this, 1);
  }

  /** The element as XML text that stands alone. Ends in `ILLEGAL_XML` where it cannot be legal. */
  toString(): string {
    return serialize(this);
  }
}

/** (No private method: each element would hold a field for it.) */
function owns(parent: Element, child: Element, name: string, ns: string | undefined): boolean {
  if (child.name !== name) return false;
  if (ns === "*") return true;
  // A child without a namespace of its own has its parent's.
  return ns === undefined
    ? child.ns === undefined || child.ns === (parent.ns ?? NS.client)
    : (child.ns ?? parent.ns ?? NS.client) === ns;
}

function cloneOf({ name, ns, attrs, prefixes, children }: Element, depth: number): Element {
  mustNotBeDeeper(depth);
  const copies = children.map((child) =>
    typeof child === "string" ? child : cloneOf(child, depth + 1),
  );
  return new Element(name, ns, copy(attrs), copy(prefixes), copies);
}

Object.defineProperty(Element.prototype, ELEMENT, { value: true });

/** Whether a value is an element, also one of another copy of this package. */
export function isElement(value: unknown): value is Element {
  return typeof value === "object" && value !== null && ELEMENT in value;
}

/**
 * Builds an element. `xmlns` among the attributes is its namespace (`""` for none; left out, it has
 * its parent's, and as a stanza `jabber:client`), `xmlns:p` declares a prefix. Throws `BAD_OPTION` for a value or
 * child that is none.
 *
 * @example xml("message", { to: "romeo@example.net", type: "chat" }, xml("body", {}, "Hello"))
 */
export function xml(name: string, attrs?: AttributesInit | null, ...children: Child[]): Element {
  return build(name, attrs, children);
}

/** The same, with the children in a list, which the element may keep. */
export function build(
  name: string,
  attrs: AttributesInit | null | undefined,
  children: Child[],
): Element {
  const own = new Dictionary();
  let prefixes = NO_PREFIXES;
  let ns: string | undefined;
  for (const key of Object.keys(attrs ?? {})) {
    const value = attrs?.[key];
    if (value === undefined || value === null) continue;
    const text = typeof value === "string" ? value : textOf(`the attribute ${key}`, value);
    if (key === "xmlns") ns = text;
    else if (key.startsWith("xmlns:")) {
      prefixes = Object.assign(new Dictionary(), prefixes, { [key.slice(6)]: text });
    } else own[key] = text;
  }
  return new Element(name, ns, own, prefixes, contentOf(children));
}

function textOf(what: string, value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
    return String(value);
  }
  throw badOption(what, "a text or a number", value);
}

/** A copy that differs in one attribute and shares the rest: the element itself is not changed. */
export function withAttribute(element: Element, name: string, value: string): Element {
  const attrs = copy(element.attrs);
  attrs[name] = value;
  return new Element(element.name, element.ns, attrs, element.prefixes, element.children);
}

/** The children as an element has them: the list itself, if there is nothing else in it. */
function contentOf(children: Child[]): (Element | string)[] {
  if (children.every(isContent)) return children;
  const content: (Element | string)[] = [];
  for (const child of children) appendChild(content, child);
  return content;
}

function isContent(child: Child): child is Element | string {
  return typeof child === "string" || isElement(child);
}

function appendChild(children: (Element | string)[], child: Child): void {
  if (child === null || child === undefined) return;
  if (isContent(child)) children.push(child);
  else if (typeof child !== "object") children.push(textOf("a child", child));
  else if (child.kind === "document") children.push(child.root);
  else if (typeof (child.value as unknown) === "string") children.push(child.value);
  else throw badOption("a child", "an element, a text, a number or a node of XPath", child);
}

function copy<Value extends string | undefined>(
  record: Readonly<Record<string, Value>>,
): Record<string, Value> {
  return Object.assign(new Dictionary(), record);
}
