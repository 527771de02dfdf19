import type { CompiledXPath } from "../compile.ts";
import { attributeNamed } from "../evaluate/step.ts";
import type { Expression, NodeTest, Path, Step } from "../expression.ts";
import { best, type Choice, type Key, type Relation, type Trail, type TrailStep } from "./key.ts";

/** The greatest number of steps in a trail, and of its deep steps. Longer trails are cut. */
const LONGEST_TRAIL = 12;
const MOST_DEEP = 2;

/** The number of characters that a `contains` key keeps of its string, so that time is linear. */
const LONGEST_PART = 32;

/** The greatest number of keys of one filter, as in `@from='a' or @from='b' or …`. */
const MOST_KEYS = 1000;

/** Keys by expression, which many brokers share. An entry lives as long as its expression. */
const known = new WeakMap<CompiledXPath, Choice | "none">();

/**
 * Returns the keys of an expression: where it is true of a stanza, at least one of them holds.
 * `undefined` means that it has none. Only conditions that hold without exception become keys.
 */
export function keysOf(xpath: CompiledXPath): Choice | undefined {
  let keys = known.get(xpath);
  if (keys === undefined) {
    keys = bestOf(xpath.tree, [{ deep: false, ns: undefined, local: undefined }]) ?? "none";
    known.set(xpath, keys);
  }
  return keys === "none" ? undefined : keys;
}

function bestOf(expression: Expression, here: Trail): Choice | undefined {
  const into: Choice[] = [];
  gather(expression, here, into);
  return best(into);
}

/** Gathers the choices of an expression. Its context node is at the end of `here`. */
function gather(expression: Expression, here: Trail, into: Choice[]): void {
  switch (expression.kind) {
    case "path":
      follow(expression, here, into);
      return;
    case "and":
      for (const operand of expression.operands) gather(operand, here, into);
      return;
    case "or":
    case "union":
      gatherAny(expression.operands, here, into);
      return;
    case "call":
      gatherCall(expression.name, expression.args, here, into);
      return;
    case "compare":
      gatherComparison(expression, here, into);
      return;
    case "number":
    case "string":
    case "boolean":
    case "variable":
    case "custom":
    case "negate":
    case "arithmetic":
  }
}

/** Gathers one choice from operands of which one must hold: each needs a key. */
function gatherAny(operands: readonly Expression[], here: Trail, into: Choice[]): void {
  const keys: Key[] = [];
  for (const operand of operands) {
    // An operand may narrow the name of a step, which must not narrow it for the others.
    const own = here.map((step) => ({ ...step }));
    const choice = bestOf(operand, own);
    if (choice === undefined) return;
    keys.push(...choice);
  }
  if (keys.length <= MOST_KEYS) into.push(keys);
}

function gatherCall(name: string, args: readonly Expression[], here: Trail, into: Choice[]): void {
  const [first, second] = args;
  if (first === undefined) return;
  if (name === "boolean") gather(first, here, into);
  // Only nodes: the string of a boolean is true also when the boolean is false.
  else if (name === "string") gatherNodes(first, here, into);
  else if (name === "starts-with" || name === "contains") {
    // The empty string is in every string, also in the empty string of a missing node.
    if (second?.kind !== "string" || second.value === "") return;
    const value = name === "contains" ? second.value.slice(0, LONGEST_PART) : second.value;
    gatherValue(first, name, value, here, into);
  }
}

function gatherComparison(
  { operator, left, right }: Extract<Expression, { kind: "compare" }>,
  here: Trail,
  into: Choice[],
): void {
  if (operator === "=" && right.kind === "string") {
    gatherValue(left, "equals", right.value, here, into);
  } else if (operator === "=" && left.kind === "string") {
    gatherValue(right, "equals", left.value, here, into);
  } else if (right.kind === "string" || right.kind === "number") {
    // A comparison with a string or number is false where there is no node to compare.
    gatherNodes(left, here, into);
  } else if (left.kind === "string" || left.kind === "number") gatherNodes(right, here, into);
}

function gatherNodes(expression: Expression, here: Trail, into: Choice[]): void {
  if (expression.kind === "path") follow(expression, here, into);
}

/** Gathers the choices of an expression whose string-value relates to a constant. */
function gatherValue(
  expression: Expression,
  relation: Relation,
  value: string,
  here: Trail,
  into: Choice[],
): void {
  if (expression.kind === "path") {
    const { end, attribute } = follow(expression, here, into);
    if (end !== undefined) addKey(into, end, relation, value, attribute);
  } else if (expression.kind === "call") {
    const [arg] = expression.args;
    if (arg === undefined) return;
    // The string of a missing node is empty, so an empty constant needs no node.
    if (expression.name === "string" && value !== "") gatherValue(arg, relation, value, here, into);
    else if (relation === "equals") refine(expression.name, arg, value, here, into);
  }
}

/** Narrows the name of a step by `*[local-name() = 'x']` or `*[namespace-uri() = 'urn:x']`. */
function refine(name: string, arg: Expression, value: string, here: Trail, into: Choice[]): void {
  const step = here.at(-1);
  const own = arg.kind === "path" && arg.start === "context" && arg.steps.length === 0;
  if (step === undefined || !own) return;
  if (name === "namespace-uri") step.ns ??= value;
  if (name === "local-name" || name === "name") step.local ??= value;
  addKey(into, here, "exists");
}

/** Adds a choice of one key. The document itself has no key. */
function addKey(
  into: Choice[],
  trail: Trail,
  relation: Relation,
  value = "",
  attribute?: string,
): void {
  if (trail.length === 0) return;
  const key: Key = { trail, relation, value };
  into.push([attribute === undefined ? key : { ...key, attribute }]);
}

interface Reach {
  /** The trail to the nodes of a path, or to their owners; `undefined` if it is not known. */
  readonly end: Trail | undefined;
  readonly attribute?: string;
}

const NOWHERE: Reach = { end: undefined };

/** Follows a path as far as its steps go down. All elements on the way must exist. */
function follow(path: Path, here: Trail, into: Choice[]): Reach {
  let trail: Trail;
  if (path.start === "context") trail = here;
  else if (path.start === "document") trail = [];
  else {
    if (path.start.kind !== "path") {
      gather(path.start, here, into);
      return NOWHERE;
    }
    const start = follow(path.start, here, into);
    if (start.end === undefined || start.attribute !== undefined) return NOWHERE;
    trail = start.end;
    gatherPredicates(path.predicates, trail, into);
  }
  let anywhere = false;
  for (const [index, step] of path.steps.entries()) {
    const following = path.steps[index + 1];
    if (isAnywhere(step, following)) {
      anywhere = true;
      continue;
    }
    const attribute = attributeNamed(step);
    if (attribute !== undefined) {
      addKey(into, trail, "exists", "", attribute);
      return following === undefined ? { end: trail, attribute } : NOWHERE;
    }
    const next = down(trail, step, following, anywhere);
    if (next === undefined) {
      addKey(into, trail, "exists");
      return NOWHERE;
    }
    anywhere = false;
    trail = next;
    gatherPredicates(step.predicates, trail, into);
  }
  addKey(into, trail, "exists");
  return { end: trail };
}

/** Gathers the conditions of predicates. A number as predicate gives none. */
function gatherPredicates(predicates: readonly Expression[], here: Trail, into: Choice[]): void {
  if (here.length === 0) return;
  for (const predicate of predicates) gather(predicate, here, into);
}

/** Returns the trail one step further down, or `undefined` if the step does not go down to elements. */
function down(
  trail: Trail,
  step: Step,
  following: Step | undefined,
  anywhere: boolean,
): Trail | undefined {
  const { axis, test } = step;
  if (axis === "self" && test.kind === "name") return narrowed(trail, test);
  if (axis === "descendant-or-self" && trail.length === 0) {
    // `//@id`: the document has no attributes, so an element below it has them.
    const element =
      test.kind === "name" || (following !== undefined && following.axis === "attribute");
    return element ? extended(trail, true, test) : undefined;
  }
  if (test.kind !== "name") return undefined;
  if (axis === "child") return extended(trail, anywhere, test);
  return axis === "descendant" ? extended(trail, true, test) : undefined;
}

/** Returns true for the `//` of `//item[2]`: the item may be at any depth among its siblings. */
function isAnywhere({ axis, test, predicates }: Step, following: Step | undefined): boolean {
  if (axis !== "descendant-or-self" || test.kind !== "node" || predicates.length > 0) return false;
  return following !== undefined && following.axis === "child" && following.test.kind === "name";
}

function extended(trail: Trail, deep: boolean, test: NodeTest): Trail | undefined {
  if (trail.length >= LONGEST_TRAIL) return undefined;
  if (deep && trail.filter((step) => step.deep).length >= MOST_DEEP) return undefined;
  const { ns, local } = test.kind === "name" ? test : { ns: undefined, local: undefined };
  return [...trail, { deep, ns, local }];
}

function narrowed(trail: Trail, test: Extract<NodeTest, { kind: "name" }>): Trail | undefined {
  const step: TrailStep | undefined = trail.at(-1);
  if (step === undefined) return undefined;
  step.ns ??= test.ns;
  step.local ??= test.local;
  return trail;
}
