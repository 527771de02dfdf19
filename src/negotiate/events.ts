import { event, type Payloads } from "../base/emitter.ts";
import type { BrokerError } from "../base/errors.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";

/** The payload of an event whose name says everything. */
export type Nothing = Readonly<Record<string, never>>;

/** The table of the events that a dialect reports. */
export const NEGOTIATION_EVENTS = {
  /** TLS begins: the server has permitted STARTTLS, or TLS starts with the first byte. */
  "tls:start": event<Nothing>(),
  /** TLS protects the connection. The payload says what both sides agreed on. */
  "tls:success": event<TlsFacts>(),
  /** TLS failed. The broker drops the connection and sends nothing in clear. */
  "tls:failure": event<{ readonly error: BrokerError }>(),
  /** Authentication begins with this mechanism; once more for each further mechanism that is tried. */
  "auth:start": event<{ readonly mechanism: string }>(),
  /** The server accepted the credentials. */
  "auth:success": event<{ readonly mechanism: string }>(),
  /** The server refused the credentials, or did not prove that it knows them. */
  "auth:failure": event<{ readonly error: BrokerError }>(),
  /** The broker asks for an address: a resource (RFC 6120, 7), or the name of a service. */
  "bind:start": event<Nothing>(),
  /** The server gave this address. */
  "bind:success": event<{ readonly jid: string }>(),
  /** The server gave no address. */
  "bind:failure": event<{ readonly error: BrokerError }>(),
  /** The broker asks for a session (RFC 3921, 3); only where the server insists on one. */
  "session:start": event<Nothing>(),
  /** The server opened the session. */
  "session:success": event<Nothing>(),
  /** The server refused the session. */
  "session:failure": event<{ readonly error: BrokerError }>(),
};

/** The events that a dialect reports while it negotiates; each becomes the broker's event of that name. */
export interface NegotiationEvents extends Payloads<typeof NEGOTIATION_EVENTS> {}
