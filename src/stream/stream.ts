import { nothing } from "../base/abort.ts";
import { BrokerError } from "../base/errors.ts";
import { after } from "../base/timer.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";
import type { Transport } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import type { XmlLimits } from "../xml/limits.ts";
import { NS } from "../xml/namespaces.ts";
import { PushParser } from "../xml/read/push-parser.ts";
import { openTag, type SerializeContext, serialize } from "../xml/write/serialize.ts";
import { XmlError } from "../xml/xml-error.ts";
import type { StreamHeader } from "./header.ts";
import { FromParser, FromTransport, type Receiver } from "./receiver.ts";
import { streamErrorFrom } from "./stream-error.ts";

/** How many received elements may wait for the dialect before reading pauses, and how many at all. */
const WAITING_PAUSE = 64;
const WAITING_LIMIT = 20_000;

/** How long a connection that has failed may take to say why before it is dropped, in milliseconds. */
const LINGER = 500;

/** What is declared above every element on the stream: its content namespace, and the prefix of its own. */
export interface StreamContext {
  readonly ns: string;
  readonly prefixes: { readonly stream: string };
}

/** What a stream is opened with. */
export interface StreamOptions {
  readonly domain: string;
  readonly context: StreamContext;
  readonly version: string | undefined;
  readonly limits: XmlLimits;
}

/** What the trace shows: an element, a text, or what makes the text if anybody wants to see it. */
export type Tapped = Element | string | (() => string);

/** What a stream tells its owner. */
export interface StreamEvents {
  /** Our header went out. */
  started(header: string): void;
  /** Our closing tag went out. */
  finished(): void;
  /** Bytes arrived: the peer lives. */
  alive(): void;
  /** An element went out or came in; for the trace. */
  tap(direction: "in" | "out", what: Tapped): void;
  /** An element arrived, once they flow. */
  received(element: Element): void;
  /** The stream is over (`undefined`: closed by both sides in order). Called once, before `closed`. */
  ended(error: BrokerError | undefined): void;
  /** The transport is gone. Called once. */
  closed(): void;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: BrokerError): void;
}

/**
 * One XML stream over a transport (RFC 6120, 4): header out, header in, restart, elements in order, errors, close
 * handshake. While a dialect negotiates, elements are pulled with `next`; after `flow` they are pushed, with no
 * promise per stanza.
 */
export class Stream implements Receiver {
  readonly transport: Transport;
  readonly #options: StreamOptions;
  readonly #events: StreamEvents;
  #limits: XmlLimits;
  #parser: PushParser | undefined;
  #header: Waiter<StreamHeader> | undefined;
  #reader: Waiter<Element> | undefined;
  #waiting: Element[] = [];
  #flows = false;
  /** Our side of the stream: nothing sent yet, header sent, closing tag sent. */
  #out: "none" | "open" | "closed" = "none";
  #peerClosed = false;
  #isPaused = false;
  #over = false;
  #error: BrokerError | undefined;
  #gone = false;
  #stopLingering = nothing;

  constructor(transport: Transport, options: StreamOptions, events: StreamEvents) {
    this.transport = transport;
    this.#options = options;
    this.#events = events;
    this.#limits = options.limits;
    transport.start(new FromTransport(this));
  }

  /**
   * Sends a header, the first or that of a restart, and waits for the server's.
   *
   *     C: <stream:stream to='example.org' version='1.0' …>
   *     S: <stream:stream id='…' …>
   *                                ^ here: resolved
   */
  open(attributes: Readonly<Record<string, string | undefined>> = {}): Promise<StreamHeader> {
    if (this.#error !== undefined || this.#over) return Promise.reject(this.#ending());
    const restarted = this.#parser !== undefined;
    this.#parser?.stop();
    this.#parser = new PushParser(new FromParser(this), { limits: this.#limits, restarted });
    const { domain, version, context } = this.#options;
    const header = openTag("stream:stream", {
      xmlns: context.ns,
      "xmlns:stream": context.prefixes.stream,
      to: domain,
      version,
      ...attributes,
    });
    const first = this.#out === "none";
    this.#out = "open";
    this.#events.tap("out", header);
    this.transport.write(first ? `<?xml version='1.0'?>${header}` : header);
    const answer = new Promise<StreamHeader>((resolve, reject) => {
      this.#header = { resolve, reject };
    });
    this.#events.started(header);
    return answer;
  }

  /** The next element, waiting for it if need be; rejects when the stream is over. */
  next(): Promise<Element> {
    const element = this.#waiting.shift();
    if (this.#waiting.length < WAITING_PAUSE) this.#resume();
    if (element !== undefined) return Promise.resolve(element);
    if (this.#over) return Promise.reject(this.#ending());
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** From now on every element is told as received: first `deferred`, then those that wait already. */
  flow(deferred: readonly Element[]): void {
    const waiting = [...deferred, ...this.#waiting];
    this.#waiting = [];
    this.#flows = true;
    for (const element of waiting) if (!this.#over) this.#events.received(element);
    this.#resume();
  }

  /** Writes an element as a child of the stream. */
  send(element: Element): void {
    this.#events.tap("out", element);
    this.write(serialize(element, this.#options.context));
  }

  /** Whether our side of the stream is open: header sent, closing tag not. */
  get isOpen(): boolean {
    return this.#out === "open" && !this.#over;
  }

  /** Whether our side of the stream is closed, or all of it is over: no stanza can follow. */
  get isEnding(): boolean {
    return this.#out === "closed" || this.#over;
  }

  /** Writes what stands inside the stream; false behind our closing tag, where nothing may (RFC 6120, 4.4). */
  write(text: string): boolean {
    if (this.#out !== "open") return false;
    this.transport.write(text);
    return true;
  }

  /** Other limits for what arrives, from now on: larger ones, once the server is authenticated. */
  setLimits(limits: XmlLimits): void {
    this.#limits = limits;
    this.#parser?.setLimits(limits);
  }

  /**
   * Puts TLS on the connection. Anything the server sent in clear beyond `<proceed/>` is an attempt at
   * injection (RFC 6120, 5.4.3.3), and everything learnt before is forgotten with the parser.
   */
  async secure(options: { readonly direct: boolean }): Promise<TlsFacts> {
    if (this.#waiting.length > 0 || this.#parser?.idle === false) {
      throw new BrokerError("PROTOCOL_ERROR", "the server sent more after it agreed to start TLS");
    }
    this.#parser?.stop();
    this.#parser = undefined;
    return await this.transport.secure(options);
  }

  /** Sends the closing tag and waits, through the owner's deadline, for the other side's. */
  close(): void {
    this.#sayGoodbye();
    // Nobody who never opened a stream owes us a closing tag.
    if (this.#peerClosed || this.#out === "none") this.#finish(undefined);
  }

  /** Ends the stream for a reason of our own: says goodbye if it can, and drops the connection soon. */
  fail(error: BrokerError | undefined): void {
    this.#finish(error);
  }

  /** Drops the connection at once. */
  destroy(error?: BrokerError): void {
    this.#end(error);
    this.transport.destroy();
  }

  /** Bytes arrived. */
  arrived(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#events.alive();
    if (this.#parser === undefined) {
      this.#finish(new BrokerError("PROTOCOL_ERROR", "the server spoke before it was spoken to"));
      return;
    }
    this.#parser.write(bytes);
  }

  /** The server's header arrived. */
  headerArrived(element: Element): void {
    const { context } = this.#options;
    this.#events.tap("in", () => headerText(element, context));
    const waiter = this.#header;
    if (!element.is("stream", context.prefixes.stream) || waiter === undefined) {
      const what = `what answers is no XMPP stream, it begins with <${element.name}>`;
      this.#refuse(new BrokerError("PROTOCOL_ERROR", what), "invalid-namespace");
      return;
    }
    this.#header = undefined;
    const { id, from, version } = element.attrs;
    waiter.resolve({ element, id, from, version });
  }

  /** An element arrived. */
  elementArrived(element: Element): void {
    this.#events.tap("in", element);
    if (element.name === "error" && element.ns === this.#options.context.prefixes.stream) {
      this.#finish(streamErrorFrom(element));
    } else if (this.#flows) {
      this.#events.received(element);
    } else if (this.#reader !== undefined) {
      const reader = this.#reader;
      this.#reader = undefined;
      reader.resolve(element);
    } else if (this.#waiting.length < WAITING_LIMIT) {
      this.#waiting.push(element);
      if (this.#waiting.length >= WAITING_PAUSE) this.#pause();
    } else {
      const what = `more than ${WAITING_LIMIT} elements during negotiation`;
      this.#refuse(new BrokerError("POLICY_VIOLATION", what), "policy-violation");
    }
  }

  /** The server's closing tag arrived. */
  peerClosed(): void {
    this.#events.tap("in", "</stream:stream>");
    this.#peerClosed = true;
    this.#finish(this.#out === "closed" ? undefined : disconnected("the server closed the stream"));
  }

  /** What arrived cannot be read on. */
  unreadable(error: XmlError): void {
    const { condition, detail, offset, found, exceeded } = error;
    // A server that has let us in is one, and a new stream does not begin with the stanza that ended this one.
    const isPassing = this.#flows;
    const told = isPassing ? new XmlError(condition, detail, offset, found, true, exceeded) : error;
    this.#refuse(told, condition);
  }

  /** The server has ended its half of the connection. */
  peerEnded(): void {
    this.#finish(disconnected("the server ended the connection"));
  }

  /** The connection is gone. */
  connectionClosed(error: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#stopLingering();
    if (error instanceof BrokerError) this.#end(error);
    else if (this.#out === "closed" && error === undefined) this.#end(undefined);
    else this.#end(disconnected("the connection was cut", error));
    this.#events.closed();
  }

  /** Answers what a server must not send with the stream error the RFC names, and ends. */
  #refuse(error: XmlError | BrokerError, condition: string): void {
    if (this.#over) return;
    if (this.#out === "open") {
      const report = `<stream:error><${condition} xmlns='${NS.streamErrors}'/></stream:error>`;
      this.#events.tap("out", report);
      this.transport.write(report);
    }
    this.#finish(error);
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.transport.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.transport.resume();
  }

  #sayGoodbye(): void {
    if (this.#out !== "open") return;
    this.#out = "closed";
    this.#events.tap("out", "</stream:stream>");
    this.transport.write("</stream:stream>");
    this.#events.finished();
  }

  /** Ends the stream: our closing tag, then our half of the connection, then, before long, all of it. */
  #finish(error: BrokerError | undefined): void {
    if (this.#over) return;
    if (!this.#gone) {
      this.#sayGoodbye();
      this.transport.end();
      this.#stopLingering = after(LINGER, () => {
        this.transport.destroy();
      });
    }
    this.#end(error);
  }

  #end(error: BrokerError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#parser?.stop();
    this.#parser = undefined;
    const waiters = [this.#header, this.#reader];
    this.#header = undefined;
    this.#reader = undefined;
    for (const waiter of waiters) waiter?.reject(this.#ending());
    this.#events.ended(error);
  }

  #ending(): BrokerError {
    return this.#error ?? disconnected("the stream is closed");
  }
}

function disconnected(detail: string, cause?: Error): BrokerError {
  const facts = { retryable: true };
  return new BrokerError("DISCONNECTED", detail, cause === undefined ? facts : { ...facts, cause });
}

/** A received header for the trace: as an element it would be closed. */
function headerText(header: Element, context: SerializeContext): string {
  return serialize(header, context).replace(/\/>$/, ">");
}
