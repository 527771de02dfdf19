import type { Element } from "../../src/xml/element.ts";
import { compile, type XPathOptions } from "../../src/xpath/compile.ts";

const MOST = 2 ** 32;

/** How many steps an evaluation takes: the least number that it needs to be allowed. */
export function stepsOf(expression: string, element: Element, options?: XPathOptions): number {
  let tooFew = 0;
  let enough = MOST;
  while (enough - tooFew > 1) {
    const steps = Math.floor((tooFew + enough) / 2);
    if (isEnough(steps, expression, element, options)) enough = steps;
    else tooFew = steps;
  }
  return enough;
}

function isEnough(
  steps: number,
  expression: string,
  element: Element,
  options?: XPathOptions,
): boolean {
  try {
    compile(expression, { ...options, steps }).test(element);
    return true;
  } catch {
    return false;
  }
}
