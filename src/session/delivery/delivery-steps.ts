import { forbiddenSteps } from "../../base/state.ts";

/**
 * The machine of a delivery: for each place, the events that may happen there, and the place after each. The code
 * takes every step from this table, and `docs/delivery.md` is printed from it.
 */
export const DELIVERY_STEPS = {
  /** The stanza waits in the queue, and was never handed over. */
  queued: { handOver: "handed", find: "requeued", refuse: "failed", expire: "expired" },
  /** The transport holds the stanza, and the system has not taken all of it. It shows as `queued`. */
  handed: {
    take: "written",
    bounce: "failed",
    poison: "failed",
    requeue: "requeued",
    lose: "unknown",
  },
  /** The system's socket buffer has taken the stanza. */
  written: {
    prove: "acked",
    bounce: "failed",
    poison: "failed",
    requeue: "requeued",
    lose: "unknown",
  },
  /**
   * The stanza waits in the queue, and may have been sent: its session ended without a proof, or an earlier process put
   * it into the store. It shows as `queued`.
   */
  requeued: { handOver: "handed", drop: "unknown" },
  /** The server has handled the stanza. */
  acked: {},
  /** The server may have handled the stanza, or not. */
  unknown: {},
  /** The server has not handled the stanza, or has sent it back. */
  failed: {},
  /** The stanza waited for longer than its `ttl`, and was never handed over. */
  expired: {},
} as const satisfies Readonly<
  Record<string, Readonly<Partial<Record<DeliveryEvent, DeliveryPlace>>>>
>;

/** The events of a delivery, by their numbers: each stanza takes several steps. */
export const DELIVERY_EVENTS = {
  /** The transport is given the stanza (event `sent`). */
  handOver: 0,
  /** The store has the stanza from an earlier process, or from an earlier run of this one. */
  find: 1,
  /** The system has taken all bytes of the stanza. */
  take: 2,
  /** A proof arrives that was asked for behind the stanza. */
  prove: 3,
  /** The gate, the queue or the program refuses the stanza before it is handed over. */
  refuse: 4,
  /** The `ttl` has passed before the stanza is handed over. */
  expire: 5,
  /** The stanza comes back undelivered, and no proof came before. */
  bounce: 6,
  /** The stanza alone has ended two streams. */
  poison: 7,
  /** The session ends without a proof, and `unacked` wants the stanza sent again. */
  requeue: 8,
  /** The session ends without a proof; or too many wait for one, where none is to be had. */
  lose: 9,
  /** The stanza is removed, expires or is crowded out before it is sent again. It may have arrived. */
  drop: 10,
} as const;

/** Where a delivery is. `handed` and `requeued` show as `queued`. */
export type DeliveryPlace =
  | "queued"
  | "handed"
  | "written"
  | "requeued"
  | "acked"
  | "unknown"
  | "failed"
  | "expired";

/** An event of a delivery. */
export type DeliveryEvent = keyof typeof DELIVERY_EVENTS;

/** The places. A delivery keeps the number of its place. */
export const PLACES = Object.keys(DELIVERY_STEPS) as readonly DeliveryPlace[];

const EVENTS = Object.keys(DELIVERY_EVENTS) as readonly DeliveryEvent[];

/** The table once more, in numbers: the place after each event in each place; -1: it does not happen there. */
const NEXT = Int8Array.from(
  PLACES.flatMap((place) => {
    const steps: Readonly<Partial<Record<DeliveryEvent, DeliveryPlace>>> = DELIVERY_STEPS[place];
    return EVENTS.map((event) => PLACES.indexOf(steps[event] as DeliveryPlace));
  }),
);

/** Gives the place after an event. An event that the table does not allow changes nothing; under test it throws. */
export function afterEvent(place: number, event: number): number {
  const next = NEXT[place * EVENTS.length + event] ?? -1;
  if (next >= 0) return next;
  if (forbiddenSteps.throws) {
    throw new TypeError(`delivery: ${EVENTS[event]} does not happen in ${PLACES[place]}`);
  }
  return place;
}
