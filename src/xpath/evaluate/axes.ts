import type { Place } from "./place.ts";
import { following, type Sink, type Walk } from "./walk.ts";

/** Hands the nodes of an axis to `sink`, nearest first, until it returns `true`; returns whether it did. */
export type Axis = (origin: Place, walk: Walk, sink: Sink) => boolean;

/** The names of the axes (XPath 1.0, 2.2). */
export type AxisName =
  | "ancestor"
  | "ancestor-or-self"
  | "attribute"
  | "child"
  | "descendant"
  | "descendant-or-self"
  | "following"
  | "following-sibling"
  | "namespace"
  | "parent"
  | "preceding"
  | "preceding-sibling"
  | "self";

/** The axes. Namespace nodes do not occur in a stanza, so their axis is empty. */
export const axes: Readonly<Record<AxisName, Axis>> = {
  child(origin, walk, sink) {
    return each(origin.children, walk, sink);
  },

  descendant(origin, walk, sink) {
    return within(origin, walk, sink);
  },

  "descendant-or-self"(origin, walk, sink) {
    walk.spend(1);
    return sink(origin, walk) || within(origin, walk, sink);
  },

  self(origin, walk, sink) {
    walk.spend(1);
    return sink(origin, walk);
  },

  parent(origin, walk, sink) {
    walk.spend(1);
    return origin.parent !== undefined && sink(origin.parent, walk);
  },

  ancestor(origin, walk, sink) {
    return upward(origin.parent, walk, sink);
  },

  "ancestor-or-self"(origin, walk, sink) {
    return upward(origin, walk, sink);
  },

  "following-sibling"(origin, walk, sink) {
    return origin.kind !== "attribute" && sideways(origin, 1, axes.self, walk, sink);
  },

  "preceding-sibling"(origin, walk, sink) {
    return origin.kind !== "attribute" && sideways(origin, -1, axes.self, walk, sink);
  },

  following(origin, walk, sink) {
    // The children of an element follow its attributes.
    if (origin.kind === "attribute" && origin.parent !== undefined) {
      if (within(origin.parent, walk, sink)) return true;
      return axes.following(origin.parent, walk, sink);
    }
    for (let up: Place | undefined = origin; up !== undefined; up = up.parent) {
      if (sideways(up, 1, axes["descendant-or-self"], walk, sink)) return true;
    }
    return false;
  },

  preceding(origin, walk, sink) {
    const from = origin.kind === "attribute" ? origin.parent : origin;
    for (let up = from; up !== undefined; up = up.parent) {
      if (sideways(up, -1, backwards, walk, sink)) return true;
    }
    return false;
  },

  attribute(origin, walk, sink) {
    return each(origin.attributes, walk, sink);
  },

  namespace() {
    return false;
  },
};

/** Returns true if there is an axis of that name. */
export function isAxis(name: string): name is AxisName {
  return Object.hasOwn(axes, name);
}

function each(places: readonly Place[], walk: Walk, sink: Sink): boolean {
  for (const place of places) {
    walk.spend(1);
    if (sink(place, walk)) return true;
  }
  return false;
}

/** Hands each sibling on one side to an axis, the nearest first. */
function sideways(place: Place, by: 1 | -1, axis: Axis, walk: Walk, sink: Sink): boolean {
  const siblings = place.parent?.children ?? [];
  for (let index = place.index + by; ; index += by) {
    const sibling = siblings[index];
    if (sibling === undefined) return false;
    if (axis(sibling, walk, sink)) return true;
  }
}

/** Walks over a place and the places above it, the nearest first. */
function upward(from: Place | undefined, walk: Walk, sink: Sink): boolean {
  for (let place = from; place !== undefined; place = place.parent) {
    walk.spend(1);
    if (sink(place, walk)) return true;
  }
  return false;
}

/** Walks over all places below a place, in document order. */
function within(top: Place, walk: Walk, sink: Sink): boolean {
  for (let place = following(top, top); place !== undefined; place = following(place, top)) {
    walk.spend(1);
    if (sink(place, walk)) return true;
  }
  return false;
}

/** Walks over a place and all places below it, in reverse document order. */
function backwards(top: Place, walk: Walk, sink: Sink): boolean {
  let place = lastWithin(top, walk);
  for (;;) {
    walk.spend(1);
    if (sink(place, walk)) return true;
    if (place === top) return false;
    const before = place.parent?.children[place.index - 1];
    place = before === undefined ? (place.parent ?? top) : lastWithin(before, walk);
  }
}

function lastWithin(top: Place, walk: Walk): Place {
  let place = top;
  for (let last = place.children.at(-1); last !== undefined; last = place.children.at(-1)) {
    walk.spend(1);
    place = last;
  }
  return place;
}
