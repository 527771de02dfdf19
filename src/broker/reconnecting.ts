import { nothing } from "../base/abort.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { BrokerError } from "../base/errors.ts";
import type { Instruments } from "../contract/instruments.ts";
import type { ReconnectSettings } from "../contract/option-groups.ts";
import type { Settings } from "../contract/options.ts";
import type { Phase } from "../contract/phase.ts";
import type { Runtime } from "../contract/runtime.ts";
import { type Destination, otherDestination } from "../link/address.ts";
import { isStreamError } from "../stream/stream-error.ts";
import type { Address } from "../transport/transport.ts";
import { Backoff, type Verdict } from "./backoff.ts";
import type { RunOwner } from "./run-parts.ts";
import type { Shared } from "./shared.ts";

/** The ends after which a server is taken to be away, until another broker reaches it. */
const AWAY: ReadonlySet<ErrorCode> = new Set(["CONNECT_FAILED", "TIMEOUT_CONNECT"]);

/** The parts of reconnecting. */
export interface ReconnectingParts {
  readonly settings: Settings;
  readonly options: ReconnectSettings;
  readonly runtime: Runtime;
  readonly instruments: Instruments;
  readonly shared: Shared;
  readonly owner: RunOwner;
  /** Called when the machine has woken, or its network is back. */
  readonly woken: () => void;
}

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
  readonly #parts: ReconnectingParts;
  readonly #backoff: Backoff;
  readonly #stopListening: () => void;
  readonly #letGo: () => void;
  #hop: Destination | undefined;
  #stopWaiting = nothing;

  constructor(parts: ReconnectingParts) {
    const { options, runtime, shared, woken } = parts;
    this.#parts = parts;
    this.#backoff = new Backoff(options, runtime.clock, runtime.crypto);
    this.#stopListening = shared.awakening.on(woken);
    // There are moments with neither a socket nor a wait: a run that comes back outlasts them.
    this.#letGo = runtime.clock.after(Number.POSITIVE_INFINITY, nothing, true);
  }

  /** The connection in force, to that server, is ready. */
  ready(server: Address): void {
    this.#backoff.ready();
    this.#parts.shared.reached.tell(server);
  }

  /** A connection ended so: the policy's verdict. */
  ended(error: BrokerError): Verdict {
    return this.#backoff.ended(error);
  }

  /** Where the server sends the next try, if it does. Asking forgets it. */
  takeHop(): Destination | undefined {
    const hop = this.#hop;
    this.#hop = undefined;
    return hop;
  }

  /** The last word on an end: the program's, where it wants one, else the policy's. */
  decide(end: End): Verdict {
    const policy = this.#redirected(end);
    const { options, instruments } = this.#parts;
    if (options.retry === undefined) return policy;
    try {
      const answer: unknown = options.retry(end.error, end.attempt);
      if (answer === false) return { ...policy, kind: "stop" };
      if (answer === true) return policy.kind === "stop" ? this.#backoff.usual() : policy;
      if (typeof answer === "number" && answer >= 0 && Number.isFinite(answer)) {
        return { ...policy, kind: "wait", delay: answer };
      }
      const detail = "reconnect.retry must return true, false or milliseconds";
      instruments.failed(new BrokerError("BAD_OPTION", detail), "reconnect.retry");
    } catch (cause) {
      const failed = new BrokerError("HANDLER_FAILED", "of reconnect.retry", { cause });
      instruments.failed(failed, "reconnect.retry");
    }
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
    const { runtime, instruments, owner, shared } = this.#parts;
    const { clock } = runtime;
    const delay = window === undefined ? wanted : Math.min(wanted, window * 500);
    const until = Math.round(clock.wall() + delay);
    const waiting: Phase = { name: "waiting", attempt, until, error };
    const stopTimer = clock.after(delay, begin);
    const isAway = AWAY.has(error.code);
    const stopListening = isAway ? shared.reached.on(from, begin) : nothing;
    this.#stopWaiting = () => {
      stopTimer();
      stopListening();
    };
    owner.change(waiting);
    // A listener may have ended the wait.
    if (owner.phase !== waiting) return;
    instruments.emit("reconnect:scheduled", { attempt, delay, error });
  }

  /** A try begins: nothing is waited for. */
  stopWaiting(): void {
    this.#stopWaiting();
    this.#stopWaiting = nothing;
  }

  /** The run is over: nothing of it keeps the process alive. */
  stop(): void {
    this.stopWaiting();
    this.#stopListening();
    this.#letGo();
  }

  /** Notes where the server sends us. Where that cannot be used, the usual wait follows. */
  #redirected({ error, verdict, from }: End): Verdict {
    if (verdict.kind !== "follow") return verdict;
    const text = isStreamError(error) ? error.otherHost : undefined;
    this.#hop = otherDestination(this.#parts.settings, from, text);
    return this.#hop === undefined ? this.#backoff.usual() : verdict;
  }
}
