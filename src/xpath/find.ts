import { Element, type XPathNode } from "../xml/element.ts";
import { prepare, type XPathOptions } from "./compiled-xpath.ts";
import { XPathError } from "./xpath-error.ts";

/** What the names in an expression given to `find` mean. */
export type FindOptions = XPathOptions;

declare module "../xml/element.ts" {
  interface Element {
    /**
     * The nodes that an XPath expression selects, in document order, with this element as the context
     * node and as the document element: what is above it in some tree is not seen. Compile an
     * expression that is used often. Ends in `XPATH_LIMIT`, or in `XPATH_SYNTAX` also when the result
     * is visibly a string, number or boolean: `compile(…).evaluate` gives those.
     *
     * @example message.find("body[@xml:lang='en']/text()")
     */
    find(expression: string, options?: FindOptions): XPathNode[];
  }
}

// The one place where a layer gives a class below it a method: elements must not know XPath, but the
// people who have one in hand look for `find` there. Importing this file adds it.
Object.defineProperty(Element.prototype, "find", {
  configurable: true,
  writable: true,
  value: function find(this: Element, expression: string, options?: FindOptions): XPathNode[] {
    const xpath = prepare(expression, options);
    if (xpath.type === "nodes" || xpath.type === "any") return xpath.select(this);
    throw new XPathError("XPATH_SYNTAX", `expected nodes, found a ${xpath.type}`, expression, 0);
  },
});
