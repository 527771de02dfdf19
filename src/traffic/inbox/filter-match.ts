import { type Element, isElement, type XPathNode } from "../../xml/element.ts";
import type { XPathValue } from "../../xpath/value.ts";

/** The facts that a handler gets about a stanza its filter matches. */
export interface FilterMatch {
  /** The stanza, in `jabber:client`. */
  readonly stanza: Element;
  /** The elements among `matches`. */
  readonly elements: Element[];
  /** The nodes the expression selects, in document order; empty where its result is no node-set. */
  readonly matches: XPathNode[];
  /** The expression's result as it is. */
  readonly value: XPathValue;
  /** The expression that matched, as it was given. */
  readonly expression: string;
  /** The envelope the stanza came in, on dialects that have envelopes. */
  readonly route?: Element | undefined;
}

/** A handler of `filter`; its result is awaited only to know when an incoming request is unclaimed. */
export type FilterHandler = (match: FilterMatch) => unknown;

/** A handler of `respond`: returns the answer to an incoming request, or its payload, or nothing. */
export type Responder = (match: FilterMatch) => Answer | Promise<Answer>;

// A function without a return statement is a responder too, and that is what void says of it.
// biome-ignore lint/suspicious/noConfusingVoidType: see above
type Answer = Element | undefined | void; // eslint-disable-line @typescript-eslint/no-invalid-void-type -- see above

/** Gathers the facts for a handler. Its expression has this value for the stanza. */
export function matchOf(
  stanza: Element,
  expression: string,
  value: XPathValue,
  route: Element | undefined,
): FilterMatch {
  const matches = Array.isArray(value) ? value : [];
  // Nearly always all nodes are elements, and one list serves for both.
  const elements = matches.every(isElement) ? matches : matches.filter(isElement);
  if (route === undefined) return { stanza, elements, matches, value, expression };
  return { stanza, elements, matches, value, expression, route };
}
