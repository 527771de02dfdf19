import { carriedJid, isInDomain, isSameAddress } from "../jid/carried.ts";
import type { Element } from "../xml/element.ts";

/** A broker, or any object that knows the own address as one does. */
export interface Addressed {
  /** The address in force; `undefined` while there is none. */
  readonly jid: string | undefined;
}

/**
 * True if a received stanza is the server's own word: it has no `from` (RFC 6120, 8.1.2.1), or that of
 * the own domain. Other users cannot send such a stanza, since the server stamps theirs. On a component
 * it is always `false`: a component has a domain of its own, and knows no server's. It is `false` as
 * well while the broker has no address.
 */
export function isFromServer({ attrs: { from } }: Element, { jid }: Addressed): boolean {
  const own = jid === undefined ? undefined : carriedJid(jid);
  if (own?.local === undefined) return false;
  return from === undefined || isSameAddress(from, own.domain);
}

/**
 * True if a received stanza is the word of the own account: it has no `from` (RFC 6120, 8.1.2.1), or the
 * own bare or full JID. So layers above check roster pushes, carbons and archives. Other resources of
 * the account do not count, since another program sends from there. On a component every address in its
 * own domain is its own. It is `false` while the broker has no address.
 */
export function isFromSelf({ attrs: { from } }: Element, { jid }: Addressed): boolean {
  if (jid === undefined) return false;
  const own = carriedJid(jid);
  if (own.local === undefined) return from !== undefined && isInDomain(from, own.domain);
  return from === undefined || [own.bare, own.full].some((one) => isSameAddress(from, one));
}
