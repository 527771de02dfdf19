import type { Crypto } from "../base/crypto.ts";
import type { BrokerError } from "../base/errors.ts";
import type { StreamHeader } from "../stream/header.ts";
import type { TlsFacts, TlsPolicy } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";

/** The payload of an event that says all by its name. */
export type Nothing = Readonly<Record<string, never>>;

/** What a dialect reports while it negotiates; each becomes the broker's event of that name. */
export interface NegotiationEvents {
  /** TLS begins: the server has been asked for it, or it is there from the first byte. */
  "tls:start": Nothing;
  /** TLS protects the connection: what was settled on. */
  "tls:success": TlsFacts;
  /** TLS failed: the connection is dropped, and nothing goes in clear. */
  "tls:failure": { readonly error: BrokerError };
  /** Authentication begins, by this mechanism; once more for each that is tried. */
  "auth:start": { readonly mechanism: string };
  /** The server takes the credentials. */
  "auth:success": { readonly mechanism: string };
  /** It does not, or could not prove that it knows them. */
  "auth:failure": { readonly error: BrokerError };
  /** The address is being asked for: a resource (RFC 6120, 7), or the name of a service. */
  "bind:start": Nothing;
  /** The address that the server has given. */
  "bind:success": { readonly jid: string };
  /** It gave none. */
  "bind:failure": { readonly error: BrokerError };
  /** A session is being asked for (RFC 3921, 3), only where the server insists on one. */
  "session:start": Nothing;
  /** There is a login. */
  "session:success": Nothing;
  /** There is none. */
  "session:failure": { readonly error: BrokerError };
}

/** What of the broker's settings a dialect may need. */
export interface LoginSettings {
  /** The TLS policy in force, the dialect's default settled. */
  readonly tls: TlsPolicy;
  /** The host connected to. */
  readonly host: string;
  /** The port connected to. */
  readonly port: number;
}

/**
 * What a dialect sees of the stream while it negotiates. Elements are pulled, so that a login reads
 * from top to bottom. Whatever rejects here (deadline, end of the connection, stream error, bad XML)
 * carries the code the caller of `connect` is to get: let it pass.
 */
export interface Login {
  /** Where the connection goes, and how far TLS does. */
  readonly settings: LoginSettings;
  /** The runtime's random bytes, digests and the like. */
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
