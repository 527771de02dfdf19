import type { Crypto } from "../base/crypto.ts";
import type { Emitter } from "../base/emitter.ts";
import { BrokerError } from "../base/errors.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { BrokerEvents } from "../contract/events.ts";
import type { Settings } from "../contract/options.ts";
import { type IncomingRequest, IncomingRequests } from "../session/incoming.ts";
import { type RequestPort, Requests } from "../session/requests.ts";
import type { StreamContext } from "../stream/stream.ts";
import type { Element } from "../xml/element.ts";
import { type FilterPort, Filters } from "./filters.ts";
import { Inbox, type InboxPort } from "./inbox.ts";
import type { OutboxItem } from "./outbox.ts";
import { Sender, type SenderPort } from "./sender.ts";
import { Waiting } from "./waiting.ts";

/** What traffic asks of the broker. */
export interface TrafficPort {
  /** Whether stanzas may be written now. */
  isReady(): boolean;
  /** Whether the stream takes stanzas: also while `shutdown` waits for the last answers. */
  isOpen(): boolean;
  /** The address in force. */
  jid(): string;
  /** Bytes written that the peer has not read. */
  buffered(): number;
  /** False where the stream takes nothing any more. */
  write(text: string, stanza: Element): boolean;
  /** A handler failed. */
  failed(error: BrokerError, source: string): void;
}

/** What traffic is made of. */
export interface TrafficParts {
  readonly settings: Settings;
  /** What is declared above a stanza on the stream. */
  readonly context: StreamContext;
  readonly crypto: Crypto;
  readonly emitter: Emitter<BrokerEvents>;
  readonly port: TrafficPort;
}

/**
 * Everything stanzas pass through, and how it hangs together. It outlives connections: filters and the queue
 * stay when one ends, what waits for an answer over it does not.
 *
 *     send ─────────────┐                       ┌─ requests (an answer ends here)
 *     request ─ requests ┴─ sender ─ wire ─ inbox ┤
 *                             └─ outbox          └─ filters ─ respond, waitFor, stanzas
 */
export class Traffic implements SenderPort, RequestPort, FilterPort, InboxPort {
  readonly sender: Sender;
  readonly requests: Requests;
  readonly filters: Filters;
  readonly waiting: Waiting;
  readonly inbox: Inbox;
  readonly #incoming: IncomingRequests;
  readonly #emitter: Emitter<BrokerEvents>;
  readonly #port: TrafficPort;

  constructor({ settings, context, crypto, emitter, port }: TrafficParts) {
    const { dialect, limits, queue, timeouts, unhandled } = settings;
    this.#emitter = emitter;
    this.#port = port;
    this.#incoming = new IncomingRequests(limits.requests);
    this.sender = new Sender({
      dialect,
      context,
      sendBytes: limits.sendBytes,
      queue,
      crypto,
      incoming: this.#incoming,
      port: this,
    });
    this.requests = new Requests(crypto, limits.requests, this);
    this.filters = new Filters({
      incoming: this.#incoming,
      unhandled,
      timeout: timeouts.respond,
      port: this,
    });
    this.waiting = new Waiting(this.filters);
    this.inbox = new Inbox({
      dialect,
      contentNamespace: context.ns,
      crypto,
      requests: this.requests,
      sender: this.sender,
      filters: this.filters,
      port: this,
    });
  }

  // What the sender asks, and tells.

  ready(): boolean {
    return this.#port.isReady();
  }

  open(): boolean {
    return this.#port.isOpen();
  }

  buffered(): number {
    return this.#port.buffered();
  }

  write({ text, stanza }: OutboxItem): void {
    const isWritten = this.#port.write(text, stanza);
    if (isWritten && this.#emitter.has("sent")) this.#emitter.emit("sent", { stanza });
  }

  queued(stanza: Element): void {
    this.#emitter.emit("queued", { stanza });
  }

  changed(delivery: Delivery, stanza: Element): void {
    if (this.#emitter.has("delivery")) this.#emitter.emit("delivery", { delivery, stanza });
  }

  // What the requests ask, and tell.

  send(stanza: Element): Delivery {
    return this.sender.send(stanza);
  }

  remove({ id }: Delivery): void {
    this.sender.outbox.remove(id);
  }

  started(stanza: Element): void {
    if (this.#emitter.has("request:start")) this.#emitter.emit("request:start", { stanza });
  }

  finished(stanza: Element, error?: BrokerError): void {
    if (!this.#emitter.has("request:finish")) return;
    const facts = error === undefined ? { stanza } : { stanza, error };
    this.#emitter.emit("request:finish", facts);
  }

  // What the filters and the inbox ask, and tell.

  answer(stanza: Element, request?: IncomingRequest): BrokerError | undefined {
    return this.sender.answer(stanza, request);
  }

  jid(): string {
    return this.#port.jid();
  }

  received(stanza: Element): void {
    if (this.#emitter.has("received")) this.#emitter.emit("received", { stanza });
  }

  failed(error: BrokerError, source: string): void {
    this.#port.failed(error, source);
  }

  /**
   * The stream is over. What waits for something over it as it stands now gets the reason (none: we ended it
   * ourselves) when the function that is returned is called.
   */
  ending(): (error: BrokerError | undefined) => void {
    this.#incoming.end();
    const endRequests = this.requests.ending();
    const endWaiting = this.waiting.ending();
    return (error) => {
      endRequests(error ?? new BrokerError("DISCONNECTED", "the broker was shut down"));
      endWaiting(error);
    };
  }
}
