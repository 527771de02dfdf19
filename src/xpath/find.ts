import { badOption } from "../base/check.ts";
import { type Element, isElement, type XPathNode } from "../xml/element.ts";
import { prepare, type XPathOptions } from "./compile.ts";
import { XPathError } from "./xpath-error.ts";

/** The meaning of the names in an expression given to `find`, and the cost it may have. */
export type FindOptions = XPathOptions;

/**
 * Selects nodes below an element with an XPath expression; they come in document order. The element
 * is the context node and the document element: the tree above it is not seen. A name without a
 * prefix matches in any namespace unless `options.namespaces` binds the empty prefix; `child(name)`
 * differs, and takes children in the element's own namespace only. `find` compiles the expression at
 * each call: use `compile` for one that is used often.
 *
 * Throws `XPATH_SYNTAX` for a bad expression, and for one that gives a string, number or boolean
 * (`compile(…).evaluate` gives those); `XPATH_LIMIT` beyond `options.steps`; `BAD_OPTION` for an
 * argument of the wrong type.
 *
 * @example find(message, "body[@xml:lang='en']/text()")
 */
export function find(element: Element, expression: string, options?: FindOptions): XPathNode[] {
  if (!isElement(element)) throw badOption("element", "an element", element);
  const xpath = prepare(expression, options);
  if (xpath.type === "nodes" || xpath.type === "any") return xpath.select(element);
  throw new XPathError("XPATH_SYNTAX", `expected nodes, found a ${xpath.type}`, expression, 0);
}
