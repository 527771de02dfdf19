import { BrokerError } from "../base/errors.ts";
import { carriedJid, isInDomain } from "../jid/carried.ts";
import { splitJid } from "../jid/jid.ts";
import { type Element, withAttribute } from "../xml/element.ts";

/** A stanza as a component may send it. */
export interface Sendable {
  readonly stanza: Element;
  /** The own domain that it comes from. */
  readonly domain: string;
}

/**
 * Makes a component's stanza acceptable to servers, which else drop it in silence or end the stream.
 * It needs a `to`, and a `from` in one of the own domains; without a `from` it gets the first of them.
 * Only the domain of a `from` is changed, into the spelling that the server knows: the local part and
 * the resource stay as spelt. The caller's element is not changed. Ends in `FOREIGN_FROM`,
 * `MISSING_TO`, and in `BAD_JID` for a `from` that no server carries.
 */
export function fromOwnDomain(stanza: Element, domains: readonly [string, ...string[]]): Sendable {
  const { from, to } = stanza.attrs;
  if (to === undefined || to === "") throw new BrokerError("MISSING_TO");
  if (from === undefined || from === "") {
    return { stanza: withAttribute(stanza, "from", domains[0]), domain: domains[0] };
  }
  const { domain } = carriedJid(from);
  if (!domains.includes(domain)) {
    throw new BrokerError("FOREIGN_FROM", `${from}, not ${domains.join(", ")}`);
  }
  // A server looks for the domain as it knows it, and ends the stream for another spelling.
  const spelt = inDomain(from, domain);
  return { stanza: spelt === from ? stanza : withAttribute(stanza, "from", spelt), domain };
}

/** The error for a received stanza that is for another domain. A stanza without `to` is for us. */
export function notForUs({ attrs: { to } }: Element, domain: string): BrokerError | undefined {
  if (to === undefined || isInDomain(to, domain)) return undefined;
  return new BrokerError("MISADDRESSED", `to ${to}, not ${domain}`);
}

/** An address with its domain in another spelling. */
function inDomain(address: string, domain: string): string {
  const { local, domain: spelt } = splitJid(address);
  if (spelt === domain) return address;
  const start = local === undefined ? 0 : local.length + 1;
  return address.slice(0, start) + domain + address.slice(start + spelt.length);
}
