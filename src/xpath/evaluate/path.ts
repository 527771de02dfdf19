import {
  type Expression,
  isPositional,
  type NodeTest,
  operationsIn,
  type Path,
  type Step,
  typeOf,
} from "../expression.ts";
import { isTrue } from "../value.ts";
import { type Axis, axes } from "./axes.ts";
import { all, always, type Code, type Compiler, never } from "./code.ts";
import { attributeKey, type Place } from "./place.ts";
import { isOrdered, shapesOf } from "./shape.ts";
import type { Sink, Walk } from "./walk.ts";

/**
 * Compiles a path to a function that hands its nodes to `sink` one by one, until `sink` returns
 * `true`; the function returns whether it did. `shapesOf` tells the order of the nodes, and whether
 * one may come twice.
 */
export function visit(path: Path, sink: Sink, compiler: Compiler): Code<boolean> {
  const { start } = path;
  const [last, ...gathering] = segmentsOf(path, sink, compiler).reverse();
  if (last === undefined) return never;
  let origins: Code<Iterable<Place>> | undefined;
  if (typeof start === "object") origins = originsOf(path, start, compiler);
  for (const segment of gathering.reverse()) origins = gather(segment, origins, start);
  if (origins === undefined) {
    return start === "context" ? last : (node, walk) => last(documentAbove(node, walk), walk);
  }
  const from = origins;
  return (node, walk) => {
    for (const place of from(node, walk)) if (last(place, walk)) return true;
    return false;
  };
}

/** Compiles a path to the list of its nodes, each once, in document order. */
export function collect(path: Path, compiler: Compiler): Code<readonly Place[]> {
  if (path.steps.length === 0) {
    if (path.start === "context") return (node) => [node];
    if (path.start === "document") return (node, walk) => [documentAbove(node, walk)];
    return originsOf(path, path.start, compiler);
  }
  const shape = shapesOf(path).at(-1) ?? "one";
  if (shape === "repeated") {
    const places = gather(visit(path, addUnique, compiler), undefined, "context");
    return (node, walk) => walk.sort([...places(node, walk)]);
  }
  const all = visit(path, addFound, compiler);
  const sorted = isOrdered(shape);
  return (node, walk) => {
    const outer = walk.found;
    const found: Place[] = [];
    walk.found = found;
    all(node, walk);
    walk.found = outer;
    return sorted ? found : walk.sort(found);
  };
}

/** Compiles a path to the number of its nodes, without a list where none comes twice. */
export function count(path: Path, compiler: Compiler): Code<number> {
  if (shapesOf(path).at(-1) === "repeated") {
    const nodes = collect(path, compiler);
    return (node, walk) => nodes(node, walk).length;
  }
  const each = visit(path, addOne, compiler);
  return (node, walk) => {
    const outer = walk.tally;
    walk.tally = 0;
    each(node, walk);
    const { tally } = walk;
    walk.tally = outer;
    return tally;
  };
}

/** Returns the key of the attribute in a path such as `@type`: one of the context node, and no more. */
export function ownAttribute(path: Expression): string | undefined {
  if (path.kind !== "path" || path.start !== "context" || path.steps.length !== 1) return undefined;
  return lastAttribute(path);
}

/** Compiles a path to the text of its first node in document order, or `undefined` without a node. */
export function firstText(path: Path, compiler: Compiler): Code<string | undefined> {
  const key = ownAttribute(path);
  if (key !== undefined) return (node) => attributeOf(node, key);
  const shape = path.steps.length === 0 ? "nested" : (shapesOf(path).at(-1) ?? "one");
  if (!isOrdered(shape)) {
    const nodes = collect(path, compiler);
    return (node, walk) => {
      const first = nodes(node, walk)[0];
      return first === undefined ? undefined : walk.text(first);
    };
  }
  const find = visitTexts(path, keepText, compiler);
  return (node, walk) => (find(node, walk) ? walk.kept : undefined);
}

/** Does the same as `visit` with the texts of the nodes. Attributes need no place then. */
export function visitTexts(
  path: Path,
  sink: (text: string, walk: Walk) => boolean,
  compiler: Compiler,
): Code<boolean> {
  const key = lastAttribute(path);
  if (key === undefined)
    return visit(path, (place, walk) => sink(walk.text(place), walk), compiler);
  const owners = { ...path, steps: path.steps.slice(0, -1) };
  const take: Sink = (place, walk) => {
    const value = attributeOf(place, key);
    return value !== undefined && sink(value, walk);
  };
  return visit(owners, take, compiler);
}

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

const addFound: Sink = (place, walk) => {
  walk.found.push(place);
  return false;
};

const addOne: Sink = (_place, walk) => {
  walk.tally++;
  return false;
};

const addUnique: Sink = (place, walk) => {
  walk.unique.add(place);
  return false;
};

function keepText(text: string, walk: Walk): boolean {
  walk.kept = text;
  return true;
}

function documentAbove(node: Place, walk: Walk): Place {
  if (node === walk.root) return walk.document;
  let top = node;
  while (top.parent !== undefined) top = top.parent;
  return top;
}

function originsOf(path: Path, start: Expression, compiler: Compiler): Code<readonly Place[]> {
  const nodes = compiler.nodes(start);
  const filters = path.predicates.map((predicate) => keep(predicate, compiler));
  return (node, walk) => {
    let list = nodes(node, walk);
    for (const filter of filters) list = filter(list, walk);
    return list;
  };
}

/**
 * Cuts the steps of a path into pieces; the last piece hands its nodes to `sink`. A piece ends where
 * a node may be reached twice and another step follows:
 *
 *     //a/ancestor::b/c
 *                    ^ repetitions are removed here, or each further step could multiply them
 */
function segmentsOf(path: Path, sink: Sink, compiler: Compiler): Sink[] {
  const segments: Sink[] = [];
  let from = 0;
  for (const [index, shape] of shapesOf(path).slice(0, -1).entries()) {
    if (shape !== "repeated") continue;
    segments.push(chain(path.steps.slice(from, index + 1), addUnique, compiler));
    from = index + 1;
  }
  segments.push(chain(path.steps.slice(from), sink, compiler));
  return segments;
}

/** Compiles a piece of a path to the set of its nodes, from all nodes of the pieces before it. */
function gather(
  segment: Sink,
  origins: Code<Iterable<Place>> | undefined,
  start: Path["start"],
): Code<Set<Place>> {
  return (node, walk) => {
    const from = origins?.(node, walk) ?? [start === "document" ? documentAbove(node, walk) : node];
    const outer = walk.unique;
    const unique = new Set<Place>();
    walk.unique = unique;
    for (const place of from) segment(place, walk);
    walk.unique = outer;
    return unique;
  };
}

function chain(steps: readonly Step[], sink: Sink, compiler: Compiler): Sink {
  return steps.reduceRight((next, step) => stepCode(step, next, compiler), sink);
}

function stepCode(step: Step, next: Sink, compiler: Compiler): Sink {
  const key = attributeStep(step);
  if (key !== undefined && next === always)
    return (origin) => attributeOf(origin, key) !== undefined;

  // Predicates without positions are part of the test. From the first with positions on, lists are needed.
  const counts = step.predicates.findIndex(isPositional);
  const plain = (counts < 0 ? step.predicates : step.predicates.slice(0, counts)).map((predicate) =>
    priced(predicate, compiler.boolean(predicate)),
  );
  const named = testCode(step.test, step.axis === "attribute" ? "attribute" : "element");
  if (counts >= 0) return countedStep(step, all([named, ...plain]), counts, next, compiler);
  if (step.axis === "child") return childStep(named, all([...plain, next]));
  const axis: Axis = axes[step.axis];
  const accept = all([named, ...plain, next]);
  return accept === never ? never : (origin, walk) => axis(origin, walk, accept);
}

/** Compiles the commonest step with its own loop: filters without a key are a quarter faster so. */
function childStep(test: Sink, accept: Sink): Sink {
  if (test === never || accept === never) return never;
  return (origin, walk) => {
    const { children } = origin;
    walk.spend(children.length);
    for (const place of children) if (test(place, walk) && accept(place, walk)) return true;
    return false;
  };
}

function countedStep(step: Step, test: Sink, counts: number, next: Sink, compiler: Compiler): Sink {
  const axis: Axis = axes[step.axis];
  const first = step.predicates[counts];
  const filters = step.predicates.slice(counts).map((predicate) => keep(predicate, compiler));
  // `[3]` needs three nodes at most.
  const enough = first?.kind === "number" ? first.value : Infinity;
  const gather: Sink = (place, walk) => {
    if (test(place, walk)) walk.found.push(place);
    return walk.found.length >= enough;
  };
  return (origin, walk) => {
    const outer = walk.found;
    let list: Place[] = [];
    walk.found = list;
    axis(origin, walk, gather);
    walk.found = outer;
    for (const filter of filters) list = filter(list, walk);
    for (const place of list) if (next(place, walk)) return true;
    return false;
  };
}

/** The operators and operands of a predicate that one step pays for. Fewer cost nothing. */
const OPERATIONS = 16;

/** Makes a predicate pay for its own size on each node. */
function priced(predicate: Expression, code: Code<boolean>): Code<boolean> {
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

function testCode(test: NodeTest, principal: "element" | "attribute"): Sink {
  switch (test.kind) {
    case "node":
      return always;
    case "text":
      return (place) => place.kind === "text";
    case "comment":
    case "processing-instruction":
      // The restricted XML of XMPP has no such nodes (RFC 6120, 11.1).
      return never;
    case "name": {
      const { ns, local } = test;
      if (local === undefined) {
        if (ns === undefined) return (place) => place.kind === principal;
        return (place) => place.kind === principal && place.ns === ns;
      }
      if (ns === undefined) return (place) => place.name === local && place.kind === principal;
      return (place) => place.name === local && place.ns === ns && place.kind === principal;
    }
  }
}

/** Returns the key of the attribute that a step names exactly, without predicates. */
function attributeStep(step: Step): string | undefined {
  const { axis, test, predicates } = step;
  if (axis !== "attribute" || test.kind !== "name" || predicates.length > 0) return undefined;
  if (test.ns === undefined || test.local === undefined) return undefined;
  return attributeKey(test.ns, test.local);
}

function lastAttribute(path: Path): string | undefined {
  const last = path.steps.at(-1);
  return last === undefined ? undefined : attributeStep(last);
}

/** Returns the value of the attribute that an element holds under a key. */
export function attributeOf(place: Place, key: string): string | undefined {
  if (place.kind !== "element") return undefined;
  const value: unknown = place.element.attrs[key];
  return typeof value === "string" ? value : undefined;
}
