import type { Expression, NodeTest, Path, Step } from "./expression.ts";
import { best, type Choice, type Key, type Relation, type Trail, type TrailStep } from "./key.ts";
import { attributeKey } from "./place.ts";

/** How long a trail gets, and how many of its steps go any distance down: what follows is left out. */
const LONGEST_TRAIL = 12;
const MOST_DEEP = 2;

/** How many keys one filter is found by at most: `@from='a' or @from='b' or …`. */
const MOST_KEYS = 1000;

/**
 * What must hold of a stanza for an expression to be true of it: every choice is necessary. Only what
 * holds without exception is gathered; whatever is not understood here gives nothing.
 */
export function keysOf(expression: Expression): Choice | undefined {
  const stanza: Trail = [{ deep: false, ns: undefined, local: undefined }];
  return best(choicesOf(expression, stanza));
}

/** The choices of an expression whose context node is at the end of `here`. */
function choicesOf(expression: Expression, here: Trail): Choice[] {
  switch (expression.kind) {
    case "path":
      return follow(expression, here).choices;
    case "and":
      return expression.operands.flatMap((operand) => choicesOf(operand, here));
    case "or":
    case "union":
      return anyOf(expression.operands, here);
    case "call":
      return choicesOfCall(expression.name, expression.args, here);
    case "compare":
      return choicesOfComparison(expression, here);
    case "number":
    case "string":
    case "boolean":
    case "variable":
    case "custom":
    case "negate":
    case "arithmetic":
      return [];
  }
}

/** Where one of several must hold, each must have a key; together they are one choice. */
function anyOf(operands: readonly Expression[], here: Trail): Choice[] {
  const keys: Key[] = [];
  for (const operand of operands) {
    // What one operand says about a step's name does not hold for the others.
    const own = here.map((step) => ({ ...step }));
    const choice = best(choicesOf(operand, own));
    if (choice === undefined) return [];
    keys.push(...choice);
  }
  return keys.length > MOST_KEYS ? [] : [keys];
}

function choicesOfCall(name: string, args: readonly Expression[], here: Trail): Choice[] {
  const [first, second] = args;
  if (first === undefined) return [];
  if (name === "boolean") return choicesOf(first, here);
  // The string of a boolean, say, is true even when that is false.
  if (name === "string") return nodeChoices(first, here);
  if (name !== "starts-with" && name !== "contains") return [];
  // The empty string is in every string, also in that of no node at all.
  if (second?.kind !== "string" || second.value === "") return [];
  return valueChoices(first, name, second.value, here);
}

function choicesOfComparison(
  { operator, left, right }: Extract<Expression, { kind: "compare" }>,
  here: Trail,
): Choice[] {
  if (operator === "=" && right.kind === "string") {
    return valueChoices(left, "equals", right.value, here);
  }
  if (operator === "=" && left.kind === "string") {
    return valueChoices(right, "equals", left.value, here);
  }
  // A comparison with a string or number is false where there is no node to compare.
  if (right.kind === "string" || right.kind === "number") return nodeChoices(left, here);
  if (left.kind === "string" || left.kind === "number") return nodeChoices(right, here);
  return [];
}

function nodeChoices(expression: Expression, here: Trail): Choice[] {
  return expression.kind === "path" ? choicesOf(expression, here) : [];
}

/** What must hold where an expression's string-value relates to a constant. */
function valueChoices(
  expression: Expression,
  relation: Relation,
  value: string,
  here: Trail,
): Choice[] {
  if (expression.kind === "call") {
    const [arg] = expression.args;
    if (arg === undefined) return [];
    // The string of no node is empty, so an empty constant needs no node.
    if (expression.name === "string" && value !== "")
      return valueChoices(arg, relation, value, here);
    return relation === "equals" ? refine(expression.name, arg, value, here) : [];
  }
  if (expression.kind !== "path") return [];
  const { choices, end, attribute } = follow(expression, here);
  return end === undefined ? choices : [...choices, ...choice(end, relation, value, attribute)];
}

/** `*[local-name() = 'x']` and `*[namespace-uri() = 'urn:x']` name the step they stand at. */
function refine(name: string, arg: Expression, value: string, here: Trail): Choice[] {
  const step = here.at(-1);
  const own = arg.kind === "path" && arg.start === "context" && arg.steps.length === 0;
  if (step === undefined || !own) return [];
  if (name === "namespace-uri") step.ns ??= value;
  if (name === "local-name" || name === "name") step.local ??= value;
  return choice(here, "exists");
}

interface Reach {
  readonly choices: Choice[];
  /** Where the path's nodes are, or whose attributes they are; `undefined` if that cannot be said. */
  readonly end: Trail | undefined;
  readonly attribute?: string;
}

/** Goes down a path as far as its steps go down; what is passed on the way must be there. */
function follow(path: Path, here: Trail): Reach {
  const choices: Choice[] = [];
  let trail: Trail;
  if (path.start === "context") trail = here;
  else if (path.start === "document") trail = [];
  else {
    if (path.start.kind !== "path") return { choices: choicesOf(path.start, here), end: undefined };
    const start = follow(path.start, here);
    choices.push(...start.choices);
    if (start.end === undefined || start.attribute !== undefined)
      return { choices, end: undefined };
    trail = start.end;
    choices.push(...predicateChoices(path.predicates, trail));
  }
  let anywhere = false;
  for (const [index, step] of path.steps.entries()) {
    if (isAnywhere(step, path.steps[index + 1])) {
      anywhere = true;
      continue;
    }
    const attribute = attributeOf(step);
    if (attribute !== undefined) {
      choices.push(...choice(trail, "exists", "", attribute));
      const last = index === path.steps.length - 1;
      return last ? { choices, end: trail, attribute } : { choices, end: undefined };
    }
    const next = down(trail, step, path.steps[index + 1], anywhere);
    anywhere = false;
    if (next === undefined) {
      choices.push(...choice(trail, "exists"));
      return { choices, end: undefined };
    }
    trail = next;
    choices.push(...predicateChoices(step.predicates, trail));
  }
  choices.push(...choice(trail, "exists"));
  return { choices, end: trail };
}

/** A choice of one key; of the document itself there is nothing to say. */
function choice(trail: Trail, relation: Relation, value = "", attribute?: string): Choice[] {
  if (trail.length === 0) return [];
  const key: Key = { trail, relation, value };
  return [[attribute === undefined ? key : { ...key, attribute }]];
}

/** A predicate must hold of the node it stands at; a positional one asks nothing but that it is there. */
function predicateChoices(predicates: readonly Expression[], here: Trail): Choice[] {
  return here.length === 0 ? [] : predicates.flatMap((predicate) => choicesOf(predicate, here));
}

/** The trail one step further down, or `undefined` where the step does not go down to elements. */
function down(
  trail: Trail,
  step: Step,
  following: Step | undefined,
  anywhere: boolean,
): Trail | undefined {
  const { axis, test } = step;
  if (axis === "self" && test.kind === "name") return narrowed(trail, test);
  if (axis === "descendant-or-self" && trail.length === 0) {
    // `//@id`: the document has no attributes, so they are those of an element below it.
    const element =
      test.kind === "name" || (following !== undefined && following.axis === "attribute");
    return element ? extended(trail, true, test) : undefined;
  }
  if (test.kind !== "name") return undefined;
  if (axis === "child") return extended(trail, anywhere, test);
  return axis === "descendant" ? extended(trail, true, test) : undefined;
}

/** The `//` of `//item[2]`: the position is among siblings, but an item at any depth will do. */
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

function attributeOf({ axis, test }: Step): string | undefined {
  if (axis !== "attribute" || test.kind !== "name") return undefined;
  const { ns, local } = test;
  return ns === undefined || local === undefined ? undefined : attributeKey(ns, local);
}
