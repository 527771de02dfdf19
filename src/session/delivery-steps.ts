import { forbiddenSteps } from "../base/state.ts";

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

/** The events of a delivery, each as the drawing of `docs/delivery.md` names it. */
export const DELIVERY_EVENTS = {
  /** The transport is given the stanza (event `sent`). */
  handOver: "handed over",
  /** The store has the stanza from an earlier process, or from an earlier run of this one. */
  find: "found in the store",
  /** The system has taken all bytes of the stanza. */
  take: "taken",
  /** A proof arrives that was asked for behind the stanza. */
  prove: "proven",
  /** The gate, the queue or the program refuses the stanza before it is handed over. */
  refuse: "refused, removed, no room",
  /** The `ttl` has passed before the stanza is handed over. */
  expire: "ttl over",
  /** The stanza comes back undelivered, and no proof came before. */
  bounce: "came back",
  /** The stanza alone has ended two streams. */
  poison: "ended two streams",
  /** The session ends without a proof, and `unacked` wants the stanza sent again. */
  requeue: "session over, requeue",
  /** The session ends without a proof; or too many wait for one, where none is to be had. */
  lose: "session over, let go",
  /** The stanza is removed, expires or is crowded out before it is sent again. It may have arrived. */
  drop: "removed, ttl over, no room",
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

/** The places by their numbers: a delivery keeps a number, since each stanza takes several steps. */
export const PLACES = Object.keys(DELIVERY_STEPS) as readonly DeliveryPlace[];

/** The number of a place. */
export const placeNumber = (place: DeliveryPlace): number => PLACES.indexOf(place);

const EVENTS = Object.keys(DELIVERY_EVENTS) as readonly DeliveryEvent[];

/** The number of an event. */
export const eventNumber = (event: DeliveryEvent): number => EVENTS.indexOf(event);

/** The width of a row of the table in numbers. */
const ROW = EVENTS.length;

/** The table once more, in numbers: the place after each event in each place; -1: it does not happen there. */
const NEXT = Int8Array.from(
  PLACES.flatMap((place) => {
    const steps: Readonly<Partial<Record<DeliveryEvent, DeliveryPlace>>> = DELIVERY_STEPS[place];
    return EVENTS.map((event) => PLACES.indexOf(steps[event] as DeliveryPlace));
  }),
);

/** Gives the place after an event. An event that the table does not allow changes nothing; under test it throws. */
export function afterEvent(place: number, event: number): number {
  const next = NEXT[place * ROW + event] ?? -1;
  if (next >= 0) return next;
  if (forbiddenSteps.throws) {
    throw new TypeError(`delivery: ${EVENTS[event]} does not happen in ${PLACES[place]}`);
  }
  return place;
}
