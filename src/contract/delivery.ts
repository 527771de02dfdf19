import type { BrokerError } from "../base/errors.ts";

/** The first character of the broker's own keys. A caller's key must not begin with it. */
export const OWN_KEY = "#";

/**
 * The state of a stanza. `queued`: it waits, or the system has not taken it yet. `written`: the system's socket
 * buffer has taken it. `acked`: the server has handled it. `unknown`: the session ended before the server said so.
 * `failed`, `expired`: it was not sent, or came back. `docs/delivery.md` has the table of all steps.
 */
export type DeliveryState = "queued" | "written" | "acked" | "unknown" | "failed" | "expired";

/**
 * The proof that made a delivery `acked`. `barrier`: the server answered a ping that was written behind the stanza.
 * `echo`: a ping to the own address came back, which proves less. `stream-management`: the server's
 * counter of handled stanzas (XEP-0198), used where the server offers it.
 */
export type AckedBy = "stream-management" | "barrier" | "echo";

/** The result of `send`: the fate of one stanza. Its promises are made only when they are asked for. It is no thenable. */
export interface Delivery {
  /** Names the delivery, for `queue.remove`: the broker's own key, or the caller's. It is not the stanza's `id`. */
  readonly key: string;
  /** Where the stanza is now. */
  readonly state: DeliveryState;
  /** Why it failed, expired, or is unknown. */
  readonly error: BrokerError | undefined;
  /** The proof that made it `acked`. */
  readonly ackedBy: AckedBy | undefined;
  /**
   * Resolves once the store has it on disk (option `queue.store`), so that it survives this process. Rejects with
   * `STORE_FAILED`, with `NO_STORE` where no store keeps it, and with the delivery's error if it ended before.
   */
  stored(): Promise<void>;
  /**
   * Resolves once the operating system has taken the stanza. Rejects with the delivery's error: `QUEUE_FULL`,
   * `EXPIRED`, `REMOVED`, `ILLEGAL_XML`, `TOO_LARGE`, `FOREIGN_FROM`, `MISSING_TO`, `BAD_JID`, `ALREADY_ANSWERED`,
   * `NOT_ROUTED`, `UNACKNOWLEDGED`, `POISON`.
   */
  written(): Promise<void>;
  /**
   * Resolves once the server has handled it: it is neither on the server's disk nor read by anybody for that. Rejects
   * with `ACK_UNAVAILABLE` where no proof is to be had, with `UNACKNOWLEDGED` when the session ended before, else as
   * `written` does. It stays pending while `unacked` has the stanza sent again. Ask before the session ends: nothing
   * is kept of a stanza that nobody asks about.
   */
  acked(): Promise<void>;
}
