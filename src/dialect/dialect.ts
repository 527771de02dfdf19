import type { BrokerError } from "../base/errors.ts";
import type { Login, LoginResult } from "../negotiate/login.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";

/** A received stanza, taken out of its envelope. */
export interface Inbound {
  /** The stanza that the program sees, in the namespace of the stream or in `jabber:client`. */
  readonly stanza: Element;
  /** The envelope, where the dialect has envelopes. */
  readonly route?: Element | undefined;
  /** Set where a stanza of ours came back: the reason why it could not be delivered. */
  readonly returned?: BrokerError | undefined;
  /** Set where the stanza must not reach the program, nor answer a request: the reason, such as `MISADDRESSED`. */
  readonly dropped?: BrokerError | undefined;
}

/**
 * One way to speak to a server: the login, and the look of stanzas on its wire. A dialect of your own
 * works exactly as those of this package do (`docs/a-new-dialect.md`).
 */
export interface Dialect {
  /** Its name in the trace. */
  readonly name: string;
  /** `to` of the stream header. It is also the host if none is given, and the name that the certificate of a client dialect must have. */
  readonly domain: string;
  /**
   * The bare address that it logs in as, where it knows that beforehand. A detached session, and a
   * store, must be of the same one.
   */
  readonly account?: string | undefined;
  /** The default namespace of the stream. The broker translates stanzas between it and `jabber:client`. */
  readonly contentNamespace: string;
  /** `version` of the stream header, or `undefined` for a stream from before XMPP 1.0. */
  readonly version: string | undefined;
  /** The standard ports. */
  readonly ports: { readonly plain: number; readonly direct?: number | undefined };
  /** The TLS policy if none is given. `by-host` is `plaintext` to this machine; elsewhere the policy must be given. */
  readonly tls: TlsPolicy | "by-host";
  /** The name that certificates are checked against. Default `domain`; `host` is for a server's back door. */
  readonly certificate?: "domain" | "host" | undefined;
  /** The whole login, from the stream header to the address in force. */
  negotiate(login: Login): Promise<LoginResult>;
  /**
   * Turns a stanza (in `jabber:client`) into the element that goes on the wire, without changing the
   * caller's element. It may throw a `BrokerError`, which becomes the failure of that delivery alone.
   */
  readonly outbound?: ((stanza: Element) => Element) | undefined;
  /**
   * Takes a received element apart. `undefined` drops the element without a word. With `returns` it also gets
   * the elements that are sent, so it must only look: a counter in it would count twice.
   */
  readonly inbound?: ((element: Element) => Inbound | undefined) | undefined;
  /**
   * Stanzas that cannot be delivered come back (`returned`), so each sent one needs an `id`. A returned stanza is
   * known by the `id`, `to` and `from` of the stanza that `inbound` finds in it. To learn these beforehand, the
   * broker gives `inbound` each element that it sends, where an exception does no harm.
   */
  readonly returns?: true | undefined;
  /**
   * `false`: a stanza to oneself that comes back proves nothing of the server behind the first hop, so the broker does
   * not take it for a proof. Default: it does, where no other proof is to be had.
   */
  readonly echo?: false | undefined;
}
