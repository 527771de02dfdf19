import type { Expression } from "../expression.ts";
import type { Value } from "./functions.ts";
import type { Place } from "./place.ts";
import type { Walk } from "./walk.ts";

/** What an expression is compiled to, for the type that is wanted of it: a function of the context node. */
export type Code<T> = (node: Place, walk: Walk) => T;

/** Says `true` of every node: stops a path at the first one it finds. */
export const always: Code<boolean> = () => true;

/** Says `true` of none. */
export const never: Code<boolean> = () => false;

/** All of them, tried in order; the trivial cases cost nothing when evaluated. */
export function all(codes: readonly Code<boolean>[]): Code<boolean> {
  if (codes.includes(never)) return never;
  const [first, second, ...others] = codes.filter((code) => code !== always);
  if (first === undefined) return always;
  if (second === undefined) return first;
  if (others.length === 0) return (node, walk) => first(node, walk) && second(node, walk);
  const list = [first, second, ...others];
  // A loop, since a chain of thousands would be as many calls deep.
  return (node, walk) => {
    for (const code of list) if (!code(node, walk)) return false;
    return true;
  };
}

/** Any of them, tried in order; the trivial cases cost nothing when evaluated. */
export function any(codes: readonly Code<boolean>[]): Code<boolean> {
  if (codes.includes(always)) return always;
  const [first, second, ...others] = codes.filter((code) => code !== never);
  if (first === undefined) return never;
  if (second === undefined) return first;
  if (others.length === 0) return (node, walk) => first(node, walk) || second(node, walk);
  const list = [first, second, ...others];
  return (node, walk) => {
    for (const code of list) if (code(node, walk)) return true;
    return false;
  };
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
