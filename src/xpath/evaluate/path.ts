import type { Expression, Path } from "../expression.ts";
import { type Code, type Compiler, never } from "./code.ts";
import type { Place } from "./place.ts";
import { keep } from "./predicate.ts";
import { isOrdered, shapesOf } from "./shape.ts";
import { attributeOf, attributeStep, chain } from "./step.ts";
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

function lastAttribute(path: Path): string | undefined {
  const last = path.steps.at(-1);
  return last === undefined ? undefined : attributeStep(last);
}
