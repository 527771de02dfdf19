import { aborted, nothing, onAbort } from "../base/abort.ts";
import { type Crypto, randomId } from "../base/crypto.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { isToBeRenewed } from "../base/renewal.ts";
import { after, LONGEST } from "../base/timer.ts";
import type { Delivery } from "../contract/delivery.ts";
import { stanzaErrorFrom } from "../stream/stanza-error.ts";
import { type Element, withAttribute } from "../xml/element.ts";
import { isAnswer } from "./answers.ts";

/** A request that waits for its answer. */
export interface PendingRequest {
  /** What was asked, with its id. */
  readonly stanza: Element;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number;
  /** When it will have timed out. */
  readonly deadline: number;
}

/** How one request is made. */
export interface RequestOptions {
  /** Milliseconds from the call on. Default: `timeouts.request`. */
  readonly timeout?: number;
  /** Gives up with `ABORTED`. */
  readonly signal?: AbortSignal;
}

/** What the requests ask of the broker. */
export interface RequestPort {
  send(stanza: Element): Delivery;
  /** Takes an unsent one back from the queue. */
  remove(delivery: Delivery): void;
  started(stanza: Element): void;
  finished(stanza: Element, error?: BrokerError): void;
}

/** A request under way. */
class Entry implements PendingRequest {
  readonly stanza: Element;
  readonly since: number;
  readonly deadline: number;
  readonly id: string;
  /** When it will have timed out, by a clock that nobody sets. */
  readonly due: number;
  readonly timeout: number;
  readonly resolve: (answer: Element) => void;
  readonly reject: (error: unknown) => void;
  /** Filled once `send` returns; a request may be settled before that. */
  delivery: Delivery | undefined;
  ignoreSignal = nothing;

  constructor(
    stanza: Element,
    timeout: number,
    resolve: (answer: Element) => void,
    reject: (error: unknown) => void,
  ) {
    this.stanza = stanza;
    this.since = Date.now();
    this.deadline = this.since + timeout;
    this.id = stanza.attrs.id ?? "";
    this.due = performance.now() + timeout;
    this.timeout = timeout;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** The requests under way: each settles exactly once. */
export class Requests {
  /** Made for the first: a program that only answers has none. */
  #entries: Map<string, Entry> | undefined;
  /** Whether somebody outside holds the map: then it stays the same. */
  #isShown = false;
  #settled = 0;
  /** One timer for all: it runs to the earliest time-out of those there were when it was set. */
  #nextDue = Number.POSITIVE_INFINITY;
  #stopTimer = nothing;
  readonly #crypto: Pick<Crypto, "random">;
  readonly #limit: number;
  readonly #port: RequestPort;

  constructor(crypto: Pick<Crypto, "random">, limit: number, port: RequestPort) {
    this.#crypto = crypto;
    this.#limit = limit;
    this.#port = port;
  }

  /** Id → request, for all that wait. */
  get pending(): ReadonlyMap<string, PendingRequest> {
    this.#isShown = true;
    this.#entries ??= new Map();
    return this.#entries;
  }

  request(given: Element, timeout: number, signal: AbortSignal | undefined): Promise<Element> {
    return new Promise((resolve, reject) => {
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
      const entry = new Entry(this.#withId(given), timeout, resolve, reject);
      // The answer may come while `send` runs (in memory), so it is registered before.
      this.#entries.set(entry.id, entry);
      if (entry.due < this.#nextDue) this.#watch(entry.due);
      if (signal !== undefined) {
        entry.ignoreSignal = onAbort(signal, () => {
          this.#settle(entry, aborted(signal));
        });
      }
      this.#port.started(entry.stanza);
      // Who was told may have given it up, or ended the connection.
      if (!this.#isPending(entry)) return;
      const delivery = this.#port.send(entry.stanza);
      entry.delivery = delivery;
      if (delivery.error !== undefined) this.#settle(entry, delivery.error);
      else if (delivery.state !== "queued") return;
      else if (!this.#isPending(entry)) this.#port.remove(delivery);
      else {
        delivery.written().catch((error: unknown) => {
          this.#settle(entry, asBrokerError(error, "ABORTED"));
        });
      }
    });
  }

  /** Settles the request this element answers, if it answers one. */
  answer(element: Element, own: string): boolean {
    const { id } = element.attrs;
    if (id === undefined) return false;
    const entry = this.#entries?.get(id);
    if (entry === undefined || !isAnswer(entry.stanza, element, own)) return false;
    this.#settle(entry, element);
    return true;
  }

  /** A stanza of ours came back: if it is one of these, it could not be delivered. */
  fail(returned: Element, error: BrokerError): boolean {
    const { name, attrs } = returned;
    const entry = this.#entries?.get(attrs.id ?? "");
    if (entry?.stanza.name !== name || entry.stanza.attrs.type !== attrs.type) return false;
    this.#settle(entry, error);
    return true;
  }

  /** The connection ended: nothing that waits now can be answered any more, and is told so when this is called. */
  ending(): (error: BrokerError) => void {
    const entries = [...(this.#entries?.values() ?? [])];
    return (error) => {
      for (const entry of entries) this.#settle(entry, error);
      // Who was told may have asked again.
      if (this.#entries?.size === 0) this.#unwatch();
    };
  }

  #isPending(entry: Entry): boolean {
    return this.#entries?.get(entry.id) === entry;
  }

  #settle(entry: Entry, answer: Element | BrokerError): void {
    if (!this.#isPending(entry)) return;
    this.#take(entry);
    entry.ignoreSignal();
    if (answer instanceof BrokerError) {
      if (entry.delivery?.state === "queued") this.#port.remove(entry.delivery);
      this.#port.finished(entry.stanza, answer);
      entry.reject(answer);
      return;
    }
    if (answer.attrs.type !== "error") entry.resolve(answer);
    else entry.reject(stanzaErrorFrom(answer));
    this.#port.finished(answer);
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
    this.#stopTimer = after(
      Math.min(Math.max(Math.ceil(due - performance.now()), 1), LONGEST),
      () => {
        this.#look();
      },
    );
  }

  #unwatch(): void {
    this.#stopTimer();
    this.#stopTimer = nothing;
    this.#nextDue = Number.POSITIVE_INFINITY;
  }

  /** Ends those whose time is over, and waits for the next. */
  #look(): void {
    this.#unwatch();
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of [...(this.#entries?.values() ?? [])]) {
      if (entry.due > now) next = Math.min(next, entry.due);
      else {
        const detail = `${entry.timeout} ms have passed`;
        this.#settle(entry, new BrokerError("REQUEST_TIMEOUT", detail, { retryable: true }));
      }
    }
    // Who was told may have asked again.
    if (next < this.#nextDue) this.#watch(next);
  }

  /** The caller's own id stays, unless a request with it is under way. */
  #withId(stanza: Element): Element {
    const { id } = stanza.attrs;
    if (id !== undefined && id !== "" && this.#entries?.has(id) !== true) return stanza;
    return withAttribute(stanza, "id", randomId(this.#crypto));
  }
}
