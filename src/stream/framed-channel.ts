import { BrokerError } from "../base/errors.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";
import type { SecureOptions, Transport, TransportEvents } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import type { XmlLimits } from "../xml/limits.ts";
import { StreamParser } from "../xml/read/stream-parser.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { ChannelEnding, Framing, HeaderAttributes, StreamContext } from "./framing.ts";

/** A channel of bytes: a transport, a framing and a parser that is pulled. */
export class FramedChannel implements Channel, TransportEvents {
  readonly transport: Transport;
  /** Absent in messages: there TLS is below them, or nowhere (RFC 7395, 3.9). */
  readonly secure?: (options: SecureOptions) => Promise<TlsFacts>;
  readonly #framing: Framing;
  readonly #context: StreamContext;
  #limits: XmlLimits;
  #events: ChannelEvents | undefined;
  #parser: StreamParser | undefined;
  #wasOpened = false;
  #ending: ChannelEnding | undefined;
  #isHalfClosed = false;

  constructor(transport: Transport, framing: Framing, context: StreamContext, limits: XmlLimits) {
    this.transport = transport;
    this.#framing = framing;
    this.#context = context;
    this.#limits = limits;
    if (framing.messages === true) return;
    this.secure = async (options) => {
      // Everything learnt in clear is forgotten (RFC 6120, 5.4.3.3).
      this.stop();
      return await transport.secure(options);
    };
  }

  get tls(): TlsFacts | undefined {
    return this.transport.tls;
  }

  get handed(): number {
    return this.transport.handed;
  }

  get unsent(): number {
    return this.transport.handed - this.transport.taken;
  }

  get idle(): boolean {
    return this.#parser?.idle !== false;
  }

  get ending(): ChannelEnding | undefined {
    return this.#ending;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    this.transport.start(this);
  }

  open(attributes: HeaderAttributes): string {
    const framing = this.#framing;
    const isInMessages = framing.messages === true;
    // The framing of RFC 6120 begins a new document with each header.
    if (!isInMessages || this.#parser === undefined) {
      this.#parser?.stop();
      this.#parser = new StreamParser({
        limits: this.#limits,
        restarted: this.#wasOpened,
        framing: isInMessages ? "frame" : "stream",
      });
    }
    const header = framing.header(this.#context, attributes);
    this.transport.write(this.#wasOpened ? header : framing.prolog + header);
    this.#wasOpened = true;
    return header;
  }

  isHeader(element: Element): boolean {
    return this.#framing.isHeader?.(element) ?? element.is("stream", this.#context.prefixes.stream);
  }

  read(): Element | undefined {
    const element = this.#parser?.read();
    if (element === undefined) {
      this.#look();
      return undefined;
    }
    const ending = this.#framing.endingBy?.(element);
    if (ending === undefined) return element;
    this.#ending = ending;
    return undefined;
  }

  write(text: string): number {
    this.transport.write(this.#framing.stanza?.(text, this.#context) ?? text);
    return this.transport.handed;
  }

  writeError(condition: string): string {
    const text = this.#framing.error(condition);
    this.transport.write(text);
    return text;
  }

  writeFooter(): string {
    this.transport.write(this.#framing.footer);
    return this.#framing.footer;
  }

  setLimits(limits: XmlLimits): void {
    this.#limits = limits;
    this.#parser?.setLimits(limits);
  }

  pause(): void {
    this.transport.pause();
  }

  resume(): void {
    this.transport.resume();
  }

  finish(): void {
    this.transport.end();
  }

  destroy(): void {
    this.transport.destroy();
  }

  stop(): void {
    this.#parser?.stop();
    this.#parser = undefined;
  }

  // Events of the transport.

  data(bytes: Uint8Array): void {
    if (this.#parser !== undefined) this.#parser.feed(bytes);
    else this.#ending ??= { by: "fault", error: spokeFirst() };
    this.#events?.readable(bytes.length);
  }

  leaving(): void {
    this.#events?.leaving();
  }

  taken(total: number): void {
    this.#events?.taken(total);
  }

  end(): void {
    this.#isHalfClosed = true;
    if (this.#parser?.idle !== false) this.#ending ??= { by: "half" };
    this.#events?.readable(0);
  }

  close(error?: Error): void {
    this.#events?.gone(error);
  }

  /** Nothing more can be read: notes the reason, if there is one. */
  #look(): void {
    const end = this.#parser?.end;
    if (end === "closed") this.#ending ??= { by: "footer" };
    else if (end !== undefined) this.#ending ??= { by: "fault", error: end };
    else if (this.#isHalfClosed) this.#ending ??= { by: "half" };
  }
}

/** A server waits for our header (RFC 6120, 4.2). */
function spokeFirst(): BrokerError {
  return new BrokerError("PROTOCOL_ERROR", "the server spoke before it was spoken to");
}
