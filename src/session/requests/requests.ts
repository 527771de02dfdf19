import { aborted, nothing, onAbort } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { type Crypto, randomId } from "../../base/crypto/crypto.ts";
import { quiet } from "../../base/deferred.ts";
import { asBrokerError, BrokerError, isBrokerError } from "../../base/errors.ts";
import { isToBeRenewed } from "../../base/renewal.ts";
import type { Delivery } from "../../contract/delivery.ts";
import type { Instruments } from "../../contract/instruments.ts";
import { stanzaErrorFrom } from "../../stream/stanza-error.ts";
import { type Element, withAttribute } from "../../xml/element.ts";
import { isAnswer, isReturned } from "./answers.ts";

/** A request that waits for its answer. */
export interface PendingRequest {
  /** The question, with its id. */
  readonly stanza: Element;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number;
  /** When it will have timed out, in milliseconds since 1970. */
  readonly deadline: number;
}

/** The session that a request was written over: only its address may answer, and its end ends the request. */
export interface AskingSession {
  readonly jid: string;
}

/** The way out, as requests use it: the outbox. */
export interface RequestWay {
  send(stanza: Element, options: { readonly request: object }): Delivery;
  /** Takes an unsent one back from the queue. */
  remove(key: string): boolean;
}

/** A listener of the requests: the inbox. */
export interface RequestsWatcher {
  /** The first request has opened, or the last one has ended: whether to read depends on it. */
  regulate(): void;
}

/** A request under way. */
class Entry implements PendingRequest {
  readonly stanza: Element;
  readonly since: number;
  readonly deadline: number;
  readonly id: string;
  /** When it will have timed out, by the clock that nobody sets. */
  readonly due: number;
  readonly timeout: number;
  readonly resolve: (answer: Element) => void;
  readonly reject: (error: unknown) => void;
  /** Set once the request is handed over to a link. */
  session: object | undefined = undefined;
  /** Filled once `send` returns; a request may be settled before that. */
  delivery: Delivery | undefined;
  ignoreSignal = nothing;
  /** Called once it is settled. */
  onSettled = nothing;

  constructor(
    stanza: Element,
    timeout: number,
    clock: Clock,
    resolve: (answer: Element) => void,
    reject: (error: unknown) => void,
  ) {
    this.stanza = stanza;
    this.since = clock.wall();
    this.deadline = this.since + timeout;
    this.id = stanza.attrs.id ?? "";
    this.due = clock.now() + timeout;
    this.timeout = timeout;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Resolves when the request is settled. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.onSettled = resolve;
    });
  }
}

/**
 * The requests under way, queued ones included: each settles exactly once. One register serves all sessions, and
 * each request notes the session that it was written over: a second map for each session cost more than it told.
 */
export class Requests {
  /** Made for the first: a program that only answers has none. */
  #entries: Map<string, Entry> | undefined;
  /** True if somebody outside holds the map: then it stays the same. */
  #isShown = false;
  #settled = 0;
  /** One timer for all: it runs to the earliest time-out of those there were when it was set. */
  #nextDue = Number.POSITIVE_INFINITY;
  #stopTimer = nothing;
  readonly #crypto: Pick<Crypto, "random">;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #instruments: Instruments;
  readonly #outbox: RequestWay;
  /** Reading depends on whether requests are under way. */
  #watcher: RequestsWatcher | undefined;

  constructor(
    crypto: Pick<Crypto, "random">,
    clock: Clock,
    limit: number,
    instruments: Instruments,
    outbox: RequestWay,
  ) {
    this.#crypto = crypto;
    this.#clock = clock;
    this.#limit = limit;
    this.#instruments = instruments;
    this.#outbox = outbox;
  }

  /** Id → request, for all that wait. */
  get pending(): ReadonlyMap<string, PendingRequest> {
    this.#isShown = true;
    this.#entries ??= new Map();
    return this.#entries;
  }

  /** How many requests wait. */
  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** Tells this one when the first request opens and when the last one ends. */
  watch(watcher: RequestsWatcher): void {
    this.#watcher = watcher;
  }

  /** Asks, and settles exactly once. */
  request(given: Element, timeout: number, signal: AbortSignal | undefined): Promise<Element> {
    const asked = new Promise<Element>((resolve, reject) => {
      if (signal?.aborted) {
        reject(aborted(signal));
        return;
      }
      this.#entries ??= new Map();
      if (this.#entries.size >= this.#limit) {
        const detail = `${this.#limit} requests are pending already`;
        reject(new BrokerError("QUEUE_FULL", detail, { retryable: true }));
        return;
      }
      const entry = new Entry(this.#withId(given), timeout, this.#clock, resolve, reject);
      this.#entries.set(entry.id, entry);
      if (entry.due < this.#nextDue) this.#watch(entry.due);
      if (signal !== undefined) {
        entry.ignoreSignal = onAbort(signal, () => {
          this.#settle(entry, aborted(signal));
        });
      }
      if (this.#entries.size === 1) this.#watcher?.regulate();
      if (this.#instruments.has("request:start")) {
        this.#instruments.stanza("request:start", { stanza: entry.stanza });
      }
      // A listener may have given it up, or ended the connection.
      if (!this.#isPending(entry)) return;
      const delivery = this.#outbox.send(entry.stanza, { request: entry });
      entry.delivery = delivery;
      if (delivery.error !== undefined) this.#settle(entry, delivery.error);
      else if (entry.session !== undefined) return;
      else if (!this.#isPending(entry)) this.#outbox.remove(delivery.key);
      else {
        delivery.written().catch((error: unknown) => {
          this.#settle(entry, asBrokerError(error, "ABORTED"));
        });
      }
    });
    return quiet(asked);
  }

  /** Settles the request that an element answers over this session, if it answers one. */
  answer(element: Element, session: AskingSession): boolean {
    const { id } = element.attrs;
    if (id === undefined) return false;
    const entry = this.#entries?.get(id);
    if (entry?.session !== session || !isAnswer(entry.stanza, element, session.jid)) return false;
    this.#settle(entry, element);
    return true;
  }

  /** A stanza of ours came back: if it is one of these, it could not be delivered. */
  fail(returned: Element, error: BrokerError, session: AskingSession): boolean {
    const entry = this.#entries?.get(returned.attrs.id ?? "");
    if (entry?.session !== session || !isReturned(entry.stanza, returned, session.jid))
      return false;
    this.#settle(entry, error);
    return true;
  }

  /** The session has ended: the requests that were written over it end too, when the result is called. */
  ending(session: object): (error: BrokerError) => void {
    const entries = [...(this.#entries?.values() ?? [])].filter(
      (entry) => entry.session === session,
    );
    return (error) => {
      for (const entry of entries) this.#settle(entry, error);
      // A listener may have asked again.
      if (this.#entries?.size === 0) this.#unwatch();
    };
  }

  /** Resolves when no request that was written over this session waits any more. */
  async idle(session: object): Promise<void> {
    const open = [...(this.#entries?.values() ?? [])].filter((entry) => entry.session === session);
    await Promise.all(open.map((entry) => entry.settled()));
  }

  #isPending(entry: Entry): boolean {
    return this.#entries?.get(entry.id) === entry;
  }

  #settle(entry: Entry, answer: Element | BrokerError): void {
    if (!this.#isPending(entry)) return;
    this.#take(entry);
    entry.ignoreSignal();
    if (isBrokerError(answer)) {
      if (entry.session === undefined && entry.delivery?.state === "queued") {
        this.#outbox.remove(entry.delivery.key);
      }
      this.#finished(entry.stanza, answer);
      entry.reject(answer);
    } else {
      if (answer.attrs.type !== "error") entry.resolve(answer);
      else entry.reject(stanzaErrorFrom(answer));
      this.#finished(answer);
    }
    entry.onSettled();
    if (this.#entries?.size === 0) this.#watcher?.regulate();
  }

  #finished(stanza: Element, error?: BrokerError): void {
    if (!this.#instruments.has("request:finish")) return;
    const payload = error === undefined ? { stanza } : { stanza, error };
    this.#instruments.stanza("request:finish", payload);
  }

  #take(entry: Entry): void {
    const entries = this.#entries;
    if (entries === undefined) return;
    entries.delete(entry.id);
    if (this.#isShown || !isToBeRenewed(++this.#settled, entries.size)) return;
    this.#settled = 0;
    this.#entries = new Map(entries);
  }

  #watch(due: number): void {
    this.#stopTimer();
    this.#nextDue = due;
    const wait = Math.max(Math.ceil(due - this.#clock.now()), 1);
    this.#stopTimer = this.#clock.after(wait, () => {
      this.#look();
    });
  }

  #unwatch(): void {
    this.#stopTimer();
    this.#stopTimer = nothing;
    this.#nextDue = Number.POSITIVE_INFINITY;
  }

  /** Ends those whose time is over, and waits for the next. */
  #look(): void {
    this.#unwatch();
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of [...(this.#entries?.values() ?? [])]) {
      if (entry.due > now) next = Math.min(next, entry.due);
      else {
        const detail = `${entry.timeout} ms have passed`;
        this.#settle(entry, new BrokerError("REQUEST_TIMEOUT", detail, { retryable: true }));
      }
    }
    // A listener may have asked again.
    if (next < this.#nextDue) this.#watch(next);
  }

  /** The caller's own id stays, unless a request with it is under way. */
  #withId(stanza: Element): Element {
    const { id } = stanza.attrs;
    if (id !== undefined && id !== "" && this.#entries?.has(id) !== true) return stanza;
    return withAttribute(stanza, "id", randomId(this.#crypto));
  }
}
