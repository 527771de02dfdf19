import type { Path } from "../expression.ts";
import type { AxisName } from "./axes.ts";

/**
 * The order in which a path hands over its nodes, known before evaluation:
 *
 * - `one`: at most one;
 * - `flat`: in document order, each once, none inside another;
 * - `nested`: in document order, each once;
 * - `loose`: each once, in any order;
 * - `repeated`: in any order, some perhaps several times.
 */
export type Shape = "one" | "flat" | "nested" | "loose" | "repeated";

const FROM_ONE: Readonly<Record<AxisName, Shape>> = {
  self: "one",
  parent: "one",
  namespace: "one",
  child: "flat",
  attribute: "flat",
  "following-sibling": "flat",
  descendant: "nested",
  "descendant-or-self": "nested",
  following: "nested",
  ancestor: "loose",
  "ancestor-or-self": "loose",
  preceding: "loose",
  "preceding-sibling": "loose",
};

/** Returns the shape after one more step from nodes of a shape. */
export function shapeAfter(shape: Shape, axis: AxisName): Shape {
  if (shape === "one") return FROM_ONE[axis];
  if (axis === "self") return shape;
  if (axis === "child") return shape === "flat" ? "flat" : shape === "nested" ? "loose" : shape;
  if (axis === "attribute") return shape === "nested" ? "flat" : shape;
  if (shape === "flat" && (axis === "descendant" || axis === "descendant-or-self")) return "nested";
  return "repeated";
}

/** Returns the shape after each step of a path. Repetitions are removed between steps. */
export function shapesOf(path: Path): readonly Shape[] {
  let shape: Shape = typeof path.start === "object" ? "nested" : "one";
  return path.steps.map((step) => {
    shape = shapeAfter(shape === "repeated" ? "loose" : shape, step.axis);
    return shape;
  });
}

/** Returns true if nodes of a shape come in document order. */
export function isOrdered(shape: Shape): boolean {
  return shape === "one" || shape === "flat" || shape === "nested";
}
