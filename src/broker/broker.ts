import { trueOrFalse } from "../base/check.ts";
import type { ListenOptions } from "../base/emitter.ts";
import { BrokerError } from "../base/errors.ts";
import { ReadOnlyMap } from "../base/read-only-map.ts";
import type { Subscription } from "../base/subscription.ts";
import type { Delivery } from "../contract/delivery.ts";
import { type BrokerEvents, knownEvent, type Ready } from "../contract/events.ts";
import type { BrokerOptions, Settings } from "../contract/options.ts";
import type { Outbox } from "../contract/outbox.ts";
import type { Phase } from "../contract/phase.ts";
import {
  type ConnectOptions,
  callOptions,
  type FilterOptions,
  type GivenAddress,
  NO_OPTIONS,
  type RequestOptions,
  type SendOptions,
  type ShutdownOptions,
  type StanzasOptions,
  type WaitOptions,
} from "../contract/rows/call-options.ts";
import type { Runtime } from "../contract/runtime.ts";
import type { SessionState } from "../contract/session-state.ts";
import type { Stats } from "../contract/stats.ts";
import type { PendingRequest } from "../session/requests/requests.ts";
import type { FilterHandler, FilterMatch, Responder } from "../traffic/inbox/filter-match.ts";
import type { Transport } from "../transport/transport.ts";
import { type Element, isElement } from "../xml/element.ts";
import type { Leftover } from "./leftover.ts";
import { Lifecycle } from "./lifecycle.ts";
import { refusal } from "./refusal.ts";

/**
 * A connection to an XMPP server: negotiates every layer in the dialect it is given, then sends,
 * tracks requests, matches filters, queues what cannot go yet and reports each step as an event.
 * Nothing connects before `connect`. The constructor throws `BAD_OPTION`.
 */
export class Broker {
  readonly #life: Lifecycle;
  #pending: ReadonlyMap<string, PendingRequest> | undefined;

  constructor(options: BrokerOptions, runtime: Runtime) {
    this.#life = new Lifecycle(options, runtime);
  }

  /** Where the broker is in its life. */
  get phase(): Phase {
    return this.#life.phase;
  }

  /** The address in force: the full JID, a component's domain, or the first name bound. */
  get jid(): string | undefined {
    return this.#life.session?.jid;
  }

  /** The id the server gave the stream in force. */
  get streamId(): string | undefined {
    return this.#life.link?.streamId;
  }

  /** The stanzas that could not be sent yet. */
  get queue(): Outbox {
    return this.#life.traffic.outbox;
  }

  /** The requests that wait for an answer, by the id of their stanza. */
  get pending(): ReadonlyMap<string, PendingRequest> {
    this.#pending ??= new ReadOnlyMap(this.#life.traffic.requests.pending);
    return this.#pending;
  }

  /** Plain counters since the broker was made. They are live: read them, and keep no reference for later. */
  get stats(): Stats {
    return this.#life.instruments.stats;
  }

  /** The options in force, every default settled. Secrets do not show in it. */
  get settings(): Settings {
    return this.#life.settings;
  }

  /** The connection in force. Writing to it bypasses the gate: for looking only. */
  get transport(): Transport | undefined {
    return this.#life.link?.transport;
  }

  /**
   * Resolves when the run that `connect` starts has ended and its connection is gone: with nothing after
   * `shutdown`, `halt`, `handOver` or a signal, else with the reason. With `reconnect` a run goes on until the program
   * ends it, or the policy gives up. Never rejects. A later `connect` begins a new run.
   */
  get closed(): Promise<BrokerError | undefined> {
    return this.#life.closed;
  }

  /**
   * Connects and negotiates; resolves when the broker is ready. While it connects to the same address, and
   * when it is ready, there is nothing to do. An address given here stays in force for later calls. With `reconnect`
   * it keeps trying until the broker is ready for the first time. A `signal` ends the run until then.
   *
   * Rejects with `BAD_OPTION` or `BUSY` (connecting elsewhere), with `CONNECT_FAILED`, `TLS_FAILED`,
   * `TLS_REQUIRED`, `TLS_UNAVAILABLE`, `NO_MECHANISM`, `DOWNGRADE`, `AUTH_FAILED`, `BIND_FAILED`, `SESSION_FAILED`,
   * `STREAM_ERROR`, `PROTOCOL_ERROR`, `DISCONNECTED`, a `TIMEOUT_…`, a code of the parser, or `ABORTED`
   * (shut down meanwhile). With `reconnect` only with those that the policy (`docs/reconnecting.md`) stops for.
   */
  connect(options?: ConnectOptions): Promise<Ready> {
    return this.#life.connect(options);
  }

  /**
   * Drops the connection in force and connects anew; a broker that waits for its next try makes it now. A session that
   * can be resumed goes on. A stream to another address is closed in order first, within `timeouts.shutdown`, and
   * a new session begins there. Rejects as `connect` does, and with `ABORTED` while the broker shuts down.
   */
  reconnect(address?: GivenAddress): Promise<Ready> {
    return this.#life.reconnect(address);
  }

  /**
   * Ends in order: lets handlers finish their answers (for half the time at most), waits for the proof of what is
   * tracked, closes the stream, waits for the other side, closes the connection. After `timeout` milliseconds (default
   * `timeouts.shutdown`) the connection is dropped. Resolves with the deliveries that still wait, and with those that
   * are tracked and have no proof. Rejects with `BAD_OPTION` only; the queue stays as it is.
   *
   * A broker that waits for its next try, and whose session can be resumed, makes that try now and ends the session:
   * else the server would keep it for minutes. `halt` does not.
   */
  async shutdown(options: ShutdownOptions = NO_OPTIONS): Promise<Leftover> {
    const { timeout } = callOptions("shutdown", options);
    return await this.#life.shutdown(timeout ?? this.settings.timeouts.shutdown);
  }

  /**
   * Leaves a component's place to another process that will log in by the same name. From now on `send` queues, also
   * in handlers. Stanzas that arrive are still handled, and the answers of responders go out. Resolves when the server
   * has handled all that was sent before and all requests are answered, at the latest after `timeouts.shutdown`; where
   * no proof is to be had, when the system has taken it. The end of the connection is then the end of the
   * run: `closed` resolves with nothing, and `reconnect` does not act. A broker that is not ready is shut down.
   */
  handOver(): Promise<Leftover> {
    return this.#life.handOver();
  }

  /**
   * Stops without ending the session, so that another process goes on with it: see the option `session`. It takes in
   * no more stanzas, lets handlers finish, and waits for proofs, as `shutdown` does. Then it drops the connection
   * without a goodbye. Resolves with the state of the session, at the latest soon after `timeouts.shutdown`; stanzas
   * without a proof are in it. They are `unknown` here, and requests end with `ABORTED`. Others that wait stay in
   * the queue.
   *
   * Resolves with nothing where no session can be resumed (XEP-0198; it needs `reconnect` or `session`): then it is a
   * `shutdown`. The first call of `shutdown` and `detach` decides; a later one waits for it. Never rejects.
   */
  detach(): Promise<SessionState | undefined> {
    return this.#life.detach();
  }

  /** Drops the connection, or ends the wait for one, at once and without a goodbye. */
  halt(): void {
    this.#life.halt();
  }

  /**
   * Tells the server whether the client is in use (XEP-0352): while it is not, servers hold back what can wait. The
   * broker remembers the word, and tells it again after each login, since servers forget it. It does nothing where the
   * server does not offer this, and in the dialects other than `xmpp`. Throws `BAD_OPTION`.
   */
  setActive(isActive: boolean): void {
    this.#life.traffic.activity.set(trueOrFalse("isActive", isActive));
  }

  /** The same as `shutdown`, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * Sends a stanza: writes it when the broker is ready, else queues it. It is taken as it is now, and never
   * changed. Does not throw for what the stanza is or for a full queue: the delivery says so.
   * `ttl`: how long it may wait in the queue, in milliseconds. Throws `BAD_OPTION`.
   */
  send(stanza: Element, options: SendOptions = NO_OPTIONS): Delivery {
    const own = options === NO_OPTIONS ? options : callOptions("send", options);
    return this.#life.traffic.outbox.send(stanza, own);
  }

  /**
   * Resolves when the server has handled everything that was sent so far, except what is held in the queue. With a
   * store that includes what an earlier process has left there, read or not. Rejects
   * with `ACK_UNAVAILABLE` where no proof is to be had, and with `UNACKNOWLEDGED` when the session ends before.
   */
  acked(): Promise<void> {
    return this.#life.traffic.outbox.acked();
  }

  /**
   * Sends a stanza and resolves with its answer, which filters then do not see. Gives the stanza an `id` if it
   * has none. Only the one asked may answer.
   *
   * An `iq` must be answered (RFC 6120, 8.2.3). A message or a presence need not be: most clients never send an
   * answer with the same `id`, and a delivered message brings none. Then only the time-out, your `signal` or the
   * end of the connection ends the request. For a reply with another `id`, use `send` and `waitFor`.
   *
   * `timeout` is in milliseconds, from the call on; default `timeouts.request`. Rejects with `StanzaError` (an error came back), `REQUEST_TIMEOUT`,
   * `ABORTED`, `NOT_ROUTED`, `BAD_OPTION`, what a delivery can fail with, or the end of the connection.
   */
  request(stanza: Element, options: RequestOptions = NO_OPTIONS): Promise<Element> {
    try {
      const own = callOptions("request", options);
      const timeout = own.timeout ?? this.settings.timeouts.request;
      if (!isElement(stanza)) throw new BrokerError("ILLEGAL_XML", "what was given is no element");
      return this.#life.traffic.requests.request(stanza, timeout, own.signal);
    } catch (error) {
      return refusal(error);
    }
  }

  /**
   * Calls the handler for each received stanza that the XPath expression matches (an answer to a request is
   * none), in the order the filters were added. Throws `XPATH_SYNTAX`, `BAD_OPTION`. A handler that fails is reported
   * as `error` and stays.
   */
  filter(
    expression: string,
    handler: FilterHandler,
    options: FilterOptions = NO_OPTIONS,
  ): Subscription {
    const own = callOptions("filter", options);
    return this.#life.traffic.filters.filter(expression, handler, own);
  }

  /**
   * Resolves with the next stanza that matches. Rejects with `REQUEST_TIMEOUT` after `timeout` ms (default:
   * never), `ABORTED`, `XPATH_SYNTAX`, `BAD_OPTION`, or the end of the run.
   */
  waitFor(expression: string, options: WaitOptions = NO_OPTIONS): Promise<FilterMatch> {
    try {
      const own = callOptions("waitFor", options);
      return this.#life.traffic.waiting.waitFor(expression, own);
    } catch (error) {
      return refusal(error);
    }
  }

  /**
   * The stanzas that match (default: all), to be read with `for await`. It ends with the run. A reader that lets
   * more than `buffer` (default 1,000) matches pile up, or more than `inbox.bytes` of them, gets `QUEUE_FULL` after
   * those. Throws `XPATH_SYNTAX`, `BAD_OPTION`.
   */
  stanzas(
    expression = "self::node()",
    options: StanzasOptions = NO_OPTIONS,
  ): AsyncIterableIterator<FilterMatch> {
    const own = callOptions("stanzas", options);
    return this.#life.traffic.waiting.stanzas(expression, own);
  }

  /**
   * Answers incoming requests (`iq` of type get and set) that match. The first matching responder claims one: an
   * `iq` it returns is the answer, another element its payload, nothing an empty result, a thrown `StanzaError`
   * that error; anything else, and silence for `timeouts.respond`, `internal-server-error`. An answer that cannot be
   * sent is `dropped`, and the asker gets `internal-server-error`. Throws `XPATH_SYNTAX`, `BAD_OPTION`.
   */
  respond(
    expression: string,
    handler: Responder,
    options: FilterOptions = NO_OPTIONS,
  ): Subscription {
    const own = callOptions("respond", options);
    return this.#life.traffic.filters.respond(expression, handler, own);
  }

  /** Listens to an event; calling what it returns undoes it. Throws `BAD_OPTION`. */
  on<E extends keyof BrokerEvents>(
    event: E,
    listener: (payload: BrokerEvents[E]) => unknown,
    options: ListenOptions = NO_OPTIONS,
  ): Subscription {
    knownEvent(event);
    const own = callOptions("on", options);
    return this.#life.instruments.emitter.on(event, listener, own);
  }
}
