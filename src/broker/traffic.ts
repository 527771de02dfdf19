import type { Crypto } from "../base/crypto.ts";
import type { Emitter } from "../base/emitter.ts";
import { BrokerError } from "../base/errors.ts";
import type { Element } from "../xml/element.ts";
import type { BrokerEvents } from "./events.ts";
import { Filters } from "./filters.ts";
import { Inbox } from "./inbox.ts";
import { IncomingRequests } from "./incoming.ts";
import type { Settings } from "./options.ts";
import { Requests } from "./requests.ts";
import { Sender } from "./sender.ts";
import { Waiting } from "./waiting.ts";

/** What traffic asks of the broker. */
export interface TrafficPort {
  /** Whether stanzas may be written now. */
  readonly isReady: () => boolean;
  /** The address in force. */
  readonly jid: () => string;
  /** Bytes written that the peer has not read. */
  readonly buffered: () => number;
  readonly write: (text: string, stanza: Element) => void;
  /** A handler failed. */
  readonly failed: (error: BrokerError, source: string) => void;
}

/** What traffic is made of. */
export interface TrafficParts {
  readonly settings: Settings;
  /** What is declared above a stanza on the stream. */
  readonly context: { readonly ns: string; readonly prefixes: { readonly stream: string } };
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
export class Traffic {
  readonly sender: Sender;
  readonly requests: Requests;
  readonly filters: Filters;
  readonly waiting: Waiting;
  readonly inbox: Inbox;
  readonly #incoming: IncomingRequests;

  constructor({ settings, context, crypto, emitter, port }: TrafficParts) {
    const { dialect, limits, queue, timeouts, unhandled } = settings;
    this.#incoming = new IncomingRequests(limits.requests);
    this.sender = new Sender({
      dialect,
      context,
      sendBytes: limits.sendBytes,
      queue,
      crypto,
      incoming: this.#incoming,
      port: {
        ready: port.isReady,
        buffered: port.buffered,
        write: ({ text, stanza }) => {
          port.write(text, stanza);
          if (emitter.has("sent")) emitter.emit("sent", { stanza });
        },
        queued: (stanza) => {
          emitter.emit("queued", { stanza });
        },
        changed: (delivery, stanza) => {
          if (emitter.has("delivery")) emitter.emit("delivery", { delivery, stanza });
        },
      },
    });
    this.requests = new Requests(crypto, limits.requests, {
      send: (stanza) => this.sender.send(stanza),
      remove: ({ id }) => {
        this.sender.outbox.remove(id);
      },
      started: (stanza) => {
        emitter.emit("request:start", { stanza });
      },
      finished: (stanza, error) => {
        emitter.emit("request:finish", { stanza, ...(error === undefined ? {} : { error }) });
      },
    });
    this.filters = new Filters({
      incoming: this.#incoming,
      unhandled,
      timeout: timeouts.respond,
      port: {
        answer: (stanza, request) => this.sender.answer(stanza, request),
        failed: port.failed,
      },
    });
    this.waiting = new Waiting(this.filters);
    this.inbox = new Inbox({
      dialect,
      contentNamespace: context.ns,
      crypto,
      requests: this.requests,
      sender: this.sender,
      filters: this.filters,
      port: {
        jid: port.jid,
        failed: port.failed,
        received: (stanza) => {
          if (emitter.has("received")) emitter.emit("received", { stanza });
        },
      },
    });
  }

  /** The stream is over: what waits for something over it gets the reason (none: we ended it ourselves). */
  end(error: BrokerError | undefined): void {
    this.#incoming.end();
    this.requests.end(error ?? new BrokerError("DISCONNECTED", "the broker was shut down"));
    this.waiting.end(error);
  }
}
