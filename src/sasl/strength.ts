import { type Mechanism, reveals } from "./mechanism.ts";

/** The strengths, from the weakest to the strongest. */
const STRENGTHS = ["revealing", "concealing", "mutual"] as const;

/**
 * How well a login guards its secret. `revealing`: the server is shown the secret. `concealing`: it is
 * not. `mutual`: nor is it, and the server proves that it knows the secret too.
 */
export type Strength = (typeof STRENGTHS)[number];

/** The strength of a mechanism. */
export function strengthOf(mechanism: Pick<Mechanism, "mutual" | "revealsSecret">): Strength {
  if (mechanism.mutual) return "mutual";
  return reveals(mechanism) ? "revealing" : "concealing";
}

/** Tells whether a strength is at least another. */
export function isAtLeast(strength: Strength, least: Strength): boolean {
  return STRENGTHS.indexOf(strength) >= STRENGTHS.indexOf(least);
}
