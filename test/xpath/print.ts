import type { Expression, NodeTest, Path, Step } from "../../src/xpath/expression.ts";
import { printName, quote } from "../../src/xpath/index/key.ts";
import { textOfNumber } from "../../src/xpath/value.ts";

/**
 * Prints an expression as text again, unabbreviated and with every operation in brackets. A name in a
 * namespace is `{uri}local`.
 */
export function print(expression: Expression): string {
  switch (expression.kind) {
    case "number":
      return printNumber(expression.value);
    case "string":
      return quote(expression.value);
    case "boolean":
      return expression.value ? "true()" : "false()";
    case "variable":
      return `$${expression.name}`;
    case "negate":
      return `-${print(expression.operand)}`;
    case "union":
      return `(${expression.operands.map(print).join(" | ")})`;
    case "or":
    case "and":
      return `(${expression.operands.map(print).join(` ${expression.kind} `)})`;
    case "compare":
    case "arithmetic":
      return `(${print(expression.left)} ${expression.operator} ${print(expression.right)})`;
    case "call":
    case "custom":
      return `${expression.name}(${expression.args.map(print).join(", ")})`;
    case "path":
      return printPath(expression);
  }
}

function printNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : textOfNumber(value);
  return `(${Math.sign(value) || 0} div 0)`;
}

function printPath({ start, predicates, steps }: Path): string {
  const rest = steps.map(printStep).join("/");
  if (start === "document") return `/${rest}`;
  if (start === "context") return rest === "" ? "." : rest;
  const from = `(${print(start)})${predicates.map(printPredicate).join("")}`;
  return rest === "" ? from : `${from}/${rest}`;
}

function printStep({ axis, test, predicates }: Step): string {
  return `${axis}::${printTest(test)}${predicates.map(printPredicate).join("")}`;
}

function printPredicate(predicate: Expression): string {
  return `[${print(predicate)}]`;
}

function printTest(test: NodeTest): string {
  if (test.kind === "name") return printName(test.ns, test.local);
  const target = test.kind === "processing-instruction" ? test.target : undefined;
  return `${test.kind}(${target === undefined ? "" : quote(target)})`;
}
