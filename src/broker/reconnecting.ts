import { nothing } from "../base/abort.ts";
import { quiet } from "../base/deferred.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { BrokerError } from "../base/errors.ts";
import type { Phase } from "../contract/phase.ts";
import type { ReconnectSettings } from "../contract/rows/option-groups.ts";
import type { Destination } from "../link/address.ts";
import { isStreamError } from "../stream/stream-error.ts";
import type { Address } from "../transport/transport.ts";
import { Backoff, type Verdict } from "./backoff.ts";
import type { Itinerary } from "./itinerary.ts";
import type { RunParts } from "./run-parts.ts";
import type { Reached } from "./shared/reached.ts";

/** The shortest wait that the program can choose, in milliseconds: a refusal at once must not come back at once. */
const LEAST_WAIT = 100;

/** The ends after which a server is taken to be away, until another broker reaches it. */
const AWAY: ReadonlySet<ErrorCode> = new Set(["CONNECT_FAILED", "TIMEOUT_CONNECT"]);

/** The end of a connection, as the program is asked about it. */
export interface End {
  readonly error: BrokerError;
  /** The policy's verdict. */
  readonly verdict: Verdict;
  /** Where the connection had gone. */
  readonly from: Destination;
  /** The number of the try to come. */
  readonly attempt: number;
}

/** Reconnecting in one run: the policy, the program's own word, and where a server sends us. */
export class Reconnecting {
  readonly #parts: RunParts;
  readonly #options: ReconnectSettings;
  readonly #reached: Reached;
  readonly #backoff: Backoff;
  readonly #itinerary: Itinerary;
  /** When the stream that was ready last has ended. */
  #lostAt: number | undefined;
  #stopWaiting = nothing;

  constructor(parts: RunParts, options: ReconnectSettings, reached: Reached, itinerary: Itinerary) {
    this.#parts = parts;
    this.#options = options;
    this.#reached = reached;
    this.#itinerary = itinerary;
    this.#backoff = new Backoff(options, parts.runtime.clock, parts.runtime.crypto);
  }

  /** The connection in force, to that server, is ready. */
  ready(server: Address): void {
    this.#lostAt = undefined;
    this.#backoff.ready();
    this.#reached.tell(server);
  }

  /** A connection ended so, perhaps while an old session was asked for: the policy's verdict. */
  ended(error: BrokerError, isResuming: boolean): Verdict {
    return this.#backoff.ended(error, isResuming);
  }

  /** The last word on an end: the program's, where it wants one, else the policy's. */
  decide(end: End): Verdict {
    const policy = this.#redirected(end);
    if (this.#options.retry === undefined) return policy;
    let error: BrokerError;
    try {
      const answer: unknown = this.#options.retry(end.error, end.attempt);
      if (answer === false) return { ...policy, kind: "stop" };
      if (answer === true) return policy.kind === "stop" ? this.#backoff.usual() : policy;
      if (typeof answer === "number" && answer >= 0 && Number.isFinite(answer)) {
        return { ...policy, kind: "wait", delay: Math.max(answer, LEAST_WAIT) };
      }
      void quiet(Promise.resolve(answer));
      error = new BrokerError(
        "BAD_OPTION",
        "reconnect.retry must return true, false or milliseconds",
      );
    } catch (cause) {
      error = new BrokerError("HANDLER_FAILED", "of reconnect.retry", { cause });
    }
    this.#parts.instruments.failed(error, "reconnect.retry");
    return policy;
  }

  /**
   * Sets the next try, and tells of it. `window`: how long the session can be resumed, in seconds; half of that is the
   * most to wait.
   */
  wait(
    { error, attempt, from }: End,
    wanted: number,
    window: number | undefined,
    begin: () => void,
  ): void {
    const { runtime, instruments, owner } = this.#parts;
    const { clock } = runtime;
    const now = clock.now();
    this.#lostAt ??= now;
    // Once the window is over there is nothing to hurry for.
    const isInTime = window !== undefined && now - this.#lostAt < window * 1000;
    const delay = isInTime ? Math.min(wanted, window * 500) : wanted;
    const until = Math.round(clock.wall() + delay);
    const waiting: Phase = { name: "waiting", attempt, until, error };
    const stopTimer = clock.after(delay, begin);
    const isAway = AWAY.has(error.code);
    const stopListening = isAway ? this.#reached.on(from, begin) : nothing;
    this.#stopWaiting = () => {
      stopTimer();
      stopListening();
    };
    owner.change(waiting);
    // A listener may have ended the wait.
    if (owner.phase !== waiting) return;
    instruments.emit("reconnect:scheduled", { attempt, delay, error });
  }

  /** A try begins, or the run is over: nothing is waited for. */
  stopWaiting(): void {
    this.#stopWaiting();
    this.#stopWaiting = nothing;
  }

  /** Notes where the server sends us. Where that cannot be used, the usual wait follows. */
  #redirected({ error, verdict, from }: End): Verdict {
    if (verdict.kind !== "follow") return verdict;
    const text = isStreamError(error) ? error.otherHost : undefined;
    return this.#itinerary.redirect(from, text) ? verdict : this.#backoff.usual();
  }
}
