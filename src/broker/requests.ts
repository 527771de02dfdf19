import { aborted, onAbort } from "../base/abort.ts";
import { type Crypto, randomId } from "../base/crypto.ts";
import { BrokerError } from "../base/errors.ts";
import { after } from "../base/timer.ts";
import { stanzaErrorFrom } from "../stream/stanza-error.ts";
import { type Element, withAttribute } from "../xml/element.ts";
import type { Delivery } from "./delivery.ts";
import { isAnswer } from "./replies.ts";

/** A request that waits for its answer. */
export interface PendingRequest {
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

interface Entry extends PendingRequest {
  settle(answer: Element | BrokerError): void;
}

/** The requests under way: each settles exactly once. */
export class Requests {
  /** Made for the first: a program that only answers has none. */
  #entries: Map<string, Entry> | undefined;
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
      const entries = this.#entries;
      if (entries.size >= this.#limit) {
        const detail = `${this.#limit} requests are pending already`;
        reject(new BrokerError("QUEUE_FULL", detail, { retryable: true }));
        return;
      }
      const stanza = this.#withId(given);
      const id = stanza.attrs.id ?? "";
      const since = Date.now();
      // The answer may come while `send` runs (in memory), so it is registered before.
      const stopTimer = after(timeout, () => {
        settle(
          new BrokerError("REQUEST_TIMEOUT", `${timeout} ms have passed`, { retryable: true }),
        );
      });
      // Filled once `send` returns; a request may be settled before that.
      const sent: { delivery?: Delivery } = {};
      const isPending = (): boolean => entries.get(id) === entry;
      const settle = (answer: Element | BrokerError): void => {
        if (!isPending()) return;
        entries.delete(id);
        stopTimer();
        ignoreSignal();
        if (answer instanceof BrokerError) {
          if (sent.delivery?.state === "queued") this.#port.remove(sent.delivery);
          this.#port.finished(stanza, answer);
          reject(answer);
          return;
        }
        if (answer.attrs.type !== "error") resolve(answer);
        else reject(stanzaErrorFrom(answer));
        this.#port.finished(answer);
      };
      const entry: Entry = { stanza, since, deadline: since + timeout, settle };
      entries.set(id, entry);
      const ignoreSignal = onAbort(signal, () => {
        settle(aborted(signal));
      });
      this.#port.started(stanza);
      // Who was told may have given it up, or ended the connection.
      if (!isPending()) return;
      const delivery = this.#port.send(stanza);
      sent.delivery = delivery;
      if (delivery.error !== undefined) settle(delivery.error);
      else if (delivery.state !== "queued") return;
      else if (isPending()) delivery.written().catch(settle);
      else this.#port.remove(delivery);
    });
  }

  /** Settles the request this element answers, if it answers one. */
  answer(element: Element, own: string): boolean {
    const { id } = element.attrs;
    if (id === undefined) return false;
    const entry = this.#entries?.get(id);
    if (entry === undefined || !isAnswer(entry.stanza, element, own)) return false;
    entry.settle(element);
    return true;
  }

  /** A stanza of ours came back: if it is one of these, it could not be delivered. */
  fail(returned: Element, error: BrokerError): boolean {
    const { name, attrs } = returned;
    const entry = this.#entries?.get(attrs.id ?? "");
    if (entry?.stanza.name !== name || entry.stanza.attrs.type !== attrs.type) return false;
    entry.settle(error);
    return true;
  }

  /** The connection ended: nothing that waits now can be answered any more, and is told so when this is called. */
  ending(): (error: BrokerError) => void {
    const entries = [...(this.#entries?.values() ?? [])];
    return (error) => {
      for (const entry of entries) entry.settle(error);
    };
  }

  /** The caller's own id stays, unless a request with it is under way. */
  #withId(stanza: Element): Element {
    const { id } = stanza.attrs;
    if (id !== undefined && id !== "" && this.#entries?.has(id) !== true) return stanza;
    return withAttribute(stanza, "id", randomId(this.#crypto));
  }
}
