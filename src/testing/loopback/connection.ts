import { randomBytes } from "node:crypto";
import type { SecureContext } from "node:tls";
import { BrokerError } from "../../base/errors.ts";
import { type Framing, type StreamContext, xmlFraming } from "../../stream/framing.ts";
import { websocketFraming } from "../../stream/websocket/websocket-framing.ts";
import { type Element, xml } from "../../xml/element.ts";
import { LIMITS } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import { StreamParser } from "../../xml/read/stream-parser.ts";
import { serialize } from "../../xml/write/serialize.ts";
import { XmlError } from "../../xml/xml-error.ts";
import { type FaultState, Faults, type LoopbackPhase, NO_FAULTS, together } from "./faults.ts";
import { type Header, readHeader } from "./header.ts";
import type { Incoming, MessageFrames } from "./http/frames.ts";
import type { Pressure } from "./pressure.ts";
import { SizeLimits } from "./size-limits.ts";
import { StreamRefusal } from "./stream-refusal.ts";
import { Wire, type WireSocket } from "./wire.ts";

/** The names of a server's ports. */
export type LoopbackPort = "client" | "clientTls" | "component" | "router" | "http" | "https";

/** The things that all connections of a server share. */
export interface ConnectionHost {
  /** The faults of the whole server. */
  readonly faults: Readonly<FaultState>;
  readonly pressure: Pressure;
}

/**
 * One connection, as the protocols see it: headers and elements are pulled, so that each protocol
 * reads from top to bottom. The socket is read only while a protocol waits for more. The end of the
 * stream rejects the next pull: with `DISCONNECTED`, or with an `XmlError` for XML that is refused.
 */
export class Connection {
  /** The port that the connection came to. */
  readonly port: LoopbackPort;
  /** The faults of this connection alone. They add to those of the server. */
  readonly faults: Faults;
  /** The address that has logged in: a full JID, a component's domain, a service's first name. */
  address: string | undefined;
  readonly wire: Wire;
  /** The namespace the stream carries stanzas in. */
  readonly contentNamespace: string;
  /** The id of the stream in force (RFC 6120, 4.7.3). It cannot be guessed. */
  id = "";
  /** How many bytes have arrived for the element that was pulled last. */
  cost = 0;
  readonly #host: ConnectionHost;
  readonly #ownFaults: FaultState = { ...NO_FAULTS };
  readonly #limits = new SizeLimits();
  #parser: StreamParser;
  #fed = 0;
  #isDisconnected = false;
  #wake: (() => void) | undefined;
  #opened = false;
  #closed = false;
  /** True once the other side has closed its stream by an element (RFC 7395, 3.6). */
  #isPeerClosed = false;
  /** The messages of a WebSocket, or of BOSH; `undefined`: the stream is one document (RFC 6120). */
  readonly #frames: MessageFrames | undefined;
  readonly #framing: Framing;

  constructor(
    socket: WireSocket,
    host: ConnectionHost,
    port: LoopbackPort,
    contentNamespace: string,
    frames?: MessageFrames,
  ) {
    this.#host = host;
    this.#frames = frames;
    this.#framing = frames === undefined ? xmlFraming : websocketFraming;
    this.port = port;
    this.contentNamespace = contentNamespace;
    this.#parser = this.#newParser();
    this.wire = new Wire(socket, {
      data: (bytes) => {
        if (this.#closed) return;
        // In the same turn of the event loop: on Deno, TLS misses bytes that were read before it began.
        this.wire.pause();
        this.#fed += bytes.length;
        if (frames === undefined) this.#parser.feed(bytes);
        else for (const one of frames.read(bytes)) this.#arrived(one, frames);
        this.#wake?.();
      },
      end: () => {
        this.#disconnect();
      },
      full: (relief) => {
        host.pressure.add(relief);
      },
    });
    this.faults = new Faults(this.#ownFaults, {
      changed: () => {
        this.faultsChanged();
      },
      refuse: () => {
        this.wire.reset();
      },
      accept: () => Promise.resolve(),
      cut: () => {
        this.wire.destroy();
      },
      inject: (bytes) => {
        this.inject(bytes);
      },
    });
    this.faultsChanged();
  }

  /** True for a stream in messages: over a WebSocket, or by BOSH. */
  get isInMessages(): boolean {
    return this.#frames !== undefined;
  }

  /** Writes bytes as they are, mute or not; in messages they are one. */
  inject(bytes: Uint8Array): void {
    this.wire.inject(this.#frames?.text(bytes) ?? bytes);
  }

  /** How far the connection has come. */
  get phase(): LoopbackPhase {
    return this.wire.phase;
  }

  /** Puts the faults of the server and of the connection in force. */
  faultsChanged(): void {
    const faults = together(this.#host.faults, this.#ownFaults);
    this.wire.setFaults(faults);
    this.#limits.fault = faults.limit;
    this.#parser.setLimits(this.#limits.inForce);
  }

  /** Enters a phase. The fault `mute` may silence the server from there on. */
  enter(phase: LoopbackPhase): void {
    this.wire.enter(phase);
  }

  /** Waits for the other side's stream header. */
  async header(): Promise<Header> {
    const element = await this.next();
    this.enter("stream");
    return readHeader(element, this.#parser.contentNamespace);
  }

  /** The next element on the stream; the first one is its header. */
  async next(): Promise<Element> {
    // A connection that our last element filled must drain before the next one is taken.
    await this.#host.pressure.relieved();
    for (;;) {
      if (!this.#closed) {
        const element = this.#parser.read();
        if (element !== undefined && this.#framing.endingBy?.(element) !== undefined) {
          this.#isPeerClosed = true;
        } else if (element !== undefined) {
          this.cost = this.#fed;
          this.#fed = 0;
          return element;
        }
        if (this.#parser.end instanceof XmlError) throw this.#limits.refusalOf(this.#parser.end);
      }
      if (this.#hasEnded() || this.#isDisconnected) {
        throw new BrokerError("DISCONNECTED");
      }
      this.wire.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** Answers the other side's header with ours, under a new id. */
  open(from: string | undefined, version?: "1.0"): void {
    this.id = randomBytes(16).toString("hex");
    this.#opened = true;
    const header = this.#framing.header(this.#context(), {
      id: this.id,
      from,
      version,
      "xml:lang": version === undefined ? undefined : "en",
    });
    this.#write(this.#framing.prolog + header);
  }

  /** Sends the features of the stream. */
  features(...features: readonly (Element | undefined)[]): void {
    this.enter("features");
    this.send(xml("features", { xmlns: NS.stream }, ...features));
  }

  /** Sends an element; without `xmlns` it is in the stream's own namespace. */
  send(element: Element): void {
    if (this.#closed) return;
    const context = this.#context();
    const text = serialize(element, context);
    this.#write(this.#framing.stanza?.(text, context) ?? text);
  }

  /** Puts TLS on the connection after `<proceed/>`, or `direct`ly; the stream starts anew. */
  async secure(context: SecureContext, direct = false): Promise<void> {
    // Bytes in clear behind <starttls/> may be an attacker's (RFC 6120, 5.4.3.3).
    if (!this.#parser.idle) throw new StreamRefusal("not-authorized");
    this.enter(direct ? "connect" : "tls");
    // Before TLS: on Deno, the first bytes under TLS come before the event that it is up.
    this.#parser = this.#newParser();
    await this.wire.secure(context, direct);
  }

  /** Begins a new stream, of a peer that has logged in and may send elements of so many bytes. */
  restart(maxBytes = LIMITS.bytes): void {
    if (!this.#parser.idle) throw new StreamRefusal("not-authorized");
    this.#limits.phase = { ...LIMITS, bytes: maxBytes };
    this.#parser = this.#newParser();
  }

  /** Allows bigger stanzas, to a peer that has logged in. */
  trust(): void {
    this.#limits.phase = LIMITS;
    this.#parser.setLimits(this.#limits.inForce);
  }

  /** True if the connection has ended, and neither side had closed the stream before. */
  get isLost(): boolean {
    return this.#isDisconnected && !this.#hasEnded();
  }

  /** Reads on with another parser, in the middle of what that one has read. Returns the parser before. */
  swapParser(parser = this.#newParser()): StreamParser {
    const before = this.#parser;
    this.#parser = parser;
    this.#parser.setLimits(this.#limits.inForce);
    return before;
  }

  /** Ends the stream in order: our closing tag, then our half of the connection. `abruptly`: without that tag. */
  close({ abruptly = false } = {}): void {
    if (this.#closed) return;
    if (this.#opened && !abruptly) this.#write(this.#framing.footer);
    this.#closed = true;
    this.#parser.stop();
    this.#wake?.();
    if (this.#frames !== undefined) this.wire.write(this.#frames.close(1000));
    this.wire.end();
    // Only reading on shows the end of the other half. The bytes themselves are dropped.
    this.wire.resume();
  }

  /** Ends the stream with an error; the header comes first if it has not been sent. */
  refuse({ condition, text }: StreamRefusal, from: string): void {
    if (this.#closed) return;
    if (!this.#opened) this.open(from, "1.0");
    const error = xml("error", { xmlns: NS.stream }, xml(condition, { xmlns: NS.streamErrors }));
    if (text !== undefined) error.append(xml("text", { xmlns: NS.streamErrors }, text));
    this.send(error);
    this.close();
  }

  /** Something came in messages. */
  #arrived(incoming: Incoming, frames: MessageFrames): void {
    if (incoming.kind === "message") this.#parser.feed(incoming.bytes);
    else if (incoming.kind === "ping") this.wire.write(frames.pong(incoming.bytes));
    else if (incoming.kind === "close") {
      this.wire.write(frames.close(incoming.code));
      this.wire.end();
      this.#disconnect();
    }
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.wire.write(this.#frames?.text(bytes) ?? bytes);
  }

  #context(): StreamContext {
    return { ns: this.contentNamespace, prefixes: { stream: NS.stream } };
  }

  #newParser(): StreamParser {
    return new StreamParser({
      limits: this.#limits.inForce,
      framing: this.#frames === undefined ? "stream" : "frame",
    });
  }

  /** True if either side has closed the stream, or ours had to. */
  #hasEnded(): boolean {
    return this.#closed || this.#isPeerClosed || this.#parser.end !== undefined;
  }

  #disconnect(): void {
    this.#isDisconnected = true;
    this.#wake?.();
  }
}
