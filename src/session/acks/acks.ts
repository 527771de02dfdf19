import { BrokerError } from "../../base/errors.ts";
import type { Element } from "../../xml/element.ts";
import type { TrackedDelivery } from "../delivery/delivery.ts";
import type { Item } from "../delivery/item.ts";

/** A delivery that waits for a proof. */
export interface Unproven {
  readonly delivery: TrackedDelivery;
  /** The stanza to send again, and to tell of; `undefined` where only a proof was asked for. */
  readonly item: Item | undefined;
}

/**
 * Proofs that the server has handled what was written. A session tells of everything that such proofs are made from.
 * It has one of these for as long as it lives.
 */
export interface Acks {
  /** The way over to the next link, where these proofs have one. */
  readonly resumption: Resumption | undefined;
  /** True if an answer is awaited, so that reading must go on. */
  readonly mustRead: boolean;
  /** True if a tracked stanza has no proof yet. */
  readonly hasUnproven: boolean;
  /** The tracked delivery without a proof that the caller gave this key. */
  find(key: string): TrackedDelivery | undefined;
  /** True if a stanza may be handed over now; if not, `moved` of the line tells when to ask again. */
  admits(item: Item): boolean;
  /** A stanza was handed over to the link. */
  wrote(item: Item): void;
  /** A stanza of the session's own was handed over to the link, with this text. */
  wroteOwn(text: string): void;
  /** The system has taken more; `total` counts from the link's start. */
  taken(total: number): void;
  /** A turn's write is about to leave; text that is written from inside goes with it. */
  leaving(): void;
  /** A stanza arrived; true if it was one of these proofs, and is no traffic. */
  stanza(stanza: Element): boolean;
  /** An element arrived that is no stanza; true if it was one of these proofs. */
  nonza(element: Element): boolean;
  /** Tells the server now what was handled: reading pauses, or the stream is about to be closed. */
  acknowledge(): void;
  /**
   * Resolves when everything handed over so far is proven. Rejects with `ACK_UNAVAILABLE`, and with `UNACKNOWLEDGED`
   * when the session ends before.
   */
  proof(): Promise<void>;
  /** The session is over; returns the tracked deliveries that have no proof, in order. */
  end(): readonly Unproven[];
}

/**
 * Proofs that live over several links (XEP-0198, 5):
 *
 *     suspend ── resumed ── replay      the session goes on; a cut on the way leads back to `resumed`
 *         └────── lost                  the session is gone
 */
export interface Resumption {
  /** The facts by which the proofs go on in another process. */
  readonly kept: Kept;
  /** The link is gone, and the session may go on over another one. */
  suspend(): void;
  /**
   * The server goes on and has handled `h` stanzas of ours; the login writes a ping now, which counts. Ends in
   * `PROTOCOL_ERROR` for a number that cannot be true.
   */
  resumed(h: number): void;
  /** The link carries the session: returns the stanzas to write again, in order. */
  replay(): readonly Item[];
  /** The session is gone, and the server has handled `h` stanzas of ours. A number that cannot be true proves nothing. */
  lost(h: number): void;
}

/** The counter and the stanzas of a session that goes on. */
export interface Kept {
  /** How many stanzas the server has acknowledged. */
  readonly acked: number;
  /** The others, in order; `undefined`: one of the broker's own. */
  readonly unacked: readonly (Item | undefined)[];
}

/** The session, as proofs use it. */
export interface AckLine {
  /** The address in force. */
  readonly jid: string;
  /** True if the address is a service's, and not an account's. */
  readonly isService: boolean;
  /** How many stanzas of the server's were handled: all up to this number were taken in. */
  readonly handled: number;
  /** Bytes handed over to the link so far. */
  readonly handed: number;
  /** Bytes of these that the system has not taken yet. */
  readonly unsent: number;
  /** True if the server may keep the session for another link: then stanzas are kept to be written again. */
  readonly mayGoOn: boolean;
  /** True if reading is paused, so that no answer can be heard. */
  readonly isPaused: boolean;
  /** For how long reading has been paused on this link, in milliseconds. */
  readonly pausedTime: number;
  /** Writes a stanza past the queue; false where the link takes none. */
  own(stanza: Element): boolean;
  /** Writes an element that is no stanza; false where the link takes none. */
  nonza(element: Element): boolean;
  /** An answer is awaited from now on, or no more. */
  readingChanged(): void;
  /** Something was proven or let go, so that more can be handed over. */
  moved(): void;
}

/** Makes the proofs of one session. */
export type AcksFactory = (line: AckLine) => Acks;

/** The error of a stanza whose session ended before its proof. */
export function unacknowledged(): BrokerError {
  return new BrokerError("UNACKNOWLEDGED", undefined, { retryable: true });
}
