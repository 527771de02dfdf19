import { nothing } from "../base/abort.ts";
import { BrokerError } from "../base/errors.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";
import type { XmlLimits } from "../xml/limits.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { HeaderAttributes } from "./framing.ts";
import { headerText, type StreamHeader } from "./header.ts";
import { OurSide, type StreamReading } from "./our-side.ts";
import { streamErrorFrom } from "./stream-error.ts";
import type { StreamParts, StreamSink } from "./stream-parts.ts";

/** How long a dialect may be busy before the next element is looked at, in milliseconds. */
const PEEK = 250;

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: BrokerError): void;
}

/**
 * One XML stream over a channel (RFC 6120, 4): header, restart, elements in order, errors, closing. While a dialect
 * negotiates, elements are pulled one by one with `next`. After `flow` they are pushed to the sink.
 */
export class Stream implements ChannelEvents, StreamReading {
  readonly channel: Channel;
  /** Our side of it: all that is sent, and the end. */
  readonly ours: OurSide;
  readonly #parts: StreamParts;
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
    this.ours = new OurSide(channel, parts, this);
    this.heard = parts.clock.now();
    this.said = this.heard;
    channel.start(this);
  }

  /**
   * Sends a header, the first or that of a restart, and waits for the server's.
   *
   *     C: <stream:stream to='example.org' version='1.0' …>
   *     S: <stream:stream id='…' …>
   *                                ^ here: resolved
   */
  open(attributes: HeaderAttributes = {}): Promise<StreamHeader> {
    if (this.ours.isEnding) return Promise.reject(this.ours.error);
    this.ours.open();
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
    if (this.ours.isOver()) return Promise.reject(this.ours.error);
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
    this.ours.lose(error);
    this.readable(0);
  }

  // Events of our side.

  get isFlowing(): boolean {
    return this.#sink !== undefined;
  }

  closing(): void {
    this.#sink?.closing();
  }

  over(error: BrokerError): void {
    // A paused socket would never tell of its end.
    this.#resume();
    const waiters = [this.#header, this.#reader];
    this.#header = undefined;
    this.#reader = undefined;
    for (const waiter of waiters) waiter?.reject(error);
  }

  /** Reads all there is. */
  #push(sink: StreamSink): void {
    const { channel } = this;
    while (!this.#isPaused) {
      const element = this.#ahead ?? channel.read();
      this.#ahead = undefined;
      if (element === undefined) {
        this.ours.look();
        return;
      }
      if (this.#isError(element)) return;
      sink.element(element);
    }
    if (this.ours.isLost) this.ours.look();
  }

  /** Reads one element for each that is waited for; the rest of the chunk stays unparsed. */
  #pull(): void {
    while (this.#header !== undefined || this.#reader !== undefined) {
      const element = this.#ahead ?? this.channel.read();
      this.#ahead = undefined;
      if (element === undefined) {
        this.ours.look();
        return;
      }
      this.#arrived(element);
    }
    const { channel } = this;
    const hasUnread = this.#ahead !== undefined || !channel.idle;
    if (this.ours.isOver() || !hasUnread) this.ours.look();
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
      if (this.#sink !== undefined || this.ours.isOver()) return;
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
      this.ours.refuse(new BrokerError("PROTOCOL_ERROR", what), "invalid-namespace");
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
    if (this.#ahead === undefined) this.ours.look();
    else if (this.#isStreamError(this.#ahead)) this.#isError(this.#ahead);
  }

  /** Ends the stream where an element is the server's stream error. */
  #isError(element: Element): boolean {
    this.#parts.tap.wire("in", element);
    if (!this.#isStreamError(element)) return false;
    this.ours.finish(streamErrorFrom(element));
    return true;
  }

  #isStreamError({ name, ns }: Element): boolean {
    return name === "error" && ns === this.#parts.context.prefixes.stream;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#pausedBefore = this.pausedTime;
    this.#isPaused = false;
    this.#stopPeeking();
    this.channel.resume();
  }
}
