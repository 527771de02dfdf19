import { type Expression, operationsIn, typeOf } from "../expression.ts";
import { isTrue } from "../value.ts";
import type { Code, Compiler } from "./code.ts";
import type { Place } from "./place.ts";
import type { Walk } from "./walk.ts";

/** Compiles a filter of a list by a predicate. Positions count from 1 in the order of the list. */
export function keep(
  predicate: Expression,
  compiler: Compiler,
): (list: readonly Place[], walk: Walk) => Place[] {
  const holds = priced(predicate, predicateCode(predicate, compiler));
  return (list, walk) => {
    const { position, size } = walk;
    const kept: Place[] = [];
    walk.size = list.length;
    for (const [index, place] of list.entries()) {
      walk.size = list.length;
      walk.position = index + 1;
      if (holds(place, walk)) kept.push(place);
    }
    walk.position = position;
    walk.size = size;
    return kept;
  };
}

/** The operators and operands of a predicate that one step pays for. Fewer cost nothing. */
const OPERATIONS = 16;

/** Makes a predicate pay for its own size on each node. */
export function priced(predicate: Expression, code: Code<boolean>): Code<boolean> {
  const steps = Math.floor(operationsIn(predicate) / OPERATIONS);
  if (steps === 0) return code;
  return (node, walk) => {
    walk.spend(steps);
    return code(node, walk);
  };
}

function predicateCode(predicate: Expression, compiler: Compiler): Code<boolean> {
  const type = typeOf(predicate);
  if (type === "number") {
    const number = compiler.number(predicate);
    return (node, walk) => number(node, walk) === walk.position;
  }
  if (type !== "any") return compiler.boolean(predicate);
  const value = compiler.value(predicate);
  return (node, walk) => {
    const { position } = walk;
    const result = value(node, walk);
    return typeof result === "number" ? result === position : isTrue(result);
  };
}
