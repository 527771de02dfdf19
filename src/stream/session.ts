import type { Crypto } from "../base/crypto.ts";
import type { BrokerError } from "../base/errors.ts";
import type { TlsFacts, TlsPolicy } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";

/** The server's stream header (RFC 6120, 4.7): an element without children. */
export interface StreamHeader {
  readonly element: Element;
  readonly id: string | undefined;
  readonly from: string | undefined;
  readonly version: string | undefined;
}

/** The payload of an event that says all by its name. */
export type Nothing = Readonly<Record<string, never>>;

/** What a dialect reports while it negotiates; each becomes the broker's event of that name. */
export interface NegotiationEvents {
  "tls:start": Nothing;
  "tls:success": TlsFacts;
  "tls:failure": { readonly error: BrokerError };
  "auth:start": { readonly mechanism: string };
  "auth:success": { readonly mechanism: string };
  "auth:failure": { readonly error: BrokerError };
  "bind:start": Nothing;
  "bind:success": { readonly jid: string };
  "bind:failure": { readonly error: BrokerError };
  "session:start": Nothing;
  "session:success": Nothing;
  "session:failure": { readonly error: BrokerError };
}

/** What of the broker's settings a dialect may need. */
export interface SessionSettings {
  /** The TLS policy in force, the dialect's default settled. */
  readonly tls: TlsPolicy;
  /** The host connected to. */
  readonly host: string;
  readonly port: number;
}

/**
 * What a dialect sees of the stream while it negotiates. Elements are pulled, so that a login reads
 * from top to bottom. Whatever rejects here (deadline, end of the connection, stream error, bad XML)
 * carries the code the caller of `connect` is to get: let it pass.
 */
export interface Session {
  readonly settings: SessionSettings;
  readonly crypto: Crypto;
  /** Aborted when the attempt is over for any reason. */
  readonly signal: AbortSignal;
  /** What protects the connection, once it is protected. */
  readonly tls: TlsFacts | undefined;
  /**
   * Sends a stream header (the first, or a restart: the parser starts anew) and waits for the
   * server's. `attributes` are added to `to`, `version` and the namespaces; `undefined` removes one,
   * as `{ version: undefined }`.
   */
  open(attributes?: Readonly<Record<string, string | undefined>>): Promise<StreamHeader>;
  /** The next element, which must be `<stream:features/>`; else `PROTOCOL_ERROR`. */
  features(): Promise<Element>;
  /** The next element, whatever it is. */
  next(): Promise<Element>;
  /** Keeps an element that is no part of the login; it is delivered, in order, once ready. */
  defer(element: Element): void;
  /** Writes an element. */
  send(element: Element): void;
  /** Puts TLS on the connection (after `<proceed/>`); anything already received in clear is a `PROTOCOL_ERROR`. */
  secure(): Promise<TlsFacts>;
  /**
   * Reports progress. `…:start` begins that step and its deadline (`tls`, `auth`, `bind`), `…:success`
   * ends it; the failure of the step in force is reported by the broker when `negotiate` rejects.
   */
  report<E extends keyof NegotiationEvents>(event: E, payload: NegotiationEvents[E]): void;
}
