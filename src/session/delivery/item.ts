import type { Clock } from "../../base/clock.ts";
import type { Element } from "../../xml/element.ts";
import type { TrackedDelivery } from "./delivery.ts";

/** The facts of an item whose stanza is kept until it is proven. */
export interface Tracked {
  /** When it was sent, in milliseconds since 1970. */
  readonly sentAt: number;
  /** The same, by the clock that nobody sets. */
  readonly since: number;
  /** True if it is the answer of a responder. */
  readonly isAnswer: boolean;
  /** How often it went back to the queue. */
  tries: number;
  /** True if a stream may have ended for it: then it goes alone. */
  isSuspect: boolean;
  /** How many streams ended for it alone. */
  strikes: number;
}

/** A stanza on its way out: its text on the wire, as it was when it was sent. */
export interface Item {
  readonly delivery: TrackedDelivery;
  readonly stanza: Element;
  readonly text: string;
  readonly bytes: number;
  /** The part that comes back if it cannot be delivered, on dialects where something does. */
  readonly returning: Element | undefined;
  /** When it expires, by the clock; `undefined`: never. */
  readonly expires: number | undefined;
  /** The request that it asks, if it asks one: it joins the session that the item is handed over to. */
  readonly request: { session: object | undefined } | undefined;
  /** Set where the stanza is kept until it is proven. */
  tracked: Tracked | undefined;
  /** How many bytes the link had been given after it; 0 while it waits. */
  at: number;
}

/** The facts of an item that is sent now. */
export function tracked(clock: Clock, isAnswer: boolean): Tracked {
  const sentAt = clock.wall();
  const since = clock.now();
  return { sentAt, since, isAnswer, tries: 0, isSuspect: false, strikes: 0 };
}

/** The facts of an item that another process has sent; `since` is when, by the clock of this one. */
export function sentBefore(sentAt: number, since: number, tries: number): Tracked {
  return { sentAt, since, isAnswer: false, tries, isSuspect: false, strikes: 0 };
}

/** The same item to be kept: with a stanza that the caller cannot change any more. */
export function keep(item: Item, facts: Tracked | undefined): Item {
  return { ...item, stanza: item.stanza.clone(), tracked: facts };
}

/** An item that has no text yet, or never gets one. (Every item has the same members: so they are written faster.) */
export function unwritten(
  delivery: TrackedDelivery,
  stanza: Element,
  expires: number | undefined,
): Item {
  return {
    delivery,
    stanza,
    text: "",
    bytes: 0,
    returning: undefined,
    expires,
    request: undefined,
    tracked: undefined,
    at: 0,
  };
}
