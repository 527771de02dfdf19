import type { Delivery } from "../contract/delivery.ts";
import type { Traffic } from "../traffic/traffic.ts";

/** The result of `shutdown` and `handOver`. */
export interface Leftover {
  /** Stanzas that still wait in the queue, oldest first, without those in `unknown`. */
  readonly unsent: readonly Delivery[];
  /**
   * Tracked stanzas that the last session left without a proof. The ones that `unacked` requeues wait in the queue as
   * well. A stanza that is written and not tracked is forgotten, and so is in neither list.
   */
  readonly unknown: readonly Delivery[];
}

/** The leftover of a run, whose last session has left these deliveries without a proof. */
export function leftoverOf(
  { outbox }: Pick<Traffic, "outbox">,
  unknown: readonly Delivery[] = [],
): Leftover {
  const isUnknown = new Set(unknown);
  const waiting = [...outbox].map(({ delivery }) => delivery);
  return { unsent: waiting.filter((delivery) => !isUnknown.has(delivery)), unknown };
}
