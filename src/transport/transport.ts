import type { TlsFacts } from "./tls-facts.ts";

/** An end of a connection. */
export interface Address {
  /** A name, or an IP address. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
}

/** What a transport calls back; set once, by the stream that owns the transport. */
export interface TransportEvents {
  /** Bytes arrived. They belong to the transport: copy what is to be kept. */
  data(bytes: Uint8Array): void;
  /**
   * The writes of a turn are about to leave. Called once for all of them, even when `end` or `secure`
   * sends them early. Text written from inside the call leaves with them; `destroy` drops them all.
   */
  leaving(): void;
  /** Bytes were taken; `total` is the transport's `taken`. Never called from within `write`. */
  taken(total: number): void;
  /**
   * The other side has ended its half; nothing more will arrive. What is written in this turn still
   * leaves, then our half ends by itself and `close` follows.
   */
  end(): void;
  /**
   * The connection is gone, in both directions. Called once, with `DISCONNECTED` and its cause when
   * it broke, with what `secure` rejected with when that failed, and without an error when it was
   * closed in order or destroyed.
   */
  close(error?: Error): void;
}

/**
 * A connection that carries a stream's bytes. All writes of one turn of the event loop leave together
 * at its end, up to 16 KiB in one system call. Nothing is delivered before `start`.
 *
 * `handed` less `taken` is what this process still holds. Both stand still after the end: bytes handed
 * and not taken by then are lost, or may have left in part.
 */
export interface Transport {
  /** `undefined` where there is none, as in memory. */
  readonly local: Address | undefined;
  /** The other end; `undefined` where there is none, as in memory. */
  readonly remote: Address | undefined;
  /** What TLS settled on, once it protects the connection. */
  readonly tls: TlsFacts | undefined;
  /** Bytes accepted by `write` since the start, as clear text. */
  readonly handed: number;
  /** Bytes of these that the operating system has taken; in memory, those that the other side's owner has taken. */
  readonly taken: number;
  /** Begins to deliver events; called once. */
  start(events: TransportEvents): void;
  /** Accepts text (sent as UTF-8) or bytes; after `end`, `destroy` or the close it does nothing. */
  write(data: string | Uint8Array): void;
  /** Stops delivering data until `resume`; a transport that is paused does not read. */
  pause(): void;
  /** Delivers data again, what was held back first. */
  resume(): void;
  /**
   * Puts TLS on the connection from the next byte on, as a client, flushing what was written before.
   * Rejects with `TLS_FAILED` (handshake, certificate, pin), and with `PROTOCOL_ERROR` when
   * clear-text bytes beyond those delivered have arrived already (RFC 6120, 5.4.3.3). The connection
   * is dropped then. What is written before it resolves waits, and leaves under TLS.
   */
  secure(options: SecureOptions): Promise<TlsFacts>;
  /** Sends what is written, then ends our half. */
  end(): void;
  /** Drops the connection at once; `close` follows without an error. */
  destroy(): void;
}

/** How TLS begins. */
export interface SecureOptions {
  /** From the first byte, offering ALPN `xmpp-client` (XEP-0368); else after STARTTLS, without ALPN. */
  readonly direct: boolean;
}

/** Where to connect, and how TLS is done there when `secure` is called. */
export interface Target extends Address {
  /** What `secure` goes by. */
  readonly tls: TlsSettings;
}

/** How TLS is done: the caller's options with their defaults settled. */
export interface TlsSettings {
  /** The name the certificate must be valid for, and that SNI says. */
  readonly servername: string;
  /** Certificates (PEM) to trust instead of the system's. */
  readonly ca: readonly string[] | undefined;
  /** The client's certificate chain and key (PEM). */
  readonly cert: string | undefined;
  /** The client's private key (PEM); there if `cert` is. */
  readonly key: string | undefined;
  /** SHA-256 of the server's public key (SPKI) in base64; if any are given, one must match as well. */
  readonly pins: readonly string[] | undefined;
  /** The oldest version of TLS that is spoken. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/**
 * Opens a connection in clear (`secure` puts TLS on it); resolves when bytes can flow. Rejects with
 * `CONNECT_FAILED`; when `signal` is aborted it drops everything and rejects with the signal's reason.
 */
export type TransportFactory = (target: Target, signal: AbortSignal) => Promise<Transport>;
