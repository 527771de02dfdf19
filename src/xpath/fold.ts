import { Element } from "../xml/element.ts";
import { MIRRORED } from "./evaluate/compare.ts";
import { compiler } from "./evaluate/compiler.ts";
import { coreFunctions } from "./evaluate/functions.ts";
import { MAX_STEPS, Walk } from "./evaluate/walk.ts";
import {
  type Expression,
  isPositional,
  operandsOf,
  type Path,
  type Step,
  typeOf,
} from "./expression.ts";
import { isTrue } from "./value.ts";

type Constant = Extract<Expression, { kind: "number" | "string" | "boolean" }>;

/**
 * Returns an equal expression with less to do. Constants are computed, so that a call such as
 * `concat($room, '/')` becomes a text that the index can look up. `//x` becomes one step, and
 * `count(x) > 0` the path `x`. Steps and predicates that do nothing are left out.
 */
export function fold(expression: Expression): Expression {
  switch (expression.kind) {
    case "number":
    case "string":
    case "boolean":
      return expression;
    case "variable": {
      const { value } = expression;
      return typeof value === "object" ? expression : constant(value);
    }
    case "path":
      return foldPath(expression);
    case "union":
      return { kind: "union", operands: expression.operands.map(fold) };
    case "or":
    case "and":
      return foldLogic(expression.kind, expression.operands.map(fold));
    case "negate":
      return computed({ kind: "negate", operand: fold(expression.operand) });
    case "arithmetic":
    case "compare": {
      const folded = { ...expression, left: fold(expression.left), right: fold(expression.right) };
      return folded.kind === "compare" ? foldCount(folded) : computed(folded);
    }
    case "custom":
      return { ...expression, args: expression.args.map(fold) };
    case "call":
      return computed({ ...expression, args: expression.args.map(fold) });
  }
}

function constant(value: string | number | boolean): Constant {
  if (typeof value === "string") return { kind: "string", value };
  return typeof value === "number" ? { kind: "number", value } : { kind: "boolean", value };
}

function isConstant(expression: Expression): expression is Constant {
  const { kind } = expression;
  return kind === "number" || kind === "string" || kind === "boolean";
}

/** Returns the value of an expression with constant operands, or else the expression itself. */
function computed(expression: Expression): Expression {
  if (!dependsOnConstants(expression)) return expression;
  const walk = new Walk(new Element("constant", ""));
  walk.begin("", MAX_STEPS);
  try {
    const value = compiler.value(expression)(walk.root, walk);
    return typeof value === "object" ? expression : constant(value);
  } catch {
    // The text would be too long. The evaluation reports that, where it gets so far.
    return expression;
  }
}

function dependsOnConstants(expression: Expression): boolean {
  if (expression.kind === "call" && (expression.core.positional || expression.core.ambient)) {
    return false;
  }
  return operandsOf(expression).every(isConstant);
}

function foldLogic(kind: "or" | "and", operands: readonly Expression[]): Expression {
  // For `or`, a true operand decides and false ones change nothing; for `and` it is the reverse.
  const decisive = kind === "or";
  const left = operands.filter(
    (operand) => !isConstant(operand) || isTrue(operand.value) === decisive,
  );
  if (left.some(isConstant)) return constant(decisive);
  const [only] = left;
  if (only === undefined) return constant(!decisive);
  return left.length === 1 ? asBoolean(only) : { kind, operands: left };
}

function asBoolean(expression: Expression): Expression {
  return typeOf(expression) === "boolean" ? expression : core("boolean", expression);
}

function core(name: "boolean" | "not", arg: Expression): Expression {
  const found = coreFunctions[name];
  return found === undefined ? arg : { kind: "call", name, core: found, args: [arg] };
}

/** Rewrites `count(x) > 0` and similar comparisons, either way round, as `boolean(x)` or `not(x)`. */
function foldCount(compare: Extract<Expression, { kind: "compare" }>): Expression {
  const { left, right } = compare;
  const counted = countOf(left) ?? countOf(right);
  const number = left.kind === "number" ? left : right;
  if (counted === undefined || number.kind !== "number") return computed(compare);
  const operator = number === right ? compare.operator : MIRRORED[compare.operator];
  switch (`${operator} ${number.value}`) {
    case "> 0":
    case "!= 0":
    case ">= 1":
      return core("boolean", counted);
    case "= 0":
    case "<= 0":
    case "< 1":
      return core("not", counted);
    default:
      return compare;
  }
}

function countOf(expression: Expression): Expression | undefined {
  if (expression.kind !== "call" || expression.name !== "count") return undefined;
  return expression.args[0];
}

function foldPath(path: Path): Expression {
  const start = typeof path.start === "object" ? fold(path.start) : path.start;
  const predicates = foldPredicates(path.predicates);
  const steps = foldSteps(path.steps);
  if (typeof start === "object" && start.kind === "path" && predicates.length === 0) {
    // `(a/b)/c` equals `a/b/c`.
    return { ...start, steps: foldSteps([...start.steps, ...steps]) };
  }
  return { kind: "path", start, predicates, steps };
}

function foldPredicates(predicates: readonly Expression[]): Expression[] {
  const folded = predicates.map((predicate) => {
    const inner = fold(predicate);
    if (isConstant(inner)) return inner.kind === "number" ? inner : constant(isTrue(inner.value));
    return inner;
  });
  return folded.filter((predicate) => predicate.kind !== "boolean" || !predicate.value);
}

function foldSteps(steps: readonly Step[]): Step[] {
  const folded: Step[] = [];
  for (const step of steps) {
    const predicates = foldPredicates(step.predicates);
    const idle = step.axis === "self" && step.test.kind === "node" && predicates.length === 0;
    if (idle) continue;
    const last = folded.at(-1);
    const axis = last !== undefined && isAnywhere(last) ? fused(step, predicates) : undefined;
    if (axis !== undefined) folded.pop();
    folded.push({ axis: axis ?? step.axis, test: step.test, predicates });
  }
  return folded;
}

/** Returns true for `descendant-or-self::node()`, the long form of `//`. */
function isAnywhere(step: Step): boolean {
  const { axis, test, predicates } = step;
  return axis === "descendant-or-self" && test.kind === "node" && predicates.length === 0;
}

/** Returns the axis that joins `//` and a step. There is none where positions count from each parent. */
function fused(step: Step, predicates: readonly Expression[]): Step["axis"] | undefined {
  if (predicates.some(isPositional)) return undefined;
  if (step.axis === "child" || step.axis === "descendant") return "descendant";
  if (step.axis === "self" || step.axis === "descendant-or-self") return "descendant-or-self";
  return undefined;
}
