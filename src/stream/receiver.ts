import type { TransportEvents } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import type { StreamParserEvents } from "../xml/read/push-parser.ts";
import type { XmlError } from "../xml/xml-error.ts";

/**
 * What a stream hears of its transport and its parser. Both have an event `close`, and neither means the stream's
 * own, so each speaks to it through a small object (a closure for each event weighs five times as much).
 */
export interface Receiver {
  /** Bytes arrived. */
  arrived(bytes: Uint8Array): void;
  /** The server has ended its half of the connection. */
  peerEnded(): void;
  /** The connection is gone. */
  connectionClosed(error: Error | undefined): void;
  /** The server's header arrived. */
  headerArrived(header: Element): void;
  /** An element arrived. */
  elementArrived(element: Element): void;
  /** The server's closing tag arrived. */
  peerClosed(): void;
  /** What arrived cannot be read on. */
  unreadable(error: XmlError): void;
}

/** What the transport calls. */
export class FromTransport implements TransportEvents {
  readonly #receiver: Receiver;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  data(bytes: Uint8Array): void {
    this.#receiver.arrived(bytes);
  }

  leaving(): void {
    // Nothing is added to a turn's write yet.
  }

  taken(): void {
    // The sender reads `handed` and `taken` when there is more to write.
  }

  end(): void {
    this.#receiver.peerEnded();
  }

  close(error?: Error): void {
    this.#receiver.connectionClosed(error);
  }
}

/** What the parser calls. */
export class FromParser implements StreamParserEvents {
  readonly #receiver: Receiver;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  open(header: Element): void {
    this.#receiver.headerArrived(header);
  }

  element(element: Element): void {
    this.#receiver.elementArrived(element);
  }

  close(): void {
    this.#receiver.peerClosed();
  }

  error(error: XmlError): void {
    this.#receiver.unreadable(error);
  }
}
