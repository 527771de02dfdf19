import type { Expression } from "./expression.ts";
import type { Value } from "./functions.ts";
import type { Place } from "./place.ts";
import type { Walk } from "./walk.ts";

/** What an expression is compiled to, for the type that is wanted of it: a function of the context node. */
export type Code<T> = (node: Place, walk: Walk) => T;

/** Says `true` of every node: stops a path at the first one it finds. */
export const always: Code<boolean> = () => true;

/** Says `true` of none. */
export const never: Code<boolean> = () => false;

/** Both; the trivial cases cost nothing when evaluated. */
export function both(left: Code<boolean>, right: Code<boolean>): Code<boolean> {
  if (left === never || right === never) return never;
  if (left === always) return right;
  if (right === always) return left;
  return (node, walk) => left(node, walk) && right(node, walk);
}

/** Either; the trivial cases cost nothing when evaluated. */
export function either(left: Code<boolean>, right: Code<boolean>): Code<boolean> {
  if (left === always || right === always) return always;
  if (left === never) return right;
  if (right === never) return left;
  return (node, walk) => left(node, walk) || right(node, walk);
}

/**
 * The compiler, one method a wanted type, each converting as XPath 1.0, 3 and 4 say. Paths hold
 * expressions and expressions paths: this is how the two files reach each other without a cycle.
 */
export interface Compiler {
  boolean(expression: Expression): Code<boolean>;
  string(expression: Expression): Code<string>;
  number(expression: Expression): Code<number>;
  nodes(expression: Expression): Code<readonly Place[]>;
  value(expression: Expression): Code<Value>;
}
