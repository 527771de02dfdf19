import type { BrokerError } from "../base/errors.ts";
import type { Login, LoginResult } from "../negotiate/login.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";

/** A received stanza, taken out of its envelope. */
export interface Inbound {
  /** The stanza for the program, in the namespace of the stream or in `jabber:client`. */
  readonly stanza: Element;
  /** The envelope, where the dialect has envelopes. */
  readonly route?: Element | undefined;
  /** The reason, where this is a stanza of ours that came back undelivered. */
  readonly returned?: BrokerError | undefined;
}

/**
 * One way to speak to a server: how to log in, and how stanzas look on the wire. A dialect of your own works
 * exactly as those of this package do (`docs/a-new-dialect.md`).
 */
export interface Dialect {
  /** Its name, as it stands in the trace. */
  readonly name: string;
  /** The domain in the stream header. It is also the host if none is given, and the name of the certificate. */
  readonly domain: string;
  /** The default namespace of the stream. The broker translates stanzas between it and `jabber:client`. */
  readonly contentNamespace: string;
  /** `version` of the stream header, or `undefined` for a stream from before XMPP 1.0. */
  readonly version: string | undefined;
  /** The standard ports. */
  readonly ports: { readonly plain: number; readonly direct?: number | undefined };
  /** The TLS policy if none is given; `by-host`: `plaintext` to this machine, and elsewhere it must be given. */
  readonly tls: TlsPolicy | "by-host";
  /** The name that the certificate must have: the `domain`, or the host connected to. Default `domain`. */
  readonly certificate?: "domain" | "host" | undefined;
  /** The whole login, from the stream header to the address in force. */
  negotiate(login: Login): Promise<LoginResult>;
  /**
   * Turns a stanza (in `jabber:client`) into the element on the wire, without changing the caller's element. It may
   * throw a `BrokerError`, which becomes the failure of that delivery alone.
   */
  readonly outbound?: ((stanza: Element) => Element) | undefined;
  /**
   * Takes a received element apart; with `undefined` the element is dropped. With `returns` it gets sent elements as
   * well, so it must only look: it would count or keep those twice.
   */
  readonly inbound?: ((element: Element) => Inbound | undefined) | undefined;
  /**
   * Whether undelivered stanzas come back (`returned`); then each sent one gets an `id`. The broker recognizes one by
   * the `id`, `to` and `from` of the stanza that `inbound` finds in it. To learn these beforehand, it gives `inbound`
   * each element that it sends; an exception does no harm there.
   */
  readonly returns?: true | undefined;
}
