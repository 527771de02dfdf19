import { badOption, oneOf, wholeNumber } from "../../base/check.ts";
import { LIMITS } from "../../xml/limits.ts";

/**
 * How far a connection has come, in this order. The server enters a phase when it is about to give
 * the answer named here:
 *
 * | phase | the answer |
 * | --- | --- |
 * | `connect` | any, the TLS handshake on the direct TLS port included |
 * | `stream` | the stream header |
 * | `features` | `<stream:features/>` |
 * | `tls` | the TLS handshake after `<proceed/>` |
 * | `auth` | the answer to `<auth/>`, a jabber:iq:auth query or a `<handshake/>` |
 * | `bind` | the result of binding a resource or a name |
 * | `session` | the result of `<session/>` |
 * | `ready` | everything after the login |
 */
export const PHASES = [
  "connect",
  "stream",
  "features",
  "tls",
  "auth",
  "bind",
  "session",
  "ready",
] as const;

/** One of the phases of a connection; see `PHASES`. */
export type LoopbackPhase = (typeof PHASES)[number];

/** The condition of the stream error for a stanza that is too big: ejabberd's, and Prosody's. */
export type LimitCondition = "policy-violation" | "not-well-formed";

/** The most bytes of one stanza, and the stream error for more. */
export interface SizeLimit {
  readonly bytes: number;
  readonly condition: LimitCondition;
}

/** The faults in force, as the connections read them. */
export interface FaultState {
  /** Milliseconds that each write waits. */
  delay: number;
  /** True: each byte is written by itself. */
  split: boolean;
  /** The phase from which on nothing is written. */
  mute: LoopbackPhase | undefined;
  /** True: nothing is read. */
  stalled: boolean;
  limit: SizeLimit | undefined;
}

/** No fault. */
export const NO_FAULTS: Readonly<FaultState> = Object.freeze({
  delay: 0,
  split: false,
  mute: undefined,
  stalled: false,
  limit: undefined,
});

/** Two sets of faults in force at once: of each fault the worse one. */
export function together(one: Readonly<FaultState>, other: Readonly<FaultState>): FaultState {
  const mutes = PHASES.filter((phase) => phase === one.mute || phase === other.mute);
  const [limit] = [one.limit, other.limit]
    .filter((size) => size !== undefined)
    .sort((left, right) => left.bytes - right.bytes);
  return {
    delay: Math.max(one.delay, other.delay),
    split: one.split || other.split,
    mute: mutes[0],
    stalled: one.stalled || other.stalled,
    limit,
  };
}

/** The acts of a server, or of one connection, that are faults beyond their state. */
export interface FaultActions {
  /** The state has changed. */
  changed(): void;
  refuse(): void;
  accept(): Promise<void>;
  cut(): void;
  inject(bytes: Uint8Array): void;
}

/**
 * Faults on demand, of a whole server (`server.faults`) or of one of its connections. Each lasts
 * until `clear` and may be combined with the others; `cut` and `inject` happen once.
 */
export class Faults {
  readonly #state: FaultState;
  readonly #actions: FaultActions;

  constructor(state: FaultState, actions: FaultActions) {
    this.#state = state;
    this.#actions = actions;
  }

  /**
   * Stops listening on all ports: new connections are refused, those that are there live on. On one
   * connection: resets it (`ECONNRESET` on the other side), where the runtime can; else drops it.
   */
  refuse(): void {
    this.#actions.refuse();
  }

  /** Drops all connections, or this one, at once, without a closing tag. New ones are accepted. */
  cut(): void {
    this.#actions.cut();
  }

  /**
   * Holds back all that is written from now on for that many milliseconds (0 to 60,000), in order.
   * TLS's own bytes are not held back. Ends in `BAD_OPTION` for anything else.
   */
  delay(milliseconds: number): void {
    if (!(milliseconds >= 0 && milliseconds <= 60_000)) {
      throw badOption("delay", "0 to 60000 ms", milliseconds);
    }
    this.#change({ delay: milliseconds });
  }

  /**
   * Writes each byte by itself, in one system call (under TLS: in one record) and one turn of the
   * event loop a byte. How many of them the other side reads at once is for its system to say.
   */
  split(): void {
    this.#change({ split: true });
  }

  /**
   * Says nothing any more on a connection that is in that phase or a later one, or gets there. The
   * server still reads and acts, but its words are lost. Ends in `BAD_OPTION` for an unknown phase.
   */
  mute(phase: LoopbackPhase): void {
    this.#change({ mute: oneOf("phase", phase, PHASES) });
  }

  /**
   * Writes bytes (text as UTF-8) as they are to every live connection, or to this one, in any phase,
   * and even when mute; `delay` and `split` apply.
   */
  inject(bytes: string | Uint8Array): void {
    this.#actions.inject(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  }

  /**
   * Reads nothing any more. The buffers of the system fill, and then the other side cannot write. A TLS
   * handshake that has begun goes on. The end of a connection is noticed after `clear`.
   */
  stall(): void {
    this.#change({ stalled: true });
  }

  /**
   * Takes stanzas of at most that many bytes (1 to 1,048,576), the login included. A bigger one ends
   * its stream with an error: `policy-violation`, as ejabberd does it, or Prosody's
   * `not-well-formed`. Ends in `BAD_OPTION` for anything else.
   */
  limit(bytes: number, condition: LimitCondition = "policy-violation"): void {
    this.#change({
      limit: {
        bytes: wholeNumber("limit", bytes, 1, LIMITS.bytes),
        condition: oneOf("condition", condition, ["policy-violation", "not-well-formed"]),
      },
    });
  }

  /**
   * Ends all faults, those of single connections too: speaks and reads again, and listens again on
   * the same ports. Resolves when it does; rejects with `CONNECT_FAILED` if a port has been taken
   * meanwhile. Words that were swallowed while mute stay lost. On one connection: ends its own faults.
   */
  clear(): Promise<void> {
    this.#change(NO_FAULTS);
    return this.#actions.accept();
  }

  #change(changes: Partial<FaultState>): void {
    Object.assign(this.#state, changes);
    this.#actions.changed();
  }
}
