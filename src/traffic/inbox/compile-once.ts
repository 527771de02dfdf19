import { compile, type XPath } from "../../xpath/compile.ts";

/** The expressions that were compiled last, without those that are long: programs make some of what others send. */
const compiled = new Map<string, XPath>();

/** How many compiled expressions are kept. */
const COMPILED = 32;

/** How long an expression may be that is kept, in characters. */
const LONGEST_COMPILED = 256;

/**
 * Compiles an expression that has no namespaces and no variables of the caller's. A thousand brokers with the same
 * filter share it. Ends in `XPATH_SYNTAX`.
 */
export function compileOnce(expression: string): XPath {
  const known = compiled.get(expression);
  if (known !== undefined) return known;
  const xpath = compile(expression);
  if (expression.length > LONGEST_COMPILED) return xpath;
  compiled.set(expression, xpath);
  if (compiled.size > COMPILED) {
    const [oldest] = compiled.keys();
    if (oldest !== undefined) compiled.delete(oldest);
  }
  return xpath;
}
