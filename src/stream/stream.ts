import { nothing } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { BrokerError, isBrokerError } from "../base/errors.ts";
import { type Steps, step } from "../base/state.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";
import type { XmlLimits } from "../xml/limits.ts";
import { serialize } from "../xml/write/serialize.ts";
import { XmlError } from "../xml/xml-error.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { HeaderAttributes, StreamContext } from "./framing.ts";
import type { StreamHeader } from "./header.ts";
import { streamErrorFrom } from "./stream-error.ts";
import type { Wiretap } from "./wiretap.ts";

/** How long a connection that has failed may take to say why before it is dropped, in milliseconds. */
const LINGER = 500;

/** How long a dialect may be busy before the next element is looked at, in milliseconds. */
const PEEK = 250;

/** The life of a stream: nothing sent, header sent, footer sent, over, and its connection gone. */
export type StreamState = "new" | "open" | "closing" | "over" | "gone";

const STEPS: Steps<StreamState> = {
  new: ["open", "over"],
  open: ["open", "closing", "over"],
  closing: ["over"],
  over: ["gone"],
  gone: [],
};

/** The listener of a stream's life: its link. */
export interface StreamOwner {
  /** True if the server may keep a session that the next connection asks for: a footer would end it (XEP-0198, 5). */
  readonly keepsSession: boolean;
  /** Our header went out. */
  opened(header: string): void;
  /** Our footer went out. */
  closing(): void;
  /** The stream is over (`undefined`: closed by both sides in order). Called once, before `gone`. */
  ended(error: BrokerError | undefined): void;
  /** The connection is gone. Called once. */
  gone(): void;
}

/** The receiver of elements, once they flow: a session. */
export interface StreamSink {
  /** An element arrived. */
  element(element: Element): void;
  /** Just before a turn's write leaves; text written from inside goes with it. */
  leaving(): void;
  /** The system has taken more bytes; `total` counts from the start. */
  taken(total: number): void;
  /** Our footer is about to be written; text written from inside goes before it. */
  closing(): void;
}

/** The parts of a stream. */
export interface StreamParts {
  readonly domain: string;
  readonly version: string | undefined;
  readonly context: StreamContext;
  readonly clock: Clock;
  readonly tap: Wiretap;
  readonly owner: StreamOwner;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: BrokerError): void;
}

/**
 * One XML stream over a channel (RFC 6120, 4): header, restart, elements in order, errors, closing. While a dialect
 * negotiates, elements are pulled one by one with `next`. After `flow` they are pushed to the sink.
 */
export class Stream implements ChannelEvents {
  readonly channel: Channel;
  readonly #parts: StreamParts;
  #state: StreamState = "new";
  /** Waits for the server's header, or for the next element. */
  #header: Waiter<StreamHeader> | undefined;
  #reader: Waiter<Element> | undefined;
  #sink: StreamSink | undefined;
  #isPaused = false;
  /** When reading was paused last, and for how long it had been before that. */
  #pausedAt = 0;
  #pausedBefore = 0;
  /** An element that was read while the dialect was busy. */
  #ahead: Element | undefined;
  #stopPeeking = nothing;
  /** The connection is gone, with elements left to read: the end waits for them. */
  #lost: { readonly error: Error | undefined } | undefined;
  #error: BrokerError | undefined;
  #stopLingering = nothing;
  /** When bytes last arrived, by the clock. */
  heard: number;
  /** When a write of ours last left. */
  said: number;
  /** When everything before the mark had left this machine; `undefined`: it has not yet. */
  leftAt: number | undefined;
  #mark = Number.POSITIVE_INFINITY;

  constructor(channel: Channel, parts: StreamParts) {
    this.channel = channel;
    this.#parts = parts;
    this.heard = parts.clock.now();
    this.said = this.heard;
    channel.start(this);
  }

  /** Where the stream is in its life. */
  get state(): StreamState {
    return this.#state;
  }

  /** True if our side is closed, or all of it is over: no stanza can follow. */
  get isEnding(): boolean {
    return this.#state === "closing" || this.#isOver();
  }

  /**
   * Sends a header, the first or that of a restart, and waits for the server's.
   *
   *     C: <stream:stream to='example.org' version='1.0' …>
   *     S: <stream:stream id='…' …>
   *                                ^ here: resolved
   */
  open(attributes: HeaderAttributes = {}): Promise<StreamHeader> {
    if (this.isEnding) return Promise.reject(this.#ending());
    this.#to("open");
    const { domain, version, tap, owner } = this.#parts;
    const header = this.channel.open({ to: domain, version, ...attributes });
    tap.wire("out", header);
    const answer = new Promise<StreamHeader>((resolve, reject) => {
      this.#header = { resolve, reject };
    });
    owner.opened(header);
    this.#resume();
    return answer;
  }

  /** The next element, waiting for it if need be; rejects when the stream is over. */
  next(): Promise<Element> {
    if (this.#isOver()) return Promise.reject(this.#ending());
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#resume();
      this.readable(0);
    });
  }

  /** From now on every element goes to the sink, read by these limits. */
  flow(sink: StreamSink, limits: XmlLimits): void {
    this.channel.setLimits(limits);
    this.#sink = sink;
    this.#resume();
    this.readable(0);
  }

  /** Writes an element as a child of the stream. */
  send(element: Element): void {
    const { tap, context } = this.#parts;
    tap.wire("out", element);
    if (this.#state === "open") this.channel.write(serialize(element, context));
  }

  /** Writes a stanza; returns the bytes handed over so far, or 0 behind our footer, where nothing may be sent (RFC 6120, 4.4). */
  write(text: string): number {
    if (this.#state !== "open") return 0;
    try {
      return this.channel.write(text);
    } catch (thrown) {
      return this.#broken(thrown);
    }
  }

  /** Notes in `leftAt` when everything written so far has left this machine. */
  mark(): void {
    const { handed, unsent } = this.channel;
    this.leftAt = unsent === 0 ? this.#parts.clock.now() : undefined;
    this.#mark = unsent === 0 ? Number.POSITIVE_INFINITY : handed;
  }

  /** True if reading is paused. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Stops reading: what has arrived stays unparsed. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#pausedAt = this.#parts.clock.now();
    this.channel.pause();
  }

  /** For how long reading has been paused so far, in milliseconds. */
  get pausedTime(): number {
    const now = this.#isPaused ? this.#parts.clock.now() - this.#pausedAt : 0;
    return this.#pausedBefore + now;
  }

  /** Reads again, first what has arrived. */
  resume(): void {
    this.#resume();
    this.readable(0);
  }

  /**
   * Puts TLS on the connection. Anything the server sent in clear beyond `<proceed/>`, white space too, is an
   * attempt at injection (RFC 6120, 5.4.3.3).
   */
  async secure(options: { readonly direct: boolean }): Promise<TlsFacts> {
    const { channel } = this;
    if (channel.secure === undefined) {
      throw new BrokerError("TLS_FAILED", "this connection cannot take TLS");
    }
    if (!channel.idle || channel.ending !== undefined || this.#ahead !== undefined) {
      throw new BrokerError("PROTOCOL_ERROR", "the server sent more after it agreed to start TLS");
    }
    this.#resume();
    return await channel.secure(options);
  }

  /** Sends our footer and waits, through the owner's deadline, for the server's. */
  close(): void {
    if (this.#state === "new") this.#finish(undefined);
    else if (this.#state === "open") {
      this.#sayGoodbye();
      this.readable(0);
    }
  }

  /** Ends our half of the connection without a footer: what is written leaves, and the server keeps the session. */
  leave(): void {
    if (this.#isOver()) return;
    this.#sink?.closing();
    this.#finish(undefined, false);
    this.readable(0);
  }

  /** Ends the stream for a reason of our own: says goodbye if it can, and drops the connection soon. */
  fail(error: BrokerError | undefined): void {
    this.#finish(error);
  }

  /** Drops the connection at once. */
  destroy(error?: BrokerError): void {
    this.#end(error);
    this.channel.destroy();
  }

  // Events of the channel.

  readable(bytes: number): void {
    if (bytes > 0) {
      this.heard = this.#parts.clock.now();
      this.#parts.tap.arrived(bytes);
    }
    const sink = this.#sink;
    if (sink !== undefined) this.#push(sink);
    else this.#pull();
  }

  leaving(): void {
    this.said = this.#parts.clock.now();
    this.#sink?.leaving();
  }

  taken(total: number): void {
    if (total >= this.#mark) {
      this.#mark = Number.POSITIVE_INFINITY;
      this.leftAt = this.#parts.clock.now();
    }
    this.#sink?.taken(total);
  }

  gone(error: Error | undefined): void {
    this.#stopLingering();
    this.#lost = { error };
    this.readable(0);
  }

  /** Reads all there is. */
  #push(sink: StreamSink): void {
    const { channel } = this;
    while (!this.#isPaused) {
      const element = this.#ahead ?? channel.read();
      this.#ahead = undefined;
      if (element === undefined) {
        this.#look();
        return;
      }
      if (this.#isError(element)) return;
      sink.element(element);
    }
    if (this.#lost !== undefined) this.#look();
  }

  /** Reads one element for each that is waited for; the rest of the chunk stays unparsed. */
  #pull(): void {
    while (this.#header !== undefined || this.#reader !== undefined) {
      const element = this.#ahead ?? this.channel.read();
      this.#ahead = undefined;
      if (element === undefined) {
        this.#look();
        return;
      }
      this.#arrived(element);
    }
    const { channel } = this;
    const hasUnread = this.#ahead !== undefined || !channel.idle;
    if (this.#isOver() || !hasUnread) this.#look();
    else this.#holdBack();
  }

  /**
   * Stops reading while the dialect is busy, so that a chunk or two lie here at most. A dialect that stays busy, while
   * a password is being typed, say, must still learn of the end: after a while one element is read ahead.
   */
  #holdBack(): void {
    if (this.#isPaused) return;
    this.pause();
    this.#stopPeeking = this.#parts.clock.after(PEEK, () => {
      if (this.#sink !== undefined || this.#isOver()) return;
      this.#lookAhead();
      if (this.#ahead === undefined) this.#resume();
    });
  }

  /** Hands an element to the one that waits for it. */
  #arrived(element: Element): void {
    const header = this.#header;
    if (header !== undefined) {
      this.#header = undefined;
      this.#headerArrived(element, header);
      return;
    }
    if (this.#isError(element)) return;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(element);
  }

  #headerArrived(element: Element, waiter: Waiter<StreamHeader>): void {
    const { context, tap } = this.#parts;
    tap.wire("in", () => headerText(element, context));
    if (!this.channel.isHeader(element)) {
      this.#header = waiter;
      const what = `the answer is no XMPP stream, it begins with <${element.name}>`;
      this.#refuse(new BrokerError("PROTOCOL_ERROR", what), "invalid-namespace");
      return;
    }
    const { id, from, version } = element.attrs;
    waiter.resolve({ element, id, from, version });
    // A refusal often comes in the same breath, and then there is nothing to negotiate.
    this.#lookAhead();
  }

  /** Reads one element before anybody waits for it, to learn of the server's end. */
  #lookAhead(): void {
    this.#ahead ??= this.channel.read();
    if (this.#ahead === undefined) this.#look();
    else if (this.#isStreamError(this.#ahead)) this.#isError(this.#ahead);
  }

  /** Ends the stream where an element is the server's stream error. */
  #isError(element: Element): boolean {
    this.#parts.tap.wire("in", element);
    if (!this.#isStreamError(element)) return false;
    this.#finish(streamErrorFrom(element));
    return true;
  }

  #isStreamError({ name, ns }: Element): boolean {
    return name === "error" && ns === this.#parts.context.prefixes.stream;
  }

  /** Nothing more can be read: ends the stream where the server's side has ended. */
  #look(): void {
    const { ending } = this.channel;
    if (!this.#isOver() && ending !== undefined) {
      if (ending.by === "footer") {
        this.#parts.tap.wire("in", ending.text ?? "</stream:stream>");
        const inOrder = this.#state === "closing";
        this.#finish(inOrder ? undefined : disconnected("the server closed the stream"));
      } else if (ending.by === "half") {
        // A bare end is a lost connection: it owes a footer only where no session is kept.
        const { keepsSession } = this.#parts.owner;
        this.#finish(disconnected("the server ended the connection"), !keepsSession);
      } else this.#unreadable(ending.error);
    }
    if (this.#lost !== undefined) this.#goneFor(this.#lost.error);
  }

  #goneFor(error: Error | undefined): void {
    if (this.#state === "gone") return;
    if (isBrokerError(error)) this.#end(error);
    else if (this.#state === "closing" && error === undefined) this.#end(undefined);
    else this.#end(disconnected("the connection was cut", error));
    this.#to("gone");
    this.#parts.owner.gone();
  }

  /** The bytes that arrived cannot be read on. */
  #unreadable(error: XmlError | BrokerError): void {
    if (!(error instanceof XmlError)) {
      this.#finish(error);
      return;
    }
    const { condition, detail, offset, found, exceeded } = error;
    // Once ready this passes: a new stream does not begin with the stanza that ended this one.
    const isPassing = this.#sink !== undefined;
    const told = isPassing ? new XmlError(condition, detail, offset, found, true, exceeded) : error;
    this.#refuse(told, condition);
  }

  /** Answers bytes that a server must not send with the stream error that the RFC names, and ends. */
  #refuse(error: XmlError | BrokerError, condition: string): void {
    if (this.#state === "open") {
      this.#dare(() => {
        this.#parts.tap.wire("out", this.channel.writeError(condition));
      });
    }
    this.#finish(error);
  }

  #sayGoodbye(): void {
    if (this.#state !== "open") return;
    this.#sink?.closing();
    this.#to("closing");
    this.#dare(() => {
      this.#parts.tap.wire("out", this.channel.writeFooter());
    });
    this.#parts.owner.closing();
  }

  /** Ends the stream: our footer, if it is due, then our half of the connection, then, before long, all of it. */
  #finish(error: BrokerError | undefined, saysGoodbye = true): void {
    if (this.#isOver()) return;
    if (this.#lost === undefined) {
      if (saysGoodbye) this.#sayGoodbye();
      // A listener of the goodbye may have ended it.
      if (this.#isOver()) return;
      this.#dare(() => {
        this.channel.finish();
      });
      this.#stopLingering = this.#parts.clock.after(LINGER, () => {
        this.channel.destroy();
      });
    }
    this.#end(error);
  }

  #end(error: BrokerError | undefined): void {
    if (this.#isOver()) return;
    this.#to("over");
    this.#error = error;
    this.channel.stop();
    // A paused socket would never tell of its end.
    this.#resume();
    const waiters = [this.#header, this.#reader];
    this.#header = undefined;
    this.#reader = undefined;
    for (const waiter of waiters) waiter?.reject(this.#ending());
    this.#parts.owner.ended(error);
  }

  /** Does a step of the goodbye. A channel of the caller's that fails at it has no more to say. */
  #dare(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  /**
   * A channel of the caller's has thrown: the connection is dropped, in a turn of its own, since the writer goes on
   * first. The text that was being written counts as handed over: a part of it may have left.
   */
  #broken(thrown: unknown): number {
    const cause = thrown instanceof Error ? thrown : new TypeError(String(thrown));
    this.#parts.clock.after(0, () => {
      this.destroy(disconnected("the connection failed", cause));
    });
    return this.channel.handed || 1;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#pausedBefore = this.pausedTime;
    this.#isPaused = false;
    this.#stopPeeking();
    this.channel.resume();
  }

  #isOver(): boolean {
    return this.#state === "over" || this.#state === "gone";
  }

  #to(state: StreamState): void {
    this.#state = step("stream", STEPS, this.#state, state);
  }

  #ending(): BrokerError {
    return this.#error ?? disconnected("the stream is closed");
  }
}

function disconnected(detail: string, cause?: Error): BrokerError {
  const facts = { retryable: true };
  return new BrokerError("DISCONNECTED", detail, cause === undefined ? facts : { ...facts, cause });
}

/** A received header for the trace. As an element `<stream:stream>` would be closed. */
function headerText(header: Element, context: StreamContext): string {
  const text = serialize(header, context);
  return header.name === "stream" ? text.replace(/\/>$/, ">") : text;
}
