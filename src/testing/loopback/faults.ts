import { BrokerError } from "../../base/errors.ts";

/**
 * How far a connection has come, in this order. The server enters a phase when it is about to give
 * the answer named here:
 *
 * | phase | the answer |
 * | --- | --- |
 * | `connect` | anything at all, the TLS handshake on the direct TLS port included |
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

/** The faults in force, as the connections read them. */
export interface FaultState {
  /** Milliseconds that each write waits. */
  delay: number;
  /** Whether each byte is written by itself. */
  split: boolean;
  /** The phase from which on nothing is written. */
  mute: LoopbackPhase | undefined;
}

/** What the faults do to the server beyond their state. */
export interface FaultActions {
  refuse(): void;
  accept(): Promise<void>;
  cut(): void;
  inject(bytes: Uint8Array): void;
}

/**
 * What can go wrong with a server, on demand. Each fault lasts until `clear` and may be combined
 * with the others; `cut` and `inject` happen once.
 */
export class Faults {
  readonly #state: FaultState;
  readonly #actions: FaultActions;

  constructor(state: FaultState, actions: FaultActions) {
    this.#state = state;
    this.#actions = actions;
  }

  /** Stops listening on all ports: new connections are refused, those there are live on. */
  refuse(): void {
    this.#actions.refuse();
  }

  /** Drops all connections at once, without a closing tag. New ones are accepted. */
  cut(): void {
    this.#actions.cut();
  }

  /**
   * Holds back everything the server writes from now on for that many milliseconds (0 to 60000),
   * in order; TLS's own bytes are not held back. Ends in `BAD_OPTION` for anything else.
   */
  delay(milliseconds: number): void {
    if (!(milliseconds >= 0 && milliseconds <= 60_000)) {
      throw new BrokerError("BAD_OPTION", `delay must be 0 to 60000 ms, got ${milliseconds}`);
    }
    this.#state.delay = milliseconds;
  }

  /**
   * Writes each byte by itself, in one system call (under TLS: in one record) and one turn of the
   * event loop a byte. What the other side reads at once is still for its system to say.
   */
  split(): void {
    this.#state.split = true;
  }

  /**
   * Says nothing any more on any connection that is in that phase or a later one, or gets there:
   * the server still reads and acts, but what it would write is lost. Ends in `BAD_OPTION` for an
   * unknown phase.
   */
  mute(phase: LoopbackPhase): void {
    if (!PHASES.includes(phase)) {
      const wanted = PHASES.join(", ");
      throw new BrokerError("BAD_OPTION", `phase must be one of ${wanted}, got ${phase}`);
    }
    this.#state.mute = phase;
  }

  /**
   * Writes bytes (text as UTF-8) as they are to every live connection, whatever its phase, and even
   * when mute; `delay` and `split` apply.
   */
  inject(bytes: string | Uint8Array): void {
    this.#actions.inject(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  }

  /**
   * Ends all faults: listens again on the same ports (resolves when it does, rejects with
   * `CONNECT_FAILED` if one has been taken meanwhile), speaks again on live connections. What
   * was swallowed while mute stays lost.
   */
  clear(): Promise<void> {
    Object.assign(this.#state, NO_FAULTS);
    return this.#actions.accept();
  }
}

/** How a server begins. */
export const NO_FAULTS: Readonly<FaultState> = Object.freeze({
  delay: 0,
  split: false,
  mute: undefined,
});
