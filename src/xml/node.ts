import type { Element } from "./element.ts";

/** An attribute, as XPath selects it. `ns` is undefined for an attribute in no namespace. */
export interface AttributeNode {
  readonly kind: "attribute";
  readonly name: string;
  readonly ns?: string;
  readonly value: string;
  readonly parent: Element;
}

/** A run of text, as XPath selects it. */
export interface TextNode {
  readonly kind: "text";
  readonly value: string;
  readonly parent: Element;
}

/** The document above a stanza: its only child is the stanza. */
export interface DocumentNode {
  readonly kind: "document";
  readonly root: Element;
}

/** What a path selects. */
export type XPathNode = Element | AttributeNode | TextNode | DocumentNode;
