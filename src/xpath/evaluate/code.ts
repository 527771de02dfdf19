import type { Expression } from "../expression.ts";
import type { Value } from "./functions.ts";
import type { Place } from "./place.ts";
import type { Walk } from "./walk.ts";

/** A compiled expression: a function of the context node, for one type of result. */
export type Code<T> = (node: Place, walk: Walk) => T;

/** Returns `true` for every node, so that a path stops at its first one. */
export const always: Code<boolean> = () => true;

/** Returns `false` for every node. */
export const never: Code<boolean> = () => false;

/** Joins codes: all must hold. They are tried in order, and a constant costs nothing. */
export function all(codes: readonly Code<boolean>[]): Code<boolean> {
  if (codes.includes(never)) return never;
  const [first, second, ...others] = codes.filter((code) => code !== always);
  if (first === undefined) return always;
  if (second === undefined) return first;
  if (others.length === 0) return (node, walk) => first(node, walk) && second(node, walk);
  const list = [first, second, ...others];
  // This is a loop, since a chain of thousands would be as many calls deep.
  return (node, walk) => {
    for (const code of list) if (!code(node, walk)) return false;
    return true;
  };
}

/** Joins codes: one must hold. They are tried in order, and a constant costs nothing. */
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
 * The compiler: a method for each type of result, which converts as XPath 1.0, 3 and 4 say. Paths
 * hold expressions, and expressions hold paths. As an argument, it lets `path.ts` compile expressions
 * without importing `compiler.ts`.
 */
export interface Compiler {
  boolean(expression: Expression): Code<boolean>;
  string(expression: Expression): Code<string>;
  number(expression: Expression): Code<number>;
  nodes(expression: Expression): Code<readonly Place[]>;
  value(expression: Expression): Code<Value>;
}
