import { BrokerError } from "../base/errors.ts";
import { jid } from "../jid/jid.ts";
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
 * a `from` in one of its own domains, added if there is none (the first of them), and a `to`. The
 * caller's element is not changed. Ends in `FOREIGN_FROM`, `MISSING_TO`, `BAD_JID`.
 */
export function fromOwnDomain(stanza: Element, domains: readonly [string, ...string[]]): Sendable {
  const { from, to } = stanza.attrs;
  if (to === undefined || to === "") throw new BrokerError("MISSING_TO");
  if (from === undefined || from === "") {
    return { stanza: withAttribute(stanza, "from", domains[0]), domain: domains[0] };
  }
  const domain = ownDomain(from, domains);
  if (domain === undefined)
    throw new BrokerError("FOREIGN_FROM", `${from}, not ${domains.join(", ")}`);
  return { stanza, domain };
}

/** Whether an element is one of the three that servers route (RFC 6120, 8). */
export function isStanza({ name, ns }: Element): boolean {
  if (ns !== undefined && ns !== NS.client && ns !== NS.component) return false;
  return name === "message" || name === "presence" || name === "iq";
}

function ownDomain(address: string, domains: readonly string[]): string | undefined {
  const spelt = domainPart(address);
  if (domains.includes(spelt)) return spelt;
  const { domain } = jid(address);
  return domains.includes(domain) ? domain : undefined;
}

/** The domain as it stands in an address (RFC 7622, 3.2): a resource may hold anything, also `@`. */
function domainPart(address: string): string {
  const slash = address.indexOf("/");
  const bare = slash === -1 ? address : address.slice(0, slash);
  return bare.slice(bare.indexOf("@") + 1);
}
