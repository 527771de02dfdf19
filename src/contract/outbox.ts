import type { Element } from "../xml/element.ts";
import type { Delivery } from "./delivery.ts";

/** A stanza that waits to be sent. */
export interface QueuedStanza {
  /** The result of `send` for it. */
  readonly delivery: Delivery;
  /** As it was when it was sent; changing it changes nothing. */
  readonly stanza: Element;
}

/** The queue of stanzas that could not be sent yet, as the caller sees it. Iterates oldest first. */
export interface Outbox extends Iterable<QueuedStanza> {
  /** How many stanzas wait: those held for a connection, and those behind a socket that does not take them. */
  readonly size: number;
  /** How many bytes they come to on the wire. */
  readonly bytes: number;
  /** Bytes given to the connection that the operating system has not taken yet. */
  readonly unsent: number;
  /** Sends what is held, in order; returns how many stanzas that were: 0 unless the broker is ready. */
  flush(): number;
  /**
   * Takes one back, by its delivery's key; false if it does not wait. It fails with `REMOVED`. One that was sent before
   * and waits to be sent again becomes `unknown`.
   */
  remove(key: string): boolean;
  /** Takes all back; returns how many there were. */
  clear(): number;
  /**
   * Resolves once there is room: fewer than half of `queue.limit` stanzas wait, and they and `unsent` come to less
   * than half of `queue.bytes`, and `unsent` is below `queue.highWater`.
   */
  room(): Promise<void>;
}
