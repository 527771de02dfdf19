import { aborted, onAbort, shutDown } from "../base/abort.ts";
import { deferred, Outcome, quiet } from "../base/deferred.ts";
import { BrokerError } from "../base/errors.ts";
import type { Ready } from "../contract/events.ts";
import { Instruments } from "../contract/instruments.ts";
import { type BrokerOptions, type Settings, settle } from "../contract/options.ts";
import { type Phase, TRANSITIONS } from "../contract/phase.ts";
import {
  type ConnectOptions,
  callOptions,
  type GivenAddress,
} from "../contract/rows/call-options.ts";
import { keyOf } from "../contract/rows/tls-options.ts";
import type { Runtime } from "../contract/runtime.ts";
import type { SessionState } from "../contract/session-state.ts";
import { traceTarget } from "../contract/trace.ts";
import { carriedJid } from "../jid/carried.ts";
import { settleAddress } from "../link/address.ts";
import type { Link } from "../link/link.ts";
import { Memory } from "../negotiate/memory.ts";
import type { Session } from "../session/session.ts";
import { Traffic } from "../traffic/traffic.ts";
import { Bound } from "./bound.ts";
import { close } from "./ending/close.ts";
import { detach } from "./ending/detach.ts";
import { handOver } from "./ending/hand-over.ts";
import { isGiven } from "./itinerary.ts";
import { type Leftover, leftoverOf } from "./leftover.ts";
import { refusal } from "./refusal.ts";
import { handedOn, Run } from "./run.ts";
import type { RunOwner, RunParts } from "./run-parts.ts";
import { sharedBy } from "./shared/shared.ts";
import { contextOf } from "./stream-context.ts";

/** The address of a broker that connects where its options say. */
const NOWHERE_ELSE: GivenAddress = {};

/**
 * The life of a broker: its phase, and the run in force. One function changes the phase.
 *
 *     idle ── connect ── a run ── shutdown, halt, an error, or the policy's word ── idle
 */
export class Lifecycle implements RunOwner {
  readonly settings: Settings;
  readonly instruments: Instruments;
  readonly traffic: Traffic;
  /** Counts the tries since the broker was last ready. */
  attempt = 0;
  readonly #parts: RunParts;
  #phase: Phase = { name: "idle" };
  #address: GivenAddress | undefined;
  #run: Run | undefined;
  /** Counts the calls that end a run: a `connect` that waits for a run to end is called off by one. */
  #endings = 0;
  #closed = new Outcome<BrokerError>();
  /** The session that another broker has detached, until a run has it. */
  #restored: Session | undefined;
  /** The session that this one has detached, until it connects again. */
  #detached: SessionState | undefined;
  #hasStarted = false;

  constructor(options: BrokerOptions, runtime: Runtime) {
    const { settings, session } = withoutTexts(settle(options, runtime.lookup));
    this.settings = settings;
    const context = contextOf(settings);
    const { clock, crypto, filterTable } = runtime;
    const target = traceTarget(settings.trace, runtime.trace.bind(runtime));
    const instruments = new Instruments(context, clock, target);
    this.instruments = instruments;
    this.traffic = new Traffic({ settings, context, crypto, clock, instruments, filterTable });
    this.traffic.outbox.onStop = (error) => {
      this.#run?.fail(error);
    };
    this.#parts = {
      settings,
      runtime,
      instruments,
      traffic: this.traffic,
      context,
      connect: settings.transport ?? runtime.connect,
      key: keyOf(options),
      memory: new Memory(),
      owner: this,
      shared: settings.reconnect === false ? undefined : sharedBy(runtime),
    };
    if (session === undefined) return;
    this.#restored = this.traffic.restore(session);
    // Where it cannot go on, the next one has the same address.
    this.#parts.memory.resource = carriedJid(session.jid).resource;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get link(): Link | undefined {
    return this.#run?.link;
  }

  get session(): Session | undefined {
    return this.#run?.bound.session;
  }

  get closed(): Promise<BrokerError | undefined> {
    return this.#closed.promise;
  }

  /** Connects and logs in. */
  connect(options: ConnectOptions = NOWHERE_ELSE): Promise<Ready> {
    try {
      const { signal, ...address } = callOptions("connect", options);
      if (signal?.aborted === true) throw aborted(signal);
      const given = isGiven(address) ? address : (this.#address ?? NOWHERE_ELSE);
      const destination = settleAddress(this.settings, given);
      const run = this.#run;
      if (run?.isEnding === true || this.#isClosing(run)) {
        const before = run?.ending ?? this.#closed.promise;
        return quiet(this.#connectAfter(before, { ...given, signal }));
      }
      const opening = run === undefined ? this.traffic.outbox.open() : undefined;
      if (opening !== undefined) return quiet(this.#connectAfter(opening, { ...given, signal }));
      if (run === undefined) {
        this.#address = given;
        return this.#until(signal, this.#start(given));
      }
      const { host, port } = run.destination;
      // (The endpoint in force may have been looked up.)
      const isElsewhere =
        isGiven(address) && (host !== destination.host || port !== destination.port);
      if (this.#phase.name !== "ready" && isElsewhere) {
        throw new BrokerError("BUSY", `with ${host}:${port}`);
      }
      return this.#until(signal, run);
    } catch (error) {
      return refusal(error);
    }
  }

  /** Leaves the link in force and connects anew. The run goes on, and so does a session that can be resumed. */
  reconnect(options: GivenAddress = NOWHERE_ELSE): Promise<Ready> {
    try {
      const given = isGiven(options) ? options : (this.#address ?? NOWHERE_ELSE);
      const destination = settleAddress(this.settings, given);
      const run = this.#run;
      if (run === undefined) return this.connect(given);
      if (["closing", "handing-over", "detaching"].includes(run.state)) {
        throw new BrokerError("ABORTED", "the broker is shutting down");
      }
      // The server has ended this run already: the next one begins.
      if (run.isEnding) {
        this.halt();
        return this.connect(given);
      }
      this.#address = given;
      run.renew(destination, given);
      return this.#run === run ? run.ready : this.connect(given);
    } catch (error) {
      return refusal(error);
    }
  }

  /** Ends in order. */
  async shutdown(timeout: number): Promise<Leftover> {
    this.#endings++;
    const run = this.#run;
    await run?.end(() => close(run, this.#parts, timeout));
    const leftover = leftoverOf(this.traffic, run?.bound.unknown);
    if (this.#run === undefined) await this.traffic.outbox.close();
    return leftover;
  }

  /** Drops the connection at once. */
  halt(): void {
    this.#endings++;
    this.#run?.halt();
    if (this.#run === undefined) void this.traffic.outbox.close();
  }

  /** Leaves the place to another process. A broker that is not ready has none: it is shut down. */
  async handOver(): Promise<Leftover> {
    const { shutdown } = this.settings.timeouts;
    const run = this.#run;
    const isReady = this.#phase.name === "ready" && run?.state !== "closing";
    if (run === undefined || !isReady) return await this.shutdown(shutdown);
    this.#endings++;
    run.handingOver ??= handOver(run, this.#parts, shutdown);
    await run.handingOver;
    return leftoverOf(this.traffic, run.bound.unknown);
  }

  /** Lets the session go on in another process. Where it cannot, ends in order. */
  async detach(): Promise<SessionState | undefined> {
    const run = this.#run;
    if (run === undefined) {
      // A connect may wait for the store.
      this.#endings++;
      const restored = this.#restored;
      this.#restored = undefined;
      this.#detached ??= new Bound(this.#parts, restored).detach(handedOn());
      const state = this.#detached;
      if (this.#run === undefined) await this.traffic.outbox.close();
      return state;
    }
    const { shutdown } = this.settings.timeouts;
    const session = run.bound.resuming;
    if (run.ending !== undefined) await run.ending;
    else if (session === undefined || ["handing-over", "moving"].includes(run.state)) {
      await this.shutdown(shutdown);
    } else {
      this.#endings++;
      await run.end(() => detach(run, session, this.#parts, shutdown));
      // A listener of the end may have begun the next run.
      if (this.#run === undefined) this.#detached = run.detached;
    }
    return run.detached;
  }

  // The view of the run.

  change(to: Phase): void {
    const from = this.#phase;
    // A later report about a layer that is over changes nothing.
    if (!TRANSITIONS[from.name].includes(to.name)) return;
    this.#phase = to;
    this.instruments.emit("phase", { from, to });
  }

  over(run: object, untried: Session | undefined): void {
    if (this.#run === run) this.#run = undefined;
    this.#restored = untried;
  }

  /** True if the phase is about an end after which nothing of this run follows. */
  #isClosing(run: Run | undefined): boolean {
    if (this.#phase.name !== "closing" || run?.state === "moving") return false;
    return run === undefined || this.settings.reconnect === false;
  }

  /** Connects after something, unless a call or the signal ends what is to come. */
  async #connectAfter(before: Promise<unknown>, options: ConnectOptions): Promise<Ready> {
    const { signal } = options;
    const endings = this.#endings;
    const given = deferred<never>();
    const stop = onAbort(signal, () => {
      given.reject(aborted(signal));
    });
    await Promise.race([before, given.promise]).finally(stop);
    if (this.#endings !== endings) throw shutDown();
    return await this.connect(options);
  }

  #start(given: GivenAddress): Run {
    // The promise handed out before the first run belongs to it.
    if (this.#hasStarted) this.#closed = new Outcome();
    this.#hasStarted = true;
    const destination = settleAddress(this.settings, given);
    const run = new Run(this.#parts, this.#closed, destination, given, this.#restored);
    this.#run = run;
    this.#restored = undefined;
    this.#detached = undefined;
    run.begin();
    return run;
  }

  /** The promise of `connect`: until it is settled, the signal ends the run. */
  #until(signal: AbortSignal | undefined, run: Run): Promise<Ready> {
    const { ready } = run;
    if (signal === undefined) return ready;
    const stop = onAbort(signal, () => {
      // The promise of a ready broker is about to settle.
      if (this.#run !== run || this.#phase.name === "ready") return;
      this.#endings++;
      run.halt(aborted(signal));
    });
    ready.then(stop, stop);
    return ready;
  }
}

/** The settings, and apart from them the session with its stanzas: these must not be kept as long as the broker. */
function withoutTexts(
  settings: Settings,
): Pick<Settings, "session"> & { readonly settings: Settings } {
  const { session } = settings;
  if (session === undefined) return { settings, session };
  return {
    settings: Object.freeze({ ...settings, session: { ...session, unacked: [] } }),
    session,
  };
}
