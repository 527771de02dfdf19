import type { Subscription } from "../base/subscription.ts";
import type { Element, XPathNode } from "../xml/element.ts";
import type { XPath } from "./compile.ts";
import type { XPathValue } from "./value.ts";

/** One entry that matched a stanza. */
export interface Match<T> {
  /** The value that was given to `add`. */
  readonly value: T;
  /** The expression that was given to `add`. */
  readonly xpath: XPath;
  /** The result of the expression. */
  readonly result: XPathValue;
  /** The nodes of a node-set in document order; none for other results. */
  readonly nodes: XPathNode[];
  /** True if the entry has been removed since, for example by the handler of an earlier match. */
  readonly removed: boolean;
}

/** Many compiled expressions that are matched against one stanza after another: an index, or a plain list. */
export interface FilterTable<T> {
  /** Adds an entry, and returns a function that removes it. */
  add(xpath: XPath, value: T): Subscription;
  /**
   * Returns the entries that match, in the order in which they were added. An entry whose evaluation fails does not
   * match: `failed` is called and the others go on. Without `failed` the error is thrown.
   */
  match(stanza: Element, failed?: (error: unknown, value: T) => void): Match<T>[];
}

/** A kind of table: the class of it. */
export type FilterTableClass = new <T>() => FilterTable<T>;
