import { type Needs, needed, settleOptions } from "../base/option.ts";
import { handshake } from "../negotiate/auth/handshake.ts";
import { passwordOption } from "../sasl/password.ts";
import { isStanza } from "../stream/stanza.ts";
import { NS } from "../xml/namespaces.ts";
import { domainOption } from "./checks.ts";
import type { Dialect } from "./dialect.ts";
import { openOldStream } from "./old-stream.ts";
import { fromOwnDomain, notForUs } from "./own-domain.ts";

/** The options of `component`. */
export const COMPONENT_OPTIONS = {
  needs: {
    /** The component's own domain. */
    domain: needed(domainOption),
    /**
     * The secret that component and server share, or a function that returns it; the function is told
     * `{ mechanism, domain, attempt }`.
     */
    secret: needed(passwordOption),
  },
  takes: {},
};

/** How to log in as a component. */
export interface ComponentOptions extends Needs<typeof COMPONENT_OPTIONS.needs> {}

/**
 * A component, by the handshake of XEP-0114 (jabberd14, Prosody, ejabberd, jabberd2, Openfire …). A stanza
 * without `from` gets the own domain. A received stanza for another domain is dropped (`MISADDRESSED`). STARTTLS is used where the policy wants it and the server offers it to
 * `version='1.0'`, as jabberd2's router does. Ends in `BAD_OPTION`; the login in the codes of TLS and of the
 * handshake; a stanza in `FOREIGN_FROM`, `MISSING_TO`, `BAD_JID`.
 *
 * @example component({ domain: "echo.example.org", secret: "…" })
 */
export function component(options: ComponentOptions): Dialect {
  const { domain, secret } = settleOptions("component", COMPONENT_OPTIONS, options);

  return Object.freeze<Dialect>({
    name: "component",
    domain,
    contentNamespace: NS.component,
    version: undefined,
    ports: Object.freeze({ plain: 5347 }),
    tls: "by-host",
    certificate: "host",
    async negotiate(login) {
      const header = await openOldStream(login);
      await handshake(login, header, secret, domain);
      return { jid: domain };
    },
    outbound(stanza) {
      return isStanza(stanza) ? fromOwnDomain(stanza, [domain]).stanza : stanza;
    },
    inbound(stanza) {
      const dropped = isStanza(stanza) ? notForUs(stanza, domain) : undefined;
      return dropped === undefined ? { stanza } : { stanza, dropped };
    },
  });
}
