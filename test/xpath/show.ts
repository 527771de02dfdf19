import { type Element, isElement, type XPathNode } from "../../src/xml/element.ts";
import { compile, type XPathOptions } from "../../src/xpath/compile.ts";
import type { XPathValue } from "../../src/xpath/value.ts";

/**
 * The value of an expression, as one word or line: nodes as `name`, `name#n` (with its attribute `n`),
 * `@name=value`, `"text"` and `/`, in the order they come in; other values as they are.
 */
export function evaluate(
  expression: string,
  element: Element,
  options?: XPathOptions,
): string | number | boolean {
  return show(compile(expression, options).evaluate(element));
}

function show(value: XPathValue): string | number | boolean {
  return typeof value === "object" ? value.map(showNode).join(" ") : value;
}

function showNode(node: XPathNode): string {
  if (isElement(node))
    return node.attrs.n === undefined ? node.name : `${node.name}#${node.attrs.n}`;
  if (node.kind === "document") return "/";
  if (node.kind === "text") return JSON.stringify(node.value);
  return `@${node.name}=${node.value}`;
}
