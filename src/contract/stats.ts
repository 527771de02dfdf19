import type { ErrorCode } from "../base/error-codes.ts";
import type { BrokerError } from "../base/errors.ts";
import type { DeliveryState } from "./delivery.ts";

/** Counts of stanzas by kind; `other` are elements that are no stanzas of RFC 6120. */
export type StanzaCounts = Record<"message" | "presence" | "iq" | "other", number>;

/** Plain counters since the broker was made. Read them; they are live. */
export class Stats {
  /** Stanzas written, by kind: the broker's own answers included, probes not. */
  readonly sent: StanzaCounts = { message: 0, presence: 0, iq: 0, other: 0 };
  /** Stanzas that arrived, by kind: answers to requests included, those to probes not. */
  readonly received: StanzaCounts = { message: 0, presence: 0, iq: 0, other: 0 };
  /** Bytes that arrived, on all connections. */
  receivedBytes = 0;
  /** Bytes of stanzas that were written, on all connections. */
  sentBytes = 0;
  /** How often a delivery went to each state. `queued` counts only those that went back to the queue. */
  readonly deliveries: Record<DeliveryState, number> = {
    queued: 0,
    written: 0,
    acked: 0,
    unknown: 0,
    failed: 0,
    expired: 0,
  };
  /**
   * Logins that became ready, and attempts that did not. `again` counts the ready ones that were not the first of
   * their run: reconnects.
   */
  readonly connects = { ready: 0, failed: 0, again: 0 };
  /** Stanzas that were handled before earlier ones, because the inbox was full. */
  overtaken = 0;
  /** The last measured round trip to the server, in milliseconds; `undefined`: none yet. */
  roundTrip: number | undefined;
  #errors: Map<ErrorCode, number> | undefined;

  /** How often each error code occurred, in events and as the end of a connection. */
  get errors(): ReadonlyMap<ErrorCode, number> {
    this.#errors ??= new Map();
    return this.#errors;
  }

  /** Counts an error. */
  failed({ code }: BrokerError): void {
    this.#errors ??= new Map();
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }
}

/** Counts a stanza by its name. */
export function count(counts: StanzaCounts, name: string): void {
  if (name === "message") counts.message++;
  else if (name === "iq") counts.iq++;
  else if (name === "presence") counts.presence++;
  else counts.other++;
}
