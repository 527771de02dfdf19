import type { Element } from "../xml/element.ts";
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
