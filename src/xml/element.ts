import { badOption } from "../base/check.ts";
import { Dictionary, declaredAround, NO_PREFIXES, prefixesAround } from "./dictionary.ts";
import { NS } from "./namespaces.ts";
import { mustNotBeDeeper, serialize } from "./write/serialize.ts";

export { Dictionary, NO_PREFIXES } from "./dictionary.ts";

/** Marks elements, also those of another copy of this package, where `instanceof` fails. */
const ELEMENT = Symbol.for("xmpp-broker.element");

/** An attribute, as XPath selects it. */
export interface AttributeNode {
  /** Distinguishes it from the other nodes. */
  readonly kind: "attribute";
  /** The local name. */
  readonly name: string;
  /** The namespace; undefined for an attribute in none. */
  readonly ns?: string | undefined;
  /** The value, with references resolved. */
  readonly value: string;
  /** The element that has it. */
  readonly parent: Element;
}

/** A run of text, as XPath selects it. */
export interface TextNode {
  /** Distinguishes it from the other nodes. */
  readonly kind: "text";
  /** The text, with references resolved. */
  readonly value: string;
  /** The element that contains it. */
  readonly parent: Element;
}

/** The document above a stanza, which is its only child. */
export interface DocumentNode {
  /** Distinguishes it from the other nodes. */
  readonly kind: "document";
  /** The stanza. */
  readonly root: Element;
}

/** A node that an XPath expression selects. */
export type XPathNode = Element | AttributeNode | TextNode | DocumentNode;

/** A child for an element: an element as it is, another node by its text. `null` and `undefined` are left out. */
export type Child = Element | XPathNode | string | number | null | undefined;

/** Attributes for an element. `undefined` and `null` are left out. */
export type AttributesInit = Readonly<Record<string, string | number | null | undefined>>;

/**
 * An XML element. `name` is the local name and `ns` the namespace; the prefix does not matter. An element
 * has no pointer to its parent, so one subtree may stand in several trees.
 */
export class Element {
  /** The local name. */
  name: string;
  /** The namespace; `""` is none. Undefined, only in built elements, means the parent's. */
  ns: string | undefined;
  /**
   * Attributes by local name; those in a namespace as `xml:lang` or `{uri}local`. An attribute that is
   * undefined does not exist: nothing writes it or finds it.
   */
  attrs: Record<string, string | undefined>;
  /** The prefixes that are declared here. A received stanza also has those of the stream header, used or not. */
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

  /** Distinguishes an element from the other nodes that XPath selects. */
  get kind(): "element" {
    return "element";
  }

  /** True if this is the element of that name, in that namespace. Without `ns` any namespace will do. */
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

  /** This element's own text: its text children joined, without the text of its child elements. */
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

  /** Adds children at the end and returns this element. Throws `BAD_OPTION` for a value that cannot be a child. */
  append(...children: Child[]): this {
    for (const child of children) appendChild(this.children, child);
    return this;
  }

  /** A deep copy that shares nothing with this element. Throws `ILLEGAL_XML` for a tree deeper than 1,024. */
  clone(): Element {
    return cloneOf(this, 1);
  }

  /**
   * The element as XML text that stands alone. A prefix of the stream header is declared only if it stands before a
   * colon in the text: in a name, or in a value that may be a qualified name. Prefixes that the element itself
   * declares are always declared. Throws `ILLEGAL_XML` if the element cannot be written.
   */
  toString(): string {
    return standingAlone(this);
  }
}

/** Writes an element without the prefixes that it has from the stream header and does not need. */
function standingAlone(element: Element): string {
  const { name, ns, attrs, prefixes, children } = element;
  const outer = prefixesAround(prefixes);
  if (outer === undefined) return serialize(element);
  const withPrefixes = (isDeclared: (prefix: string) => boolean): Element => {
    const kept = Object.entries(prefixes).filter(([prefix]) => isDeclared(prefix));
    return new Element(
      name,
      ns,
      attrs,
      Object.assign(new Dictionary(), Object.fromEntries(kept)),
      children,
    );
  };
  const isOwn = (prefix: string): boolean => outer[prefix] !== prefixes[prefix];
  const text = serialize(withPrefixes(isOwn), { prefixes: outer });
  const isUsed = (prefix: string): boolean => text.includes(`${prefix}:`);
  if (!Object.keys(outer).some(isUsed)) return text;
  return serialize(withPrefixes((prefix) => isOwn(prefix) || isUsed(prefix)));
}

/** True if a child is found by a name and namespace. (A private method would cost each element a field.) */
function owns(parent: Element, child: Element, name: string, ns: string | undefined): boolean {
  if (child.name !== name) return false;
  if (ns === "*") return true;
  // A child without a namespace is in its parent's.
  return ns === undefined
    ? child.ns === undefined || child.ns === (parent.ns ?? NS.client)
    : (child.ns ?? parent.ns ?? NS.client) === ns;
}

function cloneOf({ name, ns, attrs, prefixes, children }: Element, depth: number): Element {
  mustNotBeDeeper(depth);
  const copies = children.map((child) =>
    typeof child === "string" ? child : cloneOf(child, depth + 1),
  );
  return new Element(name, ns, copy(attrs), copyPrefixes(prefixes), copies);
}

function copyPrefixes(prefixes: Element["prefixes"]): Element["prefixes"] {
  // Frozen ones cannot change, so that the copy may share them.
  if (Object.isFrozen(prefixes)) return prefixes;
  const copied = copy(prefixes);
  const outer = prefixesAround(prefixes);
  if (outer !== undefined) declaredAround(copied, outer);
  return copied;
}

Object.defineProperty(Element.prototype, ELEMENT, { value: true });

/** True if a value is an element, also of another copy of this package. */
export function isElement(value: unknown): value is Element {
  return typeof value === "object" && value !== null && ELEMENT in value;
}

/**
 * Builds an element. The attribute `xmlns` is its namespace, `""` for none; without it the element is in
 * its parent's, or as a stanza in `jabber:client`. `xmlns:p` declares a prefix. Throws `BAD_OPTION` for a
 * value that cannot be an attribute or a child.
 *
 * @example xml("message", { to: "romeo@example.net", type: "chat" }, xml("body", {}, "Hello"))
 */
export function xml(name: string, attrs?: AttributesInit | null, ...children: Child[]): Element {
  return build(name, attrs, children);
}

/** Builds an element from a list of children, which the element may keep. */
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

/** Makes a copy with another value of one attribute. It shares the rest with the element. */
export function withAttribute(element: Element, name: string, value: string): Element {
  const attrs = copy(element.attrs);
  attrs[name] = value;
  return new Element(element.name, element.ns, attrs, element.prefixes, element.children);
}

/** Makes children of what was given: the list itself, if it holds only elements and text. */
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
