import type { ConnectEvents } from "./connect-events.ts";
import type { TlsFacts } from "./tls-facts.ts";

/** An end of a connection. */
export interface Address {
  /** A name or an IP address. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
}

/** The callbacks of a transport. Its owner gives them once, to `start`. */
export interface TransportEvents {
  /** Bytes arrived. They belong to the transport: copy any that are to be kept. */
  data(bytes: Uint8Array): void;
  /**
   * The writes of a turn are about to leave. It is called once for all of them, even when `end` or `secure`
   * sends them early. Text written from inside the call leaves with them; `destroy` drops them all.
   */
  leaving(): void;
  /** Bytes were taken; `total` is the transport's `taken`. It is never called from within `write`. */
  taken(total: number): void;
  /**
   * The other side has ended its half; nothing more will arrive. Text written in this turn still
   * leaves, then our half ends by itself and `close` follows.
   */
  end(): void;
  /**
   * The connection is gone, in both directions. It is called once: with `DISCONNECTED` and its cause when the
   * connection broke, with the error of `secure` when that failed, and without an error when the connection was
   * closed in order or destroyed.
   */
  close(error?: Error): void;
}

/**
 * A connection that carries the bytes of a stream. All writes of one turn of the event loop leave together
 * at its end: whole up to 16 KiB, else in pieces of at most 16 KiB, one after the other. Nothing is delivered
 * before `start`.
 *
 * This process still holds `handed` less `taken` bytes. Both stand still after the end: bytes handed and not
 * taken by then are lost, or have left in part.
 */
export interface Transport {
  /** Our end; `undefined` where there is none, as in memory. */
  readonly local: Address | undefined;
  /** The other end; `undefined` where there is none, as in memory. */
  readonly remote: Address | undefined;
  /** The facts of TLS, once it protects the connection. */
  readonly tls: TlsFacts | undefined;
  /** Bytes accepted by `write` since the start, as clear text. */
  readonly handed: number;
  /** Bytes of these that the operating system has taken; in memory, that the owner of the other side has taken. */
  readonly taken: number;
  /** Begins to deliver events. Call it once. */
  start(events: TransportEvents): void;
  /** Accepts text (sent as UTF-8) or bytes. After `end`, `destroy` or the close it does nothing. */
  write(data: string | Uint8Array): void;
  /** Stops reading from the connection, and delivering data, until `resume`. */
  pause(): void;
  /** Delivers data again, that which was held back first. */
  resume(): void;
  /**
   * Puts TLS on the connection from the next byte on, as a client. Earlier writes leave first, in clear; later
   * ones wait, and leave under TLS. Rejects with `TLS_FAILED` (handshake, certificate, pin), and with
   * `PROTOCOL_ERROR` when clear-text bytes have arrived that were not delivered yet (RFC 6120, 5.4.3.3). The
   * connection is dropped then.
   */
  secure(options: SecureOptions): Promise<TlsFacts>;
  /** Sends all that is written, then ends our half. */
  end(): void;
  /** Drops the connection at once, with all that waits; `close` follows without an error. */
  destroy(): void;
}

/** The way TLS begins. */
export interface SecureOptions {
  /** True: from the first byte, with ALPN `xmpp-client` (XEP-0368). False: after STARTTLS, without ALPN. */
  readonly direct: boolean;
}

/** The place to connect to, and how TLS is done there. */
export interface Target extends Address {
  /** The settings of `secure`. */
  readonly tls: TlsSettings;
  /** Takes the steps on the way to the connection, which become events of the broker. Reporting is optional. */
  readonly report?:
    | (<E extends keyof ConnectEvents>(event: E, payload: ConnectEvents[E]) => void)
    | undefined;
}

/** How TLS is done, every default settled. */
export interface TlsSettings {
  /** The name or address that the certificate must be valid for. SNI says the name. */
  readonly servername: string;
  /** Certificates (PEM) to trust instead of the system's. */
  readonly ca: readonly string[] | undefined;
  /** The client's certificate chain and key (PEM). */
  readonly cert: string | undefined;
  /** The client's private key (PEM); it goes with `cert`. */
  readonly key: string | undefined;
  /** SHA-256 of public keys (SPKI) in base64. If they are given, the server's must be one of them as well. */
  readonly pins: readonly string[] | undefined;
  /** The oldest version of TLS that is spoken. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/**
 * Opens a connection in clear, which `secure` can put TLS on. Resolves when bytes can flow. Rejects with
 * `CONNECT_FAILED`, and with the reason of `signal` when that is aborted: everything is dropped then.
 */
export type TransportFactory = (target: Target, signal: AbortSignal) => Promise<Transport>;
