import { isPositional, type NodeTest, type Step } from "../expression.ts";
import { type Axis, axes } from "./axes.ts";
import { all, always, type Compiler, never } from "./code.ts";
import { attributeKey, type Place } from "./place.ts";
import { keep, priced } from "./predicate.ts";
import type { Sink } from "./walk.ts";

/** Compiles steps to a function of their origin, which hands the nodes after the last step to `sink`. */
export function chain(steps: readonly Step[], sink: Sink, compiler: Compiler): Sink {
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
export function attributeStep(step: Step): string | undefined {
  return step.predicates.length > 0 ? undefined : attributeNamed(step);
}

/** Returns the key of the attribute that a step names exactly. */
export function attributeNamed({ axis, test }: Step): string | undefined {
  if (axis !== "attribute" || test.kind !== "name") return undefined;
  const { ns, local } = test;
  return ns === undefined || local === undefined ? undefined : attributeKey(ns, local);
}

/** Returns the value of the attribute that an element holds under a key. */
export function attributeOf(place: Place, key: string): string | undefined {
  if (place.kind !== "element") return undefined;
  const value: unknown = place.element.attrs[key];
  return typeof value === "string" ? value : undefined;
}
