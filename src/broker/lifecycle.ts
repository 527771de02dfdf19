import { nothing } from "../base/abort.ts";
import { deferred, Outcome } from "../base/deferred.ts";
import { Emitter, type EmitterOwner } from "../base/emitter.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { ReadOnlyMap } from "../base/read-only-map.ts";
import { within } from "../base/timer.ts";
import type { BrokerEvents, Ready } from "../contract/events.ts";
import { type BrokerOptions, type Settings, settle } from "../contract/options.ts";
import { type Phase, TRANSITIONS } from "../contract/phase.ts";
import type { Runtime } from "../contract/runtime.ts";
import { traceTarget } from "../contract/trace.ts";
import { type Destination, type GivenAddress, settleAddress } from "../link/address.ts";
import type { PendingRequest } from "../session/requests.ts";
import type { StreamContext, Tapped } from "../stream/stream.ts";
import { Traffic, type TrafficPort } from "../traffic/traffic.ts";
import type { TransportFactory } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { Run, type RunOwner } from "./run.ts";
import { Tracer } from "./tracer.ts";

/** The address of a broker that connects where its options say. */
const NOWHERE_ELSE: GivenAddress = {};

/** Most programs have one dialect, whose streams all look the same from within. */
let lastContext: StreamContext = { ns: NS.client, prefixes: { stream: NS.stream } };

/** What is declared above every element of a broker's streams. */
function contextOf({ dialect, overrides }: Settings): StreamContext {
  const ns = overrides.xmlns ?? dialect.contentNamespace;
  const stream = overrides.stream ?? NS.stream;
  if (lastContext.ns !== ns || lastContext.prefixes.stream !== stream) {
    lastContext = { ns, prefixes: { stream } };
  }
  return lastContext;
}

/**
 * The life of a broker: its phase, the run in force and what lasts beyond it. One function changes the phase.
 *
 *     idle ── connect ── run ── ready ── shutdown, halt or an error ── idle
 */
export class Lifecycle implements RunOwner, TrafficPort, EmitterOwner<BrokerEvents> {
  readonly settings: Settings;
  readonly emitter = new Emitter<BrokerEvents>(this);
  readonly traffic: Traffic;
  readonly #runtime: Runtime;
  readonly #transport: TransportFactory;
  readonly #key: string | undefined;
  readonly #context: StreamContext;
  readonly #tracer: Tracer;
  #phase: Phase = { name: "idle" };
  #address: GivenAddress | undefined;
  #run: Run | undefined;
  /** Counts the calls that end a run: a `connect` that waits for a run to end is called off by one. */
  #endings = 0;
  #closed = new Outcome<BrokerError>();
  #hasStarted = false;
  #pending: ReadonlyMap<string, PendingRequest> | undefined;

  constructor(options: BrokerOptions, runtime: Runtime) {
    this.settings = settle(options);
    this.#runtime = runtime;
    this.#transport = options.transport ?? runtime.connect;
    this.#key = typeof options.tls === "object" ? options.tls.key : undefined;
    this.#context = contextOf(this.settings);
    const target = traceTarget(options.trace ?? false, runtime.trace.bind(runtime));
    this.#tracer = new Tracer(target, this.#context, this.emitter);
    this.traffic = new Traffic({
      settings: this.settings,
      context: this.#context,
      crypto: runtime.crypto,
      emitter: this.emitter,
      port: this,
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get pending(): ReadonlyMap<string, PendingRequest> {
    this.#pending ??= new ReadOnlyMap(this.traffic.requests.pending);
    return this.#pending;
  }

  get run(): Run | undefined {
    return this.#run;
  }

  get closed(): Promise<BrokerError | undefined> {
    return this.#closed.promise;
  }

  connect(address?: GivenAddress): Promise<Ready> {
    try {
      const given = address ?? this.#address ?? NOWHERE_ELSE;
      const destination = settleAddress(this.settings, given);
      const run = this.#run;
      // The last connection is still saying goodbye, whatever the phase calls it as yet.
      const isEnding = run?.closing !== undefined || run?.connection.isEnding() === true;
      if (isEnding || this.#phase.name === "closing") return this.#connectLater(given);
      if (run === undefined) {
        this.#address = given;
        return this.#start(destination).ready;
      }
      const { host, port } = run.connection.destination;
      const isElsewhere = host !== destination.host || port !== destination.port;
      if (this.#phase.name !== "ready" && isElsewhere) {
        throw new BrokerError("BUSY", `with ${host}:${port}`);
      }
      return run.ready;
    } catch (error) {
      return Promise.reject(asBrokerError(error, "BAD_OPTION"));
    }
  }

  async reconnect(address?: GivenAddress): Promise<Ready> {
    settleAddress(this.settings, address ?? this.#address);
    this.halt();
    return await this.connect(address);
  }

  async shutdown(timeout: number): Promise<void> {
    this.#endings++;
    const run = this.#run;
    if (run === undefined) return;
    if (run.closing === undefined) {
      const done = deferred<undefined>();
      run.closing = done.promise;
      await this.#close(run, timeout);
      done.resolve(undefined);
    }
    await run.closing;
  }

  halt(): void {
    this.#endings++;
    const run = this.#run;
    if (run === undefined) return;
    run.connection.destroy();
    this.gone(run);
  }

  // What the run tells.

  emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void {
    this.#tracer.trace("event", event);
    this.emitter.emit(event, payload);
  }

  change(to: Phase): void {
    const from = this.#phase;
    // A later report about what is over already changes nothing.
    if (!TRANSITIONS[from.name].includes(to.name)) return;
    this.#phase = to;
    this.emit("phase", { from, to });
  }

  tap(direction: "in" | "out", what: Tapped, wire?: string): void {
    if (typeof what === "string" || typeof what === "function") this.#tracer.trace(direction, what);
    else {
      const phase = this.#phase;
      const authenticates = phase.name === "negotiating" && phase.step === "auth";
      this.#tracer.element(direction, what, { authenticates, wire });
    }
  }

  becomeReady(run: Run, jid: string): void {
    const { connection } = run;
    const { keepAlive, queue } = this.settings;
    // Whoever is told may end it all.
    this.change({ name: "ready", jid });
    if (connection.isOver()) return;
    if (keepAlive !== false) run.keepAlive(keepAlive);
    if (queue.flush === "auto") this.traffic.sender.outbox.flush();
    if (connection.isOver()) return;
    this.emit("ready", { jid, resumed: false });
    connection.flow();
  }

  /** The stream is over: nothing that waits for this connection can come any more. */
  ended(run: Run, error: BrokerError | undefined): void {
    // Whatever happens while we say goodbye, it was we who ended it.
    run.error = run.closing === undefined ? error : undefined;
    const wasReady = this.#phase.name === "ready";
    // Whoever is told of the end may begin the next run: what waits for that one is not ended with this.
    const endTraffic = this.traffic.ending();
    if (this.#run === run) this.change({ name: "closing" });
    endTraffic(error);
    if (this.#run !== run || run.error === undefined) return;
    if (wasReady || run.error.code === "DISCONNECTED") {
      this.emit("socket:error", { error: run.error });
    }
  }

  /** The connection is gone. */
  gone(run: Run): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    const last = this.#phase;
    this.emit("socket:close", {});
    // Who was told may have begun the next run.
    if (this.#phase === last) this.change({ name: "idle" });
    run.closed.settle(run.error);
  }

  // What the traffic asks, and tells.

  isReady(): boolean {
    return this.#phase.name === "ready" && this.isOpen();
  }

  isOpen(): boolean {
    return this.#run?.jid !== undefined && this.#run.connection.isOpen();
  }

  jid(): string {
    return this.#run?.jid ?? this.settings.dialect.domain;
  }

  buffered(): number {
    const transport = this.#run?.connection.transport;
    return transport === undefined ? 0 : transport.handed - transport.taken;
  }

  write(text: string, stanza: Element): boolean {
    return this.#run?.connection.write(text, stanza) === true;
  }

  failed(error: BrokerError, source: string): void {
    // A listener of `error` that fails itself has nobody left to tell.
    if (source === "error") return;
    this.emitter.emit("error", { error, source });
  }

  listenerFailed(error: unknown, event: keyof BrokerEvents): void {
    this.failed(new BrokerError("HANDLER_FAILED", `of ${event}`, { cause: error }), event);
  }

  /** Connects once the run that is ending is over, unless somebody ends what is to come as well. */
  async #connectLater(given: GivenAddress): Promise<Ready> {
    const before = this.#endings;
    await (this.#run?.closing ?? this.#closed.promise);
    if (this.#endings !== before) throw new BrokerError("ABORTED", "the broker was shut down");
    return await this.connect(given);
  }

  #start(destination: Destination): Run {
    // The promise handed out before the first run belongs to it.
    if (this.#hasStarted) this.#closed = new Outcome();
    this.#hasStarted = true;
    const run = new Run(this, this.#closed, {
      settings: this.settings,
      key: this.#key,
      destination,
      connect: this.#transport,
      runtime: this.#runtime,
      context: this.#context,
    });
    this.#run = run;
    this.emit("connect", { host: destination.host, port: destination.port });
    run.begin();
    return run;
  }

  async #close(run: Run, timeout: number): Promise<void> {
    const isReady = this.#phase.name === "ready";
    this.emit("shutdown:start", {});
    if (this.#run === run) this.change({ name: "closing" });
    if (isReady) {
      const deadline = performance.now() + timeout;
      // A handler that never ends (it may be waiting for this) must leave time for the goodbye.
      const quiet = Promise.race([this.traffic.filters.idle(), run.closed.promise]);
      await within(timeout / 2, quiet, nothing);
      run.connection.close(Math.max(0, deadline - performance.now()));
    } else {
      run.connection.fail(undefined);
    }
    await run.closed.promise;
    this.emit("shutdown:finish", {});
  }
}
