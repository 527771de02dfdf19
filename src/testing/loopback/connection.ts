import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { BrokerError } from "../../base/errors.ts";
import { type Element, xml } from "../../xml/element.ts";
import { LIMITS, LIMITS_BEFORE_AUTHENTICATION, type XmlLimits } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import { PushParser } from "../../xml/read/push-parser.ts";
import { openTag, serialize } from "../../xml/write/serialize.ts";
import { XmlError } from "../../xml/xml-error.ts";
import type { FaultState, LoopbackPhase } from "./faults.ts";
import type { Pressure } from "./pressure.ts";
import { Wire } from "./wire.ts";

/** Elements that have arrived and wait to be looked at: beyond this the server stops reading. */
const WAITING_LIMIT = 64;

/** The other side's stream header (RFC 6120, 4.7). */
export interface Header {
  readonly to: string | undefined;
  /** The namespace it declares for what has none; `""` for none, `undefined` if it is no stream's header. */
  readonly contentNamespace: string | undefined;
  /** Whether it is a stream of XMPP 1.0, with features, or one from before. */
  readonly modern: boolean;
}

/** Ends a stream with an error (RFC 6120, 4.9.3). */
export class StreamRefusal extends BrokerError {
  override readonly name = "StreamRefusal";
  readonly condition: string;
  readonly text: string | undefined;

  constructor(condition: string, text?: string) {
    super("STREAM_ERROR", condition);
    this.condition = condition;
    this.text = text;
  }
}

type Arrival =
  | { readonly kind: "header"; readonly header: Header }
  | { readonly kind: "element"; readonly element: Element };

/**
 * One connection, as the protocols see it: headers and elements are pulled, so that each protocol
 * reads from top to bottom. Whatever ends the stream rejects what is pulled next: `DISCONNECTED`
 * when the other side is done, an `XmlError` for what it must not send.
 */
export class Connection {
  readonly wire: Wire;
  /** The namespace the stream carries stanzas in. */
  readonly contentNamespace: string;
  /** The id of the stream in force (RFC 6120, 4.7.3): nobody can guess it. */
  id = "";
  readonly #pressure: Pressure;
  #parser: PushParser;
  #arrived: Arrival[] = [];
  #over: BrokerError | undefined;
  #wake: (() => void) | undefined;
  #opened = false;
  #closed = false;

  constructor(
    socket: Socket,
    faults: Readonly<FaultState>,
    pressure: Pressure,
    contentNamespace: string,
  ) {
    this.#pressure = pressure;
    this.contentNamespace = contentNamespace;
    this.#parser = this.#newParser(LIMITS_BEFORE_AUTHENTICATION);
    this.wire = new Wire(socket, faults, {
      data: (bytes) => {
        this.#parser.write(bytes);
        if (this.#arrived.length > WAITING_LIMIT) this.wire.pause();
      },
      end: () => {
        this.#finish(new BrokerError("DISCONNECTED"));
      },
      full: (relief) => {
        pressure.add(relief);
      },
    });
  }

  /** Whether TLS protects the connection. */
  get secured(): boolean {
    return this.wire.secured;
  }

  /** Notes how far the connection has come: a fault may want the server mute from there on. */
  enter(phase: LoopbackPhase): void {
    this.wire.enter(phase);
  }

  /** Waits for the other side's stream header. */
  async header(): Promise<Header> {
    const arrival = await this.#next();
    if (arrival.kind !== "header") throw new StreamRefusal("invalid-xml");
    this.enter("stream");
    return arrival.header;
  }

  /** The next element on the stream. */
  async next(): Promise<Element> {
    const arrival = await this.#next();
    if (arrival.kind !== "element") throw new StreamRefusal("invalid-xml");
    return arrival.element;
  }

  /** Answers the other side's header with ours, under a new id. */
  open(from: string | undefined, version?: "1.0"): void {
    this.id = randomBytes(16).toString("hex");
    this.#opened = true;
    const header = openTag("stream:stream", {
      xmlns: this.contentNamespace,
      "xmlns:stream": NS.stream,
      id: this.id,
      from,
      version,
      "xml:lang": version === undefined ? undefined : "en",
    });
    this.wire.write(`<?xml version='1.0'?>${header}`);
  }

  /** Sends the features of the stream. */
  features(...features: readonly (Element | undefined)[]): void {
    this.enter("features");
    this.send(xml("features", { xmlns: NS.stream }, ...features));
  }

  /** Sends an element; without `xmlns` it is in the stream's own namespace. */
  send(element: Element): void {
    if (this.#closed) return;
    const context = { ns: this.contentNamespace, prefixes: { stream: NS.stream } };
    this.wire.write(serialize(element, context));
  }

  /** Puts TLS on the connection after `<proceed/>`, or `direct`ly; the stream starts anew. */
  async secure(context: SecureContext, direct = false): Promise<void> {
    // Bytes that came in clear behind <starttls/> could have come from anybody (RFC 6120, 5.4.3.3).
    if (this.#arrived.length > 0 || !this.#parser.idle) throw new StreamRefusal("not-authorized");
    this.enter(direct ? "connect" : "tls");
    await this.wire.secure(context, direct);
    this.#parser = this.#newParser(LIMITS_BEFORE_AUTHENTICATION);
  }

  /** The other side has proved who it is and opens its stream anew. */
  restart(): void {
    if (this.#arrived.length > 0 || !this.#parser.idle) throw new StreamRefusal("not-authorized");
    this.#parser = this.#newParser(LIMITS);
  }

  /** The other side has proved who it is: it may send more at once. */
  trust(): void {
    this.#parser.setLimits(LIMITS);
  }

  /** Ends the stream in order: our closing tag, then our half of the connection. */
  close(): void {
    if (this.#closed) return;
    if (this.#opened) this.wire.write("</stream:stream>");
    this.#closed = true;
    this.#finish(new BrokerError("DISCONNECTED"));
    this.wire.end();
    // The end of the other half can only be seen by reading on; what still comes is ignored.
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

  #newParser(limits: XmlLimits): PushParser {
    return new PushParser(
      {
        open: (header, contentNamespace) => {
          this.#arrive({ kind: "header", header: readHeader(header, contentNamespace) });
        },
        element: (element) => {
          this.#arrive({ kind: "element", element });
        },
        close: () => {
          this.#finish(new BrokerError("DISCONNECTED"));
        },
        error: (error) => {
          this.#finish(error);
        },
      },
      { limits },
    );
  }

  #arrive(arrival: Arrival): void {
    if (this.#over !== undefined) return;
    this.#arrived.push(arrival);
    this.#wake?.();
  }

  #finish(reason: BrokerError): void {
    this.#over ??= reason;
    this.#wake?.();
  }

  async #next(): Promise<Arrival> {
    // Whoever got more of our last element's traffic than they could read comes first.
    await this.#pressure.relieved();
    while (this.#arrived.length === 0 && this.#over === undefined) {
      this.wire.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    // What came before the end counts.
    const arrival = this.#arrived.shift();
    if (arrival !== undefined) return arrival;
    throw this.#over ?? new BrokerError("DISCONNECTED");
  }
}

/** How a stream ends for what its protocol threw; `undefined`: in order. */
export function refusalOf(thrown: unknown): StreamRefusal | undefined {
  if (thrown instanceof StreamRefusal) return thrown;
  if (thrown instanceof XmlError) return new StreamRefusal(thrown.condition, thrown.message);
  if (thrown instanceof BrokerError && thrown.code === "DISCONNECTED") return undefined;
  // A fault of this server: whoever tests on it should see what it was.
  return new StreamRefusal("internal-server-error", String(thrown));
}

function readHeader(element: Element, contentNamespace: string): Header {
  const { to, version } = element.attrs;
  const opens = element.name === "stream" && element.ns === NS.stream;
  return {
    to,
    contentNamespace: opens ? contentNamespace : undefined,
    modern: version !== undefined && Number.parseInt(version, 10) >= 1,
  };
}
