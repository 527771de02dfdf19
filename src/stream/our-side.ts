import { nothing } from "../base/abort.ts";
import { BrokerError, isBrokerError } from "../base/errors.ts";
import { type Steps, step } from "../base/state.ts";
import type { Element } from "../xml/element.ts";
import { serialize } from "../xml/write/serialize.ts";
import { XmlError } from "../xml/xml-error.ts";
import type { Channel } from "./channel.ts";
import type { StreamParts } from "./stream-parts.ts";

/** How long a connection that has failed may take to say why before it is dropped, in milliseconds. */
const LINGER = 500;

/** The life of a stream: nothing sent, header sent, footer sent, over, and its connection gone. */
export type StreamState = "new" | "open" | "closing" | "over" | "gone";

const STEPS: Steps<StreamState> = {
  new: ["open", "over"],
  open: ["open", "closing", "over"],
  closing: ["over"],
  over: ["gone"],
  gone: [],
};

/** The reading side of a stream, as far as its end concerns it. */
export interface StreamReading {
  /** True once elements flow to a session. */
  readonly isFlowing: boolean;
  /** Reads on; no bytes have arrived. */
  readable(bytes: 0): void;
  /** Our footer is about to be written. */
  closing(): void;
  /** The stream is over: nothing is read any more, and nobody waits any longer. */
  over(error: BrokerError): void;
}

/** Our side of a stream (RFC 6120, 4): all that is sent on it, how far it is, and how it ends. */
export class OurSide {
  readonly #channel: Channel;
  readonly #parts: StreamParts;
  readonly #reading: StreamReading;
  #state: StreamState = "new";
  #error: BrokerError | undefined;
  /** The connection is gone, with elements left to read: the end waits for them. */
  #lost: { readonly error: Error | undefined } | undefined;
  #stopLingering = nothing;

  constructor(channel: Channel, parts: StreamParts, reading: StreamReading) {
    this.#channel = channel;
    this.#parts = parts;
    this.#reading = reading;
  }

  /** Where the stream is. */
  get state(): StreamState {
    return this.#state;
  }

  /** True if nothing is read or written any more. */
  isOver(): boolean {
    return this.#state === "over" || this.#state === "gone";
  }

  /** True if our side is closed, or all of it is over: no stanza can follow. */
  get isEnding(): boolean {
    return this.#state === "closing" || this.isOver();
  }

  /** True if the connection is gone. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** The error for anything that comes too late. */
  get error(): BrokerError {
    return this.#error ?? disconnected("the stream is closed");
  }

  /** Our header leaves, the first or that of a restart. */
  open(): void {
    this.#to("open");
  }

  /** Writes an element as a child of the stream. */
  send(element: Element): void {
    const { tap, context } = this.#parts;
    tap.wire("out", element);
    if (this.#state === "open") this.#channel.write(serialize(element, context));
  }

  /** Writes a stanza; returns the bytes handed over so far, or 0 behind our footer, where nothing may be sent (RFC 6120, 4.4). */
  write(text: string): number {
    if (this.#state !== "open") return 0;
    try {
      return this.#channel.write(text);
    } catch (thrown) {
      return this.#broken(thrown);
    }
  }

  /** Sends our footer and waits, through the owner's deadline, for the server's. */
  close(): void {
    if (this.#state === "new") this.finish(undefined);
    else if (this.#state === "open") {
      this.#sayGoodbye();
      this.#reading.readable(0);
    }
  }

  /** Ends our half of the connection without a footer: what is written leaves, and the server keeps the session. */
  leave(): void {
    if (this.isOver()) return;
    this.#reading.closing();
    this.finish(undefined, false);
    this.#reading.readable(0);
  }

  /** Nothing more can be read: ends the stream where the server's side has ended. */
  look(): void {
    const { ending } = this.#channel;
    if (!this.isOver() && ending !== undefined) {
      if (ending.by === "footer") {
        this.#parts.tap.wire("in", ending.text ?? "</stream:stream>");
        const inOrder = this.#state === "closing";
        this.finish(inOrder ? undefined : disconnected("the server closed the stream"));
      } else if (ending.by === "half") {
        // A bare end is a lost connection: it owes a footer only where no session is kept.
        const { keepsSession } = this.#parts.owner;
        this.finish(disconnected("the server ended the connection"), !keepsSession);
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
      this.finish(error);
      return;
    }
    const { condition, detail, offset, found, exceeded } = error;
    // Once ready this passes: a new stream does not begin with the stanza that ended this one.
    const isPassing = this.#reading.isFlowing;
    const told = isPassing ? new XmlError(condition, detail, offset, found, true, exceeded) : error;
    this.refuse(told, condition);
  }

  /** Answers bytes that a server must not send with the stream error that the RFC names, and ends. */
  refuse(error: XmlError | BrokerError, condition: string): void {
    if (this.#state === "open") {
      this.#dare(() => {
        this.#parts.tap.wire("out", this.#channel.writeError(condition));
      });
    }
    this.finish(error);
  }

  #sayGoodbye(): void {
    if (this.#state !== "open") return;
    this.#reading.closing();
    this.#to("closing");
    this.#dare(() => {
      this.#parts.tap.wire("out", this.#channel.writeFooter());
    });
    this.#parts.owner.closing();
  }

  /** The connection is gone. The end waits until everything that arrived is read: `look` tells of it. */
  lose(error: Error | undefined): void {
    this.#stopLingering();
    this.#lost = { error };
  }

  /** Ends the stream: our footer, if it is due, then our half of the connection, then, before long, all of it. */
  finish(error: BrokerError | undefined, saysGoodbye = true): void {
    if (this.isOver()) return;
    if (this.#lost === undefined) {
      if (saysGoodbye) this.#sayGoodbye();
      // A listener of the goodbye may have ended it.
      if (this.isOver()) return;
      this.#dare(() => {
        this.#channel.finish();
      });
      this.#stopLingering = this.#parts.clock.after(LINGER, () => {
        this.#channel.destroy();
      });
    }
    this.#end(error);
  }

  /** Drops the connection at once. */
  destroy(error?: BrokerError): void {
    this.#end(error);
    this.#channel.destroy();
  }

  #end(error: BrokerError | undefined): void {
    if (this.isOver()) return;
    this.#to("over");
    this.#error = error;
    this.#channel.stop();
    this.#reading.over(this.error);
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
    return this.#channel.handed || 1;
  }

  #to(state: StreamState): void {
    this.#state = step("stream", STEPS, this.#state, state);
  }
}

function disconnected(detail: string, cause?: Error): BrokerError {
  return new BrokerError("DISCONNECTED", detail, { retryable: true, cause });
}
