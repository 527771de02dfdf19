import { asBrokerError, BrokerError } from "../../base/errors.ts";
import { Fifo } from "../../base/fifo.ts";
import { type Steps, step } from "../../base/state.ts";
import { oneLine } from "../../base/text/printable.ts";
import { utf8Length } from "../../base/text/utf8.ts";
import type { TlsFacts } from "../tls-facts.ts";
import type { Address, Transport, TransportEvents } from "../transport.ts";
import { nextTurn } from "../turn.ts";

/** A text message, and how many bytes it has as UTF-8. */
export interface Message {
  readonly text: string;
  readonly bytes: number;
}

/** An open WebSocket: the parts in which that of the platform and that of Node differ. */
export interface MessageSocket {
  /** Our end; `undefined`: the platform does not tell. */
  readonly local: Address | undefined;
  /** The other end; `undefined`: the platform does not tell. */
  readonly remote: Address | undefined;
  /** The facts of TLS with `wss`; `undefined` in clear. */
  readonly tls: TlsFacts | undefined;
  /** Sends text messages, together if it can. */
  send(messages: readonly Message[]): void;
  /** Stops reading, where the platform can. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Begins the closing handshake (RFC 6455, 7), behind everything that was sent. */
  close(): void;
  /** Drops the connection at once; where the platform can only close it, with this code. */
  drop(code: number): void;
}

/** The end of a WebSocket: a close code and a reason, or, without a handshake, a cause. */
export type SocketEnd =
  | { readonly code: number; readonly reason: string }
  | { readonly cause: unknown };

/** The most that is held while reading is paused: not each platform can pause. In bytes. */
const MOST_HELD = 16 * 1024 * 1024;

/** The cost of a held message besides its bytes. */
const HELD_COST = 128;

/** The close code of an end in order (RFC 6455, 7.4.1). */
export const NORMAL = 1000;
/** The close code of an end that says nothing else. */
const NO_CODE = 1005;
/** The close code for a message of another type, and for one too many. */
const UNSUPPORTED = 1003;
const POLICY = 1008;

/** `closing`: nothing follows the messages that were sent. `gone`: nothing is sent or read any more. */
type State = "open" | "closing" | "gone";

const STEPS: Steps<State> = {
  open: ["closing", "gone"],
  closing: ["gone"],
  gone: [],
};

/**
 * A WebSocket as a transport: each write is one text message, and each `data` brings one. The messages of a turn leave
 * together at its end. It has no way to put TLS on: that is below it, or nowhere.
 */
export class MessageTransport implements Transport {
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  readonly tls: TlsFacts | undefined;
  handed = 0;
  taken = 0;
  readonly #socket: MessageSocket;
  #events: TransportEvents | undefined;
  #state: State = "open";
  #isPaused = false;
  /** The write of this turn: not begun, begun, or about to leave. */
  #turn: "silent" | "writing" | "leaving" = "silent";
  /** The messages of this turn. */
  #written: Message[] = [];
  /** Messages that arrived while reading was paused, oldest first. */
  readonly #held = new Fifo<Uint8Array>();
  #heldCost = 0;
  #isDelivering = false;
  /** The end of the connection. It is told behind the messages that are held. */
  #end: { readonly error: BrokerError | undefined } | undefined;

  constructor(socket: MessageSocket) {
    this.#socket = socket;
    this.local = socket.local;
    this.remote = socket.remote;
    this.tls = socket.tls;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#deliverSoon();
  }

  write(data: string | Uint8Array): void {
    if (this.#state !== "open" || data.length === 0) return;
    const text = typeof data === "string" ? data : new TextDecoder().decode(data);
    const bytes = utf8Length(text);
    this.#written.push({ text, bytes });
    this.handed += bytes;
    if (this.#turn !== "silent") return;
    this.#turn = "writing";
    nextTurn(() => {
      this.#flush();
    });
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#state !== "gone") this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#state !== "gone") this.#socket.resume();
    this.#deliverSoon();
  }

  secure(): Promise<TlsFacts> {
    const detail = "a WebSocket has TLS from its start (wss), or none";
    return Promise.reject(new BrokerError("TLS_FAILED", detail));
  }

  end(): void {
    this.#flush();
    if (this.#state !== "open") return;
    this.#to("closing");
    this.#socket.close();
  }

  destroy(): void {
    this.#drop(NORMAL, undefined);
  }

  // Events of the socket.

  /** A text message arrived. */
  message(bytes: Uint8Array): void {
    if (this.#state === "gone") return;
    if (this.#events !== undefined && !this.#isPaused && this.#held.size === 0) {
      this.#events.data(bytes);
      return;
    }
    this.#held.push(bytes);
    this.#heldCost += bytes.length + HELD_COST;
    if (this.#heldCost <= MOST_HELD) this.#deliverSoon();
    else {
      const detail = `more than ${MOST_HELD} bytes arrived while reading was paused`;
      this.#drop(POLICY, new BrokerError("POLICY_VIOLATION", detail, { retryable: true }));
    }
  }

  /** A binary message arrived: XMPP knows none (RFC 7395, 3.2). */
  binary(): void {
    const detail = "the server sent a binary message";
    this.#drop(UNSUPPORTED, new BrokerError("PROTOCOL_ERROR", detail));
  }

  /** The system has taken so many bytes of the messages that the socket was given. */
  took(bytes: number): void {
    if (this.#state === "gone" || bytes === 0) return;
    this.taken += bytes;
    this.#events?.taken(this.taken);
  }

  /** The connection is gone. */
  closed(how: SocketEnd): void {
    if (this.#state === "gone") return;
    const isInOrder = "code" in how && (how.code === NORMAL || how.code === NO_CODE);
    const isOurs = this.#state === "closing" && isInOrder;
    this.#to("gone");
    this.#end = { error: isOurs ? undefined : lost(how) };
    this.#deliverSoon();
  }

  #to(state: State): void {
    this.#state = step("a WebSocket transport", STEPS, this.#state, state);
  }

  /** Gives up the connection, and everything that waits. */
  #drop(code: number, error: BrokerError | undefined): void {
    if (this.#end !== undefined) {
      this.#held.takeAll();
      return;
    }
    this.#to("gone");
    this.#end = { error };
    this.#written = [];
    this.#held.takeAll();
    this.#socket.drop(code);
    this.#deliverSoon();
  }

  /** Tells the owner that the writes of this turn leave, and sends them. */
  #flush(): void {
    if (this.#turn !== "writing" || this.#state === "gone") return;
    this.#turn = "leaving";
    this.#events?.leaving();
    this.#turn = "silent";
    const messages = this.#written;
    this.#written = [];
    if (messages.length > 0) this.#socket.send(messages);
  }

  #deliverSoon(): void {
    if (this.#isDelivering || this.#events === undefined) return;
    if (this.#held.size === 0 && this.#end === undefined) return;
    this.#isDelivering = true;
    nextTurn(() => {
      this.#isDelivering = false;
      this.#deliver();
    });
  }

  /** Delivers what is held, and behind it the end. */
  #deliver(): void {
    while (!this.#isPaused && this.#held.size > 0) {
      const bytes = this.#held.shift();
      if (bytes === undefined) break;
      this.#heldCost -= bytes.length + HELD_COST;
      this.#events?.data(bytes);
    }
    const events = this.#events;
    if (this.#end === undefined || this.#held.size > 0 || events === undefined) return;
    this.#events = undefined;
    events.close(this.#end.error);
  }
}

function lost(how: SocketEnd): BrokerError {
  const facts = { retryable: true };
  if ("cause" in how) {
    if (how.cause !== undefined) return asBrokerError(how.cause, "DISCONNECTED", facts);
    return new BrokerError("DISCONNECTED", "the connection was cut", facts);
  }
  const reason = how.reason === "" ? "" : ` (${oneLine(how.reason)})`;
  return new BrokerError(
    "DISCONNECTED",
    `the server closed the WebSocket with ${how.code}${reason}`,
    facts,
  );
}
