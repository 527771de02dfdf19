import type { BrokerError } from "../base/errors.ts";
import type { Login, LoginResult } from "../negotiate/login.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";

/** A received stanza, taken out of what it travelled in. */
export interface Inbound {
  /** What the program sees, in the namespace of the stream or in `jabber:client`. */
  readonly stanza: Element;
  /** The envelope it travelled in, where the dialect has envelopes. */
  readonly route?: Element | undefined;
  /** Set when this is a stanza of ours that came back: why it could not be delivered. */
  readonly returned?: BrokerError | undefined;
}

/**
 * One way to speak to a server: how to log in, and how stanzas look on its wire. An object of
 * one's own works exactly as those of this package do (`docs/a-new-dialect.md`).
 */
export interface Dialect {
  /** Its name, as it stands in the trace. */
  readonly name: string;
  /** `to` of the stream header; where to connect if no host is given; for client dialects the name the certificate must have. */
  readonly domain: string;
  /** The default namespace of the stream. Stanzas are translated between it and `jabber:client` by the broker. */
  readonly contentNamespace: string;
  /** `version` of the stream header, or `undefined` for a stream from before XMPP 1.0. */
  readonly version: string | undefined;
  /** The standard ports. */
  readonly ports: { readonly plain: number; readonly direct?: number | undefined };
  /** The TLS policy if none is given; `by-host`: `plaintext` to this machine, and elsewhere it must be given. */
  readonly tls: TlsPolicy | "by-host";
  /** Certificates are checked against `host` and not `domain`: for connections to a server's back door. */
  readonly certificate?: "domain" | "host" | undefined;
  /** The whole login, from the stream header to the address in force. */
  negotiate(login: Login): Promise<LoginResult>;
  /**
   * Turns a stanza (in `jabber:client`) into what goes on the wire, without changing the caller's
   * element. May throw a `BrokerError`, which becomes the failure of that delivery alone.
   */
  readonly outbound?: ((stanza: Element) => Element) | undefined;
  /**
   * Takes a received element apart; `undefined`: nothing for the program (it is dropped). With `returns` it is
   * given what is sent as well, so it must only look: what it counted or kept would count twice.
   */
  readonly inbound?: ((element: Element) => Inbound | undefined) | undefined;
  /**
   * Stanzas that cannot be delivered come back (`returned`), so each sent one needs an `id`. What comes back is
   * told by the `id`, `to` and `from` of the stanza that `inbound` finds in it; to learn these beforehand, the
   * broker gives `inbound` each element that it sends, where an exception does no harm.
   */
  readonly returns?: true | undefined;
}
