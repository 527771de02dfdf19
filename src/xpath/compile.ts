import { prepare, type XPath, type XPathOptions } from "./compiled-xpath.ts";

export type { XPath, XPathOptions };

/**
 * Compiles an XPath 1.0 expression for use on any number of elements. Ends in an `XPathError` with
 * code `XPATH_SYNTAX` and the offset for whatever is wrong with it: syntax, unbound prefixes,
 * unknown functions and variables, wrong numbers of arguments, more than 65,536 characters, more
 * than 64 brackets or 256 operators and steps deep.
 *
 * @example compile("/message[@type='chat']/body").select(stanza)
 */
export function compile(expression: string, options: XPathOptions = {}): XPath {
  return prepare(expression, options);
}
