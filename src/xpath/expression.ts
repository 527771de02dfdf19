import type { AxisName } from "./evaluate/axes.ts";
import type { CoreFunction } from "./evaluate/functions.ts";
import type { Type, XPathFunction, XPathInput } from "./value.ts";

/** The test that a step's node must pass. In a name, `undefined` means "any". */
export type NodeTest =
  | { readonly kind: "name"; readonly ns: string | undefined; readonly local: string | undefined }
  | { readonly kind: "node" | "text" | "comment" }
  | { readonly kind: "processing-instruction"; readonly target: string | undefined };

/** One step of a path: `axis::test[predicate]…`. */
export interface Step {
  readonly axis: AxisName;
  readonly test: NodeTest;
  readonly predicates: readonly Expression[];
}

/** The operators of comparisons. */
export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** The operators of arithmetic. */
export type Arithmetic = "+" | "-" | "*" | "div" | "mod";

/** A path, step by step, from the document, the context node, or the nodes of an expression. */
export interface Path {
  readonly kind: "path";
  readonly start: "document" | "context" | Expression;
  /** Predicates on the start, counted in document order: `(//body)[1]`. */
  readonly predicates: readonly Expression[];
  readonly steps: readonly Step[];
}

/** A parsed expression with its names resolved. The parser makes it and the compiler reads it. */
export type Expression =
  | Path
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "variable"; readonly name: string; readonly value: XPathInput }
  | Call
  | Custom
  | { readonly kind: "negate"; readonly operand: Expression }
  | { readonly kind: "or" | "and" | "union"; readonly operands: readonly Expression[] }
  | {
      readonly kind: "compare";
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "arithmetic";
      readonly operator: Arithmetic;
      readonly left: Expression;
      readonly right: Expression;
    };

/** A call of one of the 27 functions of the core library. */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly core: CoreFunction;
  readonly args: readonly Expression[];
}

/** A call of a function that the caller bound. */
export interface Custom {
  readonly kind: "custom";
  readonly name: string;
  readonly run: XPathFunction;
  readonly args: readonly Expression[];
}

/** Returns the type that the value of an expression will have. */
export function typeOf(expression: Expression): Type {
  switch (expression.kind) {
    case "path":
    case "union":
      return "nodes";
    case "number":
    case "negate":
    case "arithmetic":
      return "number";
    case "string":
      return "string";
    case "boolean":
    case "or":
    case "and":
    case "compare":
      return "boolean";
    case "variable": {
      const type = typeof expression.value;
      return type === "string" || type === "number" || type === "boolean" ? type : "nodes";
    }
    case "call":
      return expression.core.gives;
    case "custom":
      return "any";
  }
}

/** Returns the operands of an expression that are evaluated with its own context node and position. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "number":
    case "string":
    case "boolean":
    case "variable":
      return [];
    case "path":
      // Predicates and steps have positions of their own.
      return typeof expression.start === "object" ? [expression.start] : [];
    case "call":
    case "custom":
      return expression.args;
    case "negate":
      return [expression.operand];
    case "or":
    case "and":
    case "union":
      return expression.operands;
    case "compare":
    case "arithmetic":
      return [expression.left, expression.right];
  }
}

/** Counts the operators, calls and operands of an expression, except those within its paths. */
export function operationsIn(expression: Expression): number {
  let operations = 1;
  for (const operand of operandsOf(expression)) operations += operationsIn(operand);
  return operations;
}

/** Returns true if an expression calls `position()` or `last()` for the predicate that it stands in. */
export function usesPosition(expression: Expression): boolean {
  if (expression.kind === "call" && expression.core.positional === true) return true;
  return operandsOf(expression).some(usesPosition);
}

/** Returns true if a predicate depends on positions: by a call, or as a number (XPath 1.0, 2.4). */
export function isPositional(predicate: Expression): boolean {
  const type = typeOf(predicate);
  return type === "number" || type === "any" || usesPosition(predicate);
}
