import { nothing } from "../base/abort.ts";
import { within } from "../base/clock.ts";
import { type Deferred, deferred, Outcome, quiet } from "../base/deferred.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Ready } from "../contract/events.ts";
import { Instruments } from "../contract/instruments.ts";
import { type BrokerOptions, type Settings, settle } from "../contract/options.ts";
import { type Phase, TRANSITIONS } from "../contract/phase.ts";
import type { Runtime } from "../contract/runtime.ts";
import { keyOf } from "../contract/tls-options.ts";
import { traceTarget } from "../contract/trace.ts";
import { type Destination, type GivenAddress, settleAddress } from "../link/address.ts";
import { Link, type LinkOwner } from "../link/link.ts";
import type { LoginResult } from "../negotiate/login.ts";
import { Memory } from "../negotiate/memory.ts";
import type { Session } from "../session/session.ts";
import type { ChannelFactory } from "../stream/channel.ts";
import type { StreamContext } from "../stream/framing.ts";
import { Traffic } from "../traffic/traffic.ts";
import type { TransportFactory } from "../transport/transport.ts";
import { NS } from "../xml/namespaces.ts";

/** The address of a broker that connects where its options say. */
const NOWHERE_ELSE: GivenAddress = {};

/** Most programs have one dialect, whose streams all have the same declarations. */
let lastContext: StreamContext = { ns: NS.client, prefixes: { stream: NS.stream } };

/** The declarations above every element of a broker's streams. */
function contextOf({ dialect, overrides }: Settings): StreamContext {
  const ns = overrides.xmlns ?? dialect.contentNamespace;
  const stream = overrides.stream ?? NS.stream;
  if (lastContext.ns !== ns || lastContext.prefixes.stream !== stream) {
    lastContext = { ns, prefixes: { stream } };
  }
  return lastContext;
}

/** Shared by all runs without such deliveries. */
const NONE: readonly Delivery[] = [];

/** The result of `shutdown`. */
export interface Leftover {
  /** Stanzas that still wait in the queue, oldest first. */
  readonly unsent: readonly Delivery[];
  /** Stanzas that were handed over, and of which nothing more is known. */
  readonly unknown: readonly Delivery[];
}

/** One run of the broker, from `connect` until it has stopped. */
interface Run {
  /** Settled by the attempt in force. */
  ready: Deferred<Ready>;
  readonly closed: Outcome<BrokerError>;
  /** Why it ended, if we did not want it. */
  error: BrokerError | undefined;
  /** Its shutdown, once that has begun. */
  closing: Promise<undefined> | undefined;
  /** `reconnect` was called: the end of the link in force is not the end of the run. */
  goesOn: boolean;
  /** Deliveries of which nothing is known, at the end of the last link. */
  unknown: readonly Delivery[];
}

/**
 * The life of a broker: its phase, the run, the link and the session in force. One function changes the phase.
 *
 *     idle ── connect ── link ── session ── ready ── shutdown, halt or an error ── idle
 */
export class Lifecycle implements LinkOwner {
  readonly settings: Settings;
  readonly instruments: Instruments;
  readonly traffic: Traffic;
  readonly #runtime: Runtime;
  readonly #connect: TransportFactory | ChannelFactory;
  readonly #key: string | undefined;
  readonly #context: StreamContext;
  readonly #memory = new Memory();
  /** Counts the tries since the broker was last ready. */
  #attempt = 0;
  #phase: Phase = { name: "idle" };
  #address: GivenAddress | undefined;
  #run: Run | undefined;
  #link: Link | undefined;
  #session: Session | undefined;
  /** Counts the calls that end a run: a `connect` that waits for a run to end is called off by one. */
  #endings = 0;
  #closed = new Outcome<BrokerError>();
  #hasStarted = false;

  constructor(options: BrokerOptions, runtime: Runtime) {
    this.settings = settle(options);
    this.#runtime = runtime;
    this.#connect = this.settings.transport ?? runtime.connect;
    this.#key = keyOf(options);
    this.#context = contextOf(this.settings);
    const target = traceTarget(this.settings.trace, runtime.trace.bind(runtime));
    this.instruments = new Instruments(this.#context, runtime.clock, target);
    this.traffic = new Traffic({
      settings: this.settings,
      context: this.#context,
      crypto: runtime.crypto,
      clock: runtime.clock,
      instruments: this.instruments,
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  get closed(): Promise<BrokerError | undefined> {
    return this.#closed.promise;
  }

  /** Connects and logs in. */
  connect(address?: GivenAddress): Promise<Ready> {
    try {
      const given = address ?? this.#address ?? NOWHERE_ELSE;
      const destination = settleAddress(this.settings, given);
      const run = this.#run;
      // The last connection may still be saying goodbye, whatever the phase calls it as yet.
      const isEnding = run?.closing !== undefined || this.#link?.isEnding === true;
      if (isEnding || this.#phase.name === "closing") return quiet(this.#connectLater(given));
      if (run === undefined) {
        this.#address = given;
        return this.#start(destination, given);
      }
      const { host, port } = this.#link?.destination ?? destination;
      const isElsewhere = host !== destination.host || port !== destination.port;
      if (this.#phase.name !== "ready" && isElsewhere) {
        throw new BrokerError("BUSY", `with ${host}:${port}`);
      }
      return run.ready.promise;
    } catch (error) {
      return quiet(Promise.reject(asBrokerError(error, "BAD_OPTION")));
    }
  }

  /** Leaves the link in force and connects anew. The run goes on, and so does a session that can be resumed. */
  reconnect(address?: GivenAddress): Promise<Ready> {
    try {
      const given = address ?? this.#address ?? NOWHERE_ELSE;
      const destination = settleAddress(this.settings, given);
      const run = this.#run;
      const link = this.#link;
      if (run === undefined || link === undefined) return this.connect(given);
      if (run.closing !== undefined) {
        throw new BrokerError("ABORTED", "the broker is shutting down");
      }
      // The server has ended this run already: the next one begins.
      if (link.isEnding) {
        this.halt();
        return this.connect(given);
      }
      this.#address = given;
      run.ready.reject(new BrokerError("ABORTED", "the broker connects anew"));
      run.ready = readiness();
      run.goesOn = true;
      link.destroy();
      this.linkGone(link);
      run.goesOn = false;
      // A listener may have ended the run, or begun another attempt.
      if (this.#run !== run || this.#link !== undefined) return this.connect(given);
      return this.#begin(run, destination, given);
    } catch (error) {
      return quiet(Promise.reject(asBrokerError(error, "BAD_OPTION")));
    }
  }

  /** Ends in order. */
  async shutdown(timeout: number): Promise<Leftover> {
    this.#endings++;
    const run = this.#run;
    if (run !== undefined) {
      if (run.closing === undefined) {
        const done = deferred<undefined>();
        run.closing = done.promise;
        await this.#close(run, timeout);
        done.resolve(undefined);
      }
      await run.closing;
    }
    return {
      unsent: [...this.traffic.outbox].map(({ delivery }) => delivery),
      unknown: run?.unknown ?? NONE,
    };
  }

  /** Drops the connection at once. */
  halt(): void {
    this.#endings++;
    const link = this.#link;
    if (link === undefined) return;
    link.destroy();
    this.linkGone(link);
  }

  // The link's view.

  change(to: Phase): void {
    const from = this.#phase;
    // A later report about a layer that is over changes nothing.
    if (!TRANSITIONS[from.name].includes(to.name)) return;
    this.#phase = to;
    this.instruments.emit("phase", { from, to });
  }

  linkEnded(link: Link, error: BrokerError | undefined): void {
    // The next endpoint is tried before the run is given up.
    if (this.#link !== link || link.left.length > 0) return;
    const run = this.#run;
    const session = this.#session;
    if (run === undefined) return;
    // We ended it ourselves, whatever happens while we say goodbye.
    run.error = run.closing === undefined ? error : undefined;
    if (run.error !== undefined) this.instruments.stats.failed(run.error);
    const wasReady = this.#phase.name === "ready";
    // A listener of the end may begin the next run: what waits for that one must not end with this one.
    const goesOn = run.goesOn && session?.isResumable === true;
    const endTraffic = this.traffic.end(session, goesOn);
    const endWaiting = run.goesOn ? nothing : this.traffic.waiting.ending();
    if (!goesOn) this.#session = undefined;
    this.change({ name: "closing" });
    const reason = error ?? new BrokerError("ABORTED", "the broker was shut down");
    run.unknown = endTraffic(reason).map(({ delivery }) => delivery);
    endWaiting(error);
    if (this.#link !== link || run.error === undefined) return;
    if (wasReady || run.error.code === "DISCONNECTED") {
      this.instruments.emit("socket:error", { error: run.error });
    }
  }

  linkGone(link: Link): void {
    const run = this.#run;
    if (this.#link !== link || run === undefined || link.left.length > 0) return;
    this.#link = undefined;
    if (run.goesOn) {
      this.instruments.emit("socket:close", {});
      return;
    }
    this.#run = undefined;
    const last = this.#phase;
    this.instruments.emit("socket:close", {});
    // A listener may have begun the next run.
    if (this.#phase === last) this.change({ name: "idle" });
    run.closed.settle(run.error);
  }

  /** Connects once the run that is ending is over, unless a call ends what is to come as well. */
  async #connectLater(given: GivenAddress): Promise<Ready> {
    const before = this.#endings;
    await (this.#run?.closing ?? this.#closed.promise);
    if (this.#endings !== before) throw new BrokerError("ABORTED", "the broker was shut down");
    return await this.connect(given);
  }

  #start(destination: Destination, given: GivenAddress): Promise<Ready> {
    // The promise handed out before the first run belongs to it.
    if (this.#hasStarted) this.#closed = new Outcome();
    this.#hasStarted = true;
    const run: Run = {
      ready: readiness(),
      closed: this.#closed,
      error: undefined,
      closing: undefined,
      goesOn: false,
      unknown: NONE,
    };
    this.#run = run;
    return this.#begin(run, destination, given);
  }

  /** Tells of the call, and opens the first link for it. */
  #begin(run: Run, destination: Destination, given: GivenAddress): Promise<Ready> {
    const { ready } = run;
    const { host, port } = destination;
    this.#attempt++;
    const link = this.#makeLink(destination, knownDestinations(destination, given));
    this.#link = link;
    this.instruments.emit("connect", { host, port });
    this.#open(run, ready, link);
    return ready.promise;
  }

  /** Makes a link to the first of these endpoints, or to the first that a lookup finds; the others are tried after it. */
  #makeLink(destination: Destination, destinations: readonly Destination[] | undefined): Link {
    return new Link({
      settings: this.settings,
      key: this.#key,
      destination,
      destinations,
      attempt: this.#attempt,
      connect: this.#connect,
      context: this.#context,
      runtime: this.#runtime,
      instruments: this.instruments,
      owner: this,
      previous: this.#session?.previous,
      memory: this.#memory,
    });
  }

  #open(run: Run, ready: Deferred<Ready>, link: Link): void {
    link.begin().then(
      (result) => {
        try {
          this.#becomeReady(run, link, result);
        } catch (thrown) {
          // A channel of the caller's may throw: that ends this link, and never the process.
          const error = asBrokerError(thrown, "HANDLER_FAILED");
          ready.reject(error);
          link.fail(error);
        }
      },
      (error: unknown) => {
        this.instruments.stats.connects.failed++;
        const [next] = link.left;
        if (next === undefined || this.#run !== run || this.#link !== link) {
          ready.reject(error);
          return;
        }
        const other = this.#makeLink(next, link.left);
        this.#link = other;
        this.#open(run, ready, other);
      },
    );
  }

  #becomeReady(run: Run, link: Link, result: LoginResult): void {
    // A listener may have ended it between the last step and this one.
    const { ready } = run;
    if (link.state === "over" || this.#link !== link) {
      ready.reject(new BrokerError("ABORTED", "the broker was shut down"));
      return;
    }
    const resumed = result.resumed === true && this.#session !== undefined;
    const { jid } = result;
    const session = resumed && this.#session ? this.#session : this.traffic.session(result);
    if (!resumed && this.#session !== undefined) {
      this.traffic.end(
        this.#session,
        false,
      )(new BrokerError("DISCONNECTED", "the session was not resumed"));
    }
    this.#session = session;
    this.#attempt = 0;
    session.use(link);
    this.traffic.begin(session, result);
    this.instruments.stats.connects.ready++;
    ready.resolve({ jid, resumed });
    // The promise stays. The functions that settled it are dropped, since a run may be ready for months.
    run.ready = { promise: ready.promise, resolve: nothing, reject: nothing };
    // A listener may end it all.
    this.change({ name: "ready", jid, resumed });
    if (!isUp(link)) return;
    link.watch(session);
    this.instruments.emit("ready", { jid, resumed });
    // The listeners of `ready` come first: a room is joined before it is spoken to.
    if (isUp(link) && this.settings.queue.flush === "auto") this.traffic.outbox.flush();
    if (isUp(link)) session.begin();
  }

  async #close(run: Run, timeout: number): Promise<void> {
    const isReady = this.#phase.name === "ready";
    const { clock } = this.#runtime;
    const { inbox, outbox, requests } = this.traffic;
    const deadline = clock.now() + timeout;
    outbox.drainOnly();
    inbox.close();
    this.instruments.emit("shutdown:start", {});
    if (this.#run === run) this.change({ name: "closing" });
    const link = this.#link;
    if (isReady && this.#session !== undefined) {
      // A handler that never ends (it may be waiting for this) must leave time for the goodbye.
      const settled = Promise.all([inbox.idle(), requests.idle(this.#session)]);
      await within(clock, timeout / 2, Promise.race([settled, run.closed.promise]), nothing);
      const left = Math.max(0, deadline - timeout / 4 - clock.now());
      await within(clock, left, Promise.race([outbox.drained(), run.closed.promise]), nothing);
      link?.close(Math.max(0, deadline - clock.now()));
    } else {
      link?.fail(undefined);
    }
    await run.closed.promise;
    this.instruments.emit("shutdown:finish", {});
  }
}

/** (A function, since listeners that are called in between may change the answer.) */
function isUp(link: Link): boolean {
  return link.isOpen;
}

/** The promise of a connect: a caller that does not await it must not end the process. */
function readiness(): Deferred<Ready> {
  const ready = deferred<Ready>();
  void quiet(ready.promise);
  return ready;
}

/** A host that was given is the only one; without one the options may look it up. */
function knownDestinations(
  destination: Destination,
  given: GivenAddress,
): readonly Destination[] | undefined {
  return given.host === undefined ? undefined : [destination];
}
