import { CompiledXPath, prepare, type XPath, type XPathOptions } from "./compiled-xpath.ts";
import { keysOf } from "./conditions.ts";
import { FilterTable } from "./filter-table.ts";
import { printKey } from "./key.ts";

/**
 * Many compiled expressions, matched against a stanza at once. An expression matches when XPath's
 * `boolean()` of its result is true.
 *
 * What must hold of a stanza for an expression to match (an attribute's value, an element of some
 * namespace …) is its key: a stanza is tried on those expressions only whose key it has, so that
 * thousands of others cost nothing. Expressions without one are tried on every stanza.
 */
export class FilterIndex<T> extends FilterTable<T> {
  /**
   * By which keys stanzas find an expression, or that it is tried on every stanza.
   *
   * @example FilterIndex.explain("/message[@from='romeo@example.net']/body")
   * // "found by /message[@from = 'romeo@example.net']"
   */
  static explain(expression: string | XPath, options?: XPathOptions): string {
    const xpath = typeof expression === "string" ? prepare(expression, options) : expression;
    const keys = xpath instanceof CompiledXPath ? keysOf(xpath.tree) : undefined;
    return keys === undefined
      ? "tried on every stanza"
      : `found by ${keys.map(printKey).join(" or ")}`;
  }
}
