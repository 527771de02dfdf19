import type { Clock } from "../base/clock.ts";
import type { Crypto } from "../base/crypto/crypto.ts";
import type { Lookup } from "../lookup/endpoint.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";
import type { SecureOptions, Target, Transport } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import type { XmlLimits } from "../xml/limits.ts";
import type { ChannelEnding, HeaderAttributes, StreamContext } from "./framing.ts";

/** The events of a channel; its stream listens. */
export interface ChannelEvents {
  /** Something arrived, so many bytes of it; an element or the end can perhaps be read. */
  readable(bytes: number): void;
  /** Just before a turn's write leaves; text written from inside goes with it. */
  leaving(): void;
  /** The system has taken more bytes; `total` counts from the start, as `handed` does. */
  taken(total: number): void;
  /** The connection is gone. Called once, last; with an error when it broke. */
  gone(error: Error | undefined): void;
}

/**
 * Elements in both directions, above a transport or without one. A stream knows only this, so that it runs
 * over framed bytes and over HTTP requests alike.
 */
export interface Channel {
  /** The transport below; `undefined` where there is none. */
  readonly transport: Transport | undefined;
  /** The facts of TLS, if it protects the channel. */
  readonly tls: TlsFacts | undefined;
  /** Bytes given to the transport so far. */
  readonly handed: number;
  /** Bytes of these that the system has not taken yet. */
  readonly unsent: number;
  /** True if nothing waits to be read and nothing is begun: not even white space. */
  readonly idle: boolean;
  /** How the server's side ended; looked at when `read` finds nothing more. */
  readonly ending: ChannelEnding | undefined;
  /** Begins to deliver events; called once. */
  start(events: ChannelEvents): void;
  /** Opens or restarts the stream and returns our header. The next element that is read is the server's. */
  open(attributes: HeaderAttributes): string;
  /** True if the first element after `open` is a header of a stream. */
  isHeader(element: Element): boolean;
  /** The next element; what follows it stays unparsed. `undefined`: nothing more for now, or for good (`ending`). */
  read(): Element | undefined;
  /** Writes the text of one element, with the declarations that the framing adds; returns `handed` after it. */
  write(text: string): number;
  /** Writes a stream error with this condition and returns its text. */
  writeError(condition: string): string;
  /** Writes our footer and returns its text. */
  writeFooter(): string;
  /** Other limits, from the next `read` on. */
  setLimits(limits: XmlLimits): void;
  /** Stops reading; bytes under way stay where they are. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /** Sends what is written, then ends our half of the connection. */
  finish(): void;
  /** Drops the connection at once; `gone` follows. */
  destroy(): void;
  /** Reads nothing more and lets go of what was read. */
  stop(): void;
  /** Puts TLS on the connection; absent where the channel has its own. */
  secure?(options: SecureOptions): Promise<TlsFacts>;
}

/** Where a channel leads, and how the stream over it is read. */
export interface ChannelTarget extends Target {
  /** The address of a server that is reached by HTTP; `undefined`: only host and port are known. */
  readonly url: string | undefined;
  /** The declarations above every element of the stream. */
  readonly context: StreamContext;
  /** The limits until the server has let us in. */
  readonly limits: XmlLimits;
  /** The time that its waits go by. */
  readonly clock: Clock;
  /** Random bytes from a cryptographically secure source. */
  readonly crypto: Pick<Crypto, "random">;
}

/** Makes channels that are no framed transport in the sense of RFC 6120. */
export interface ChannelFactory {
  /** The only address that its channels lead to. Absent: each target names its own. */
  readonly url?: string | undefined;
  /** Finds the addresses of a domain where the options have no other lookup. Absent: the domain itself is tried. */
  readonly lookup?: Lookup | undefined;
  /** Opens a channel. Rejects as a transport factory does. */
  channel(target: ChannelTarget, signal: AbortSignal): Promise<Channel>;
}
