import { BrokerError } from "../../src/base/errors.ts";
import { type MemoryTransport, memoryPair } from "../../src/transport/memory.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { HEADER } from "../broker/line.ts";

const STANZA = /^<(message|iq)\b([^>]*?)(?:\/>|>.*?<\/\1>)/s;

/** The receiver of all messages, which no cut reaches. */
export interface Receiver {
  /** The ids of all messages that a server has handled, in order. */
  readonly arrived: string[];
  /** The ids of messages for which a server ends the stream. */
  readonly poisonous: Set<string>;
}

/**
 * A server that handles stanzas in order, and only when a test says so. Stanzas that it has read and not handled are
 * lost when the connection is cut.
 */
export class ModelServer {
  readonly #receiver: Receiver;
  #line: MemoryTransport | undefined;
  readonly #decoder = new TextDecoder();
  #unread = "";
  /** Pings are not answered. */
  isMute = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  /** For the runtime of a broker. */
  connect(): Promise<Transport> {
    const [near, far] = memoryPair();
    this.#line = far;
    far.start({
      data: (bytes) => {
        this.#unread += this.#decoder.decode(bytes, { stream: true });
        this.#header();
      },
      end: () => undefined,
      close: () => undefined,
      leaving: () => undefined,
      taken: () => undefined,
    });
    return Promise.resolve(near);
  }

  /** Handles so many stanzas, in order, and the end of the stream behind them. */
  handle(most: number): void {
    for (let count = 0; count < most; count++) {
      const match = STANZA.exec(this.#unread);
      if (match === null) break;
      const [whole, name = "", attributes = ""] = match;
      this.#unread = this.#unread.slice(whole.length);
      this.#handle(name, attributes);
    }
    if (!this.#unread.startsWith("</stream:stream>")) return;
    this.#unread = "";
    this.say("</stream:stream>");
    this.#line?.end();
  }

  say(text: string): void {
    this.#line?.write(text);
  }

  pause(): void {
    this.#line?.pause();
  }

  resume(): void {
    this.#line?.resume();
  }

  /** Cuts the connection: everything that was not handled is lost. */
  cut(): void {
    this.#unread = "";
    this.#line?.sever(new BrokerError("DISCONNECTED", "the connection was cut"));
  }

  #header(): void {
    const end = this.#unread.indexOf("version='1.0'>");
    if (!this.#unread.startsWith("<?xml") || end < 0) return;
    this.#unread = this.#unread.slice(end + "version='1.0'>".length);
    this.say(HEADER);
  }

  #handle(name: string, attributes: string): void {
    const id = /\bid='([^']*)'/.exec(attributes)?.[1] ?? "";
    const to = /\bto='([^']*)'/.exec(attributes)?.[1] ?? "";
    if (name === "message") {
      if (!this.#receiver.poisonous.has(id)) this.#receiver.arrived.push(id);
      else {
        this.#unread = "";
        this.say(
          "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
        );
      }
      return;
    }
    if (this.isMute || !attributes.includes("type='get'")) return;
    const from = to === "example.org" ? "example.org" : "me@example.org/here";
    const type = to === "example.org" ? "result" : "get";
    this.say(`<iq type='${type}' id='${id}' from='${from}' to='me@example.org/here'/>`);
  }
}
