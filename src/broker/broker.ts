import { wholeNumber } from "../base/check.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { Emitter, type ListenOptions } from "../base/emitter.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import type { Subscription } from "../base/subscription.ts";
import { LONGEST, within } from "../base/timer.ts";
import type { Transport, TransportFactory } from "../transport/transport.ts";
import { type Element, isElement } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type Destination, type GivenAddress, settleAddress } from "./address.ts";
import { Connection } from "./connection.ts";
import type { Delivery } from "./delivery.ts";
import type { BrokerEvents, Ready } from "./events.ts";
import type { FilterHandler, FilterMatch, FilterOptions, Responder } from "./filters.ts";
import { type BrokerOptions, type Settings, settle } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import { type Phase, TRANSITIONS } from "./phase.ts";
import type { PendingRequest, RequestOptions } from "./requests.ts";
import { keepAlive, type Run } from "./run.ts";
import type { Runtime } from "./runtime.ts";
import { traceTarget } from "./trace.ts";
import { Tracer } from "./tracer.ts";
import { Traffic } from "./traffic.ts";

/**
 * A connection to an XMPP server: negotiates every layer in the dialect it is given, then sends,
 * tracks requests, matches filters, queues what cannot go yet and reports each step as an event.
 * Nothing connects before `connect`. The constructor throws `BAD_OPTION`.
 */
export class Broker {
  readonly #runtime: Runtime;
  readonly #transport: TransportFactory;
  readonly #key: string | undefined;
  readonly #settings: Settings;
  readonly #emitter: Emitter<BrokerEvents>;
  readonly #tracer: Tracer;
  readonly #traffic: Traffic;
  #phase: Phase = { name: "idle" };
  #address: GivenAddress = {};
  #run: Run | undefined;
  /** Counts the calls that end a run: a `connect` that waits for a run to end is called off by one. */
  #endings = 0;
  #closed: Deferred<BrokerError | undefined> = deferred();
  #hasStarted = false;

  constructor(options: BrokerOptions, runtime: Runtime) {
    this.#settings = settle(options);
    this.#runtime = runtime;
    this.#transport = options.transport ?? runtime.connect;
    this.#key = typeof options.tls === "object" ? options.tls.key : undefined;
    const { dialect, overrides } = this.#settings;
    const context = {
      ns: overrides.xmlns ?? dialect.contentNamespace,
      prefixes: { stream: overrides.stream ?? NS.stream },
    };
    this.#emitter = new Emitter((error, event) => {
      this.#failed(new BrokerError("HANDLER_FAILED", `of ${event}`, { cause: error }), event);
    });
    const target = traceTarget(options.trace ?? false, runtime.trace.bind(runtime));
    this.#tracer = new Tracer(target, context, this.#emitter);
    this.#traffic = new Traffic({
      settings: this.#settings,
      context,
      crypto: runtime.crypto,
      emitter: this.#emitter,
      port: {
        isReady: () => this.#phase.name === "ready" && this.#run?.connection.isOver() === false,
        jid: () => this.#run?.jid ?? dialect.domain,
        buffered: () => this.transport?.buffered ?? 0,
        write: (text, stanza) => {
          this.#run?.connection.write(text, stanza);
        },
        failed: (error, source) => {
          this.#failed(error, source);
        },
      },
    });
  }

  /** Where the broker is in its life. */
  get phase(): Phase {
    return this.#phase;
  }

  /** The address in force: the full JID, a component's domain, or the first name bound. */
  get jid(): string | undefined {
    return this.#run?.jid;
  }

  /** The id the server gave the stream in force. */
  get streamId(): string | undefined {
    return this.#run?.connection.streamId;
  }

  /** What could not be sent yet. */
  get queue(): Outbox {
    return this.#traffic.sender.outbox;
  }

  /** The requests that wait for an answer, by the id of their stanza. */
  get pending(): ReadonlyMap<string, PendingRequest> {
    return this.#traffic.requests.pending;
  }

  /** The options in force, every default settled. Secrets do not show in it. */
  get settings(): Settings {
    return this.#settings;
  }

  /** The connection in force. Writing to it bypasses the gate: for looking only. */
  get transport(): Transport | undefined {
    return this.#run?.connection.transport;
  }

  /**
   * Resolves when the run that `connect` starts has ended and its connection is gone: with nothing after
   * `shutdown` or `halt`, else with the reason. Never rejects. A later `connect` begins a new one.
   */
  get closed(): Promise<BrokerError | undefined> {
    return this.#closed.promise;
  }

  /**
   * Connects and negotiates; resolves when the broker is ready. While it connects to the same address, and
   * when it is ready, there is nothing to do. An address given here stays in force for later calls.
   *
   * Rejects with `BAD_OPTION` or `BUSY` (connecting elsewhere), with `CONNECT_FAILED`, `TLS_FAILED`,
   * `TLS_REQUIRED`, `TLS_UNAVAILABLE`, `NO_MECHANISM`, `AUTH_FAILED`, `BIND_FAILED`, `SESSION_FAILED`,
   * `STREAM_ERROR`, `PROTOCOL_ERROR`, `DISCONNECTED`, a `TIMEOUT_…`, a code of the parser, or `ABORTED`
   * (shut down meanwhile).
   */
  connect(address?: GivenAddress): Promise<Ready> {
    try {
      const given = address ?? this.#address;
      const destination = settleAddress(this.#settings, given);
      // The last connection is still saying goodbye.
      if (this.#phase.name === "closing") return this.#connectLater(given);
      if (this.#run === undefined) {
        this.#address = given;
        return this.#start(destination).ready;
      }
      const { host, port } = this.#run.connection.destination;
      const isElsewhere = host !== destination.host || port !== destination.port;
      if (this.#phase.name !== "ready" && isElsewhere) {
        throw new BrokerError("BUSY", `with ${host}:${port}`);
      }
      return this.#run.ready;
    } catch (error) {
      return Promise.reject(asBrokerError(error, "BAD_OPTION"));
    }
  }

  /** Drops what is there and connects anew. Rejects as `connect` does. */
  async reconnect(address?: GivenAddress): Promise<Ready> {
    settleAddress(this.#settings, address ?? this.#address);
    this.halt();
    return await this.connect(address);
  }

  /**
   * Ends in order: lets handlers finish their answers (for half the time at most), sends what is written,
   * closes the stream, waits for the other side, closes the connection. After `timeout` milliseconds (default
   * `timeouts.shutdown`) the connection is dropped. Rejects with `BAD_OPTION` only; the queue stays as it is.
   */
  async shutdown(options: { readonly timeout?: number } = {}): Promise<void> {
    const timeout = options.timeout ?? this.#settings.timeouts.shutdown;
    wholeNumber("timeout", timeout, 0, LONGEST);
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

  /** Drops the connection at once, without a goodbye. */
  halt(): void {
    this.#endings++;
    const run = this.#run;
    if (run === undefined) return;
    run.connection.destroy();
    this.#gone(run);
  }

  /** The same as `shutdown`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /**
   * Sends a stanza: writes it when the broker is ready, else queues it. It is taken as it is now, and never
   * changed. Does not throw for what the stanza is or for a full queue: the delivery says so.
   * `ttl`: how long it may wait in the queue, in milliseconds.
   */
  send(stanza: Element, options: { readonly ttl?: number } = {}): Delivery {
    if (options.ttl !== undefined) wholeNumber("ttl", options.ttl, 0);
    return this.#traffic.sender.send(stanza, options.ttl);
  }

  /**
   * Sends a stanza and resolves with its answer, which filters then do not see. Gives the stanza an `id` if it
   * has none. Only the one asked may answer. Rejects with `StanzaError` (an error came back), `REQUEST_TIMEOUT`,
   * `ABORTED`, `NOT_ROUTED`, what a delivery can fail with, or the end of the connection.
   */
  request(stanza: Element, options: RequestOptions = {}): Promise<Element> {
    try {
      const timeout = options.timeout ?? this.#settings.timeouts.request;
      wholeNumber("timeout", timeout, 1, LONGEST);
      if (!isElement(stanza)) throw new BrokerError("ILLEGAL_XML", "what was given is no element");
      return this.#traffic.requests.request(stanza, timeout, options.signal);
    } catch (error) {
      return Promise.reject(asBrokerError(error, "BAD_OPTION"));
    }
  }

  /**
   * Calls the handler for each received stanza that the XPath expression matches (an answer to a request is
   * none), in the order the filters were added. Throws `XPATH_SYNTAX`. A handler that fails is reported as `error`
   * and stays.
   */
  filter(expression: string, handler: FilterHandler, options?: FilterOptions): Subscription {
    return this.#traffic.filters.filter(expression, handler, options);
  }

  /**
   * Resolves with the next stanza that matches. Rejects with `REQUEST_TIMEOUT` after `timeout` ms (default:
   * never), `ABORTED`, or the end of the run.
   */
  waitFor(
    expression: string,
    options: FilterOptions & { timeout?: number } = {},
  ): Promise<FilterMatch> {
    return this.#traffic.waiting.waitFor(expression, options);
  }

  /**
   * The stanzas that match (default: all), to be read with `for await`. It ends with the run. A reader that lets
   * more than `buffer` (default 1,000) matches pile up gets `QUEUE_FULL` after those.
   */
  stanzas(
    expression = "self::node()",
    options: FilterOptions & { buffer?: number } = {},
  ): AsyncIterableIterator<FilterMatch> {
    return this.#traffic.waiting.stanzas(expression, options);
  }

  /**
   * Answers incoming requests (`iq` of type get and set) that match. The first matching responder claims one: an
   * `iq` it returns is the answer, another element its payload, nothing an empty result, a thrown `StanzaError`
   * that error; anything else, and silence for `timeouts.respond`, `internal-server-error`.
   */
  respond(expression: string, handler: Responder, options?: FilterOptions): Subscription {
    return this.#traffic.filters.respond(expression, handler, options);
  }

  /** Listens to an event; calling what it returns undoes it. */
  on<E extends keyof BrokerEvents>(
    event: E,
    listener: (payload: BrokerEvents[E]) => unknown,
    options?: ListenOptions,
  ): Subscription {
    return this.#emitter.on(event, listener, options);
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
    if (this.#hasStarted) this.#closed = deferred();
    this.#hasStarted = true;
    const ready = deferred<Ready>();
    const connection = new Connection({
      settings: this.#settings,
      key: this.#key,
      destination,
      connect: this.#transport,
      crypto: this.#runtime.crypto,
      port: {
        emit: (event, payload) => {
          // Who was halted has no more to tell, least of all in the midst of the next run.
          if (this.#run === run) this.#emit(event, payload);
        },
        phase: (to) => {
          if (this.#run === run) this.#change(to);
        },
        received: (element) => {
          this.#traffic.inbox.received(element);
        },
        alive: () => run.keepAlive?.alive(),
        ended: (error) => {
          this.#ended(run, error);
        },
        closed: () => {
          this.#gone(run);
        },
        tap: (direction, what, wire) => {
          this.#tracer.trace(direction, what, wire);
        },
      },
    });
    const run: Run = { connection, ready: ready.promise, closed: this.#closed };
    this.#run = run;
    this.#emit("connect", { host: destination.host, port: destination.port });
    connection.negotiate().then((jid) => {
      // Somebody may have ended it between the last step and this one.
      if (connection.isOver()) ready.reject(new BrokerError("ABORTED", "the broker was shut down"));
      else {
        ready.resolve({ jid, resumed: false });
        this.#becomeReady(run, jid);
      }
    }, ready.reject);
    return run;
  }

  #becomeReady(run: Run, jid: string): void {
    const { connection } = run;
    const { keepAlive: probing, queue } = this.#settings;
    run.jid = jid;
    // Whoever is told may end it all.
    this.#change({ name: "ready", jid });
    if (connection.isOver()) return;
    keepAlive(run, probing, () => {
      this.#traffic.inbox.probe(jid);
    });
    if (queue.flush === "auto") this.#traffic.sender.outbox.flush();
    if (connection.isOver()) return;
    this.#emit("ready", { jid, resumed: false });
    connection.flow();
  }

  async #close(run: Run, timeout: number): Promise<void> {
    const isReady = this.#phase.name === "ready";
    this.#emit("shutdown:start", {});
    if (this.#run === run) this.#change({ name: "closing" });
    if (isReady) {
      const deadline = performance.now() + timeout;
      // A handler that never ends (it may be waiting for this) must leave time for the goodbye.
      await within(timeout / 2, Promise.race([this.#traffic.filters.idle(), run.closed.promise]));
      run.connection.close(Math.max(0, deadline - performance.now()));
    } else {
      run.connection.fail(undefined);
    }
    await run.closed.promise;
    this.#emit("shutdown:finish", {});
  }

  /** The stream is over: nothing that waits for this connection can come any more. */
  #ended(run: Run, error: BrokerError | undefined): void {
    run.keepAlive?.stop();
    // Whatever happens while we say goodbye, it was we who ended it.
    run.error = run.closing === undefined ? error : undefined;
    const wasReady = this.#phase.name === "ready";
    this.#traffic.end(error);
    this.#change({ name: "closing" });
    if (run.error !== undefined && (wasReady || run.error.code === "DISCONNECTED")) {
      this.#emit("socket:error", { error: run.error });
    }
  }

  /** The connection is gone. */
  #gone(run: Run): void {
    if (this.#run !== run) return;
    this.#run = undefined;
    const last = this.#phase;
    this.#emit("socket:close", {});
    // Who was told may have begun the next run.
    if (this.#phase === last) this.#change({ name: "idle" });
    run.closed.resolve(run.error);
  }

  #change(to: Phase): void {
    const from = this.#phase;
    // A later report about what is over already changes nothing.
    if (!TRANSITIONS[from.name].includes(to.name)) return;
    this.#phase = to;
    this.#emit("phase", { from, to });
  }

  #emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void {
    this.#tracer.trace("event", event);
    this.#emitter.emit(event, payload);
  }

  #failed(error: BrokerError, source: string): void {
    // A listener of `error` that fails itself has nobody left to tell.
    if (source === "error") return;
    this.#emitter.emit("error", { error, source });
  }
}
