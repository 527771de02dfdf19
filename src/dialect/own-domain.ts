import { BrokerError } from "../base/errors.ts";
import { bareText, jid } from "../jid/jid.ts";
import { type Element, withAttribute } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";

/** A stanza as a component may send it. */
export interface Sendable {
  readonly stanza: Element;
  /** Which of the own domains it comes from. */
  readonly domain: string;
}

/**
 * What servers ask of a component's stanzas, which they else drop in silence or kill the stream for:
 * a `from` in one of its own domains, in the spelling the server knows, added if there is none (the first of
 * them), and a `to`. The caller's element is not changed. Ends in `FOREIGN_FROM`, `MISSING_TO`, `BAD_JID`.
 */
export function fromOwnDomain(stanza: Element, domains: readonly [string, ...string[]]): Sendable {
  const { from, to } = stanza.attrs;
  if (to === undefined || to === "") throw new BrokerError("MISSING_TO");
  if (from === undefined || from === "") {
    return { stanza: withAttribute(stanza, "from", domains[0]), domain: domains[0] };
  }
  const { domain, full } = jid(from);
  if (!domains.includes(domain)) {
    throw new BrokerError("FOREIGN_FROM", `${from}, not ${domains.join(", ")}`);
  }
  // Servers look for the domain as they know it, and end the stream for another spelling.
  if (domainPart(from) !== domain) return { stanza: withAttribute(stanza, "from", full), domain };
  return { stanza, domain };
}

/** Whether an element is one of the three that servers route (RFC 6120, 8). */
export function isStanza({ name, ns }: Element): boolean {
  if (ns !== undefined && ns !== NS.client && ns !== NS.component) return false;
  return name === "message" || name === "presence" || name === "iq";
}

/** The domain as it stands in an address (RFC 7622, 3.2). */
function domainPart(address: string): string {
  const bare = bareText(address);
  return bare.slice(bare.indexOf("@") + 1);
}
