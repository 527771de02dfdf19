import { carriedJid, isSameAddress } from "../../jid/carried.ts";
import type { Jid } from "../../jid/jid.ts";
import { isStanza } from "../../stream/stanza.ts";
import type { Element } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";

/**
 * True if an element with the id of a pending request is its answer. An id alone proves nothing: the
 * element must have the namespace, the kind and the sender that an answer has. Otherwise anybody could
 * answer for anybody. Both are as programs see them: stanzas in `jabber:client`.
 */
export function isAnswer(request: Element, answer: Element, own: string): boolean {
  if (answer.name !== request.name) return false;
  // Without a namespace of its own a request goes out in that of stanzas.
  if (!isStanza(request)) return answer.ns === (request.ns ?? NS.client);
  if (!isStanza(answer)) return false;
  const { type } = answer.attrs;
  if (request.name === "iq") {
    if (type !== "result" && type !== "error") return false;
  } else if (type !== "error" && isFromSelf(answer, request.attrs.from, own)) {
    // A stanza to oneself comes back as a stanza of one's own, with the same id.
    return false;
  }
  return mayAnswer(request, answer, own);
}

/**
 * True if a stanza that came back undelivered is this request. Others choose the same ids, so the kind
 * and the addresses count as well. A dialect may have added its own address as `from`.
 */
export function isReturned(request: Element, returned: Element, own: string): boolean {
  const { to, from, type } = request.attrs;
  const { attrs } = returned;
  if (returned.name !== request.name || attrs.type !== type) return false;
  const isFromAsker =
    isSameAddress(attrs.from, from) || (from === undefined && isSameAddress(attrs.from, own));
  return isFromAsker && isSameAddress(attrs.to, to);
}

/**
 * True if the sender may answer: the union of RFC 6120 (8.1.2, 8.2.3, 10.3) and the ways of servers.
 *
 * | the request's `to` | the answer's `from` |
 * | --- | --- |
 * | absent | absent, own bare, own full, own domain |
 * | own bare, own domain or own full | the same, or absent |
 * | any other | exactly that |
 *
 * A component has many addresses: only the address that was asked may answer, and only to the one that
 * asked. Addresses are equal where servers may take them for equal.
 */
function mayAnswer(request: Element, answer: Element, own: string): boolean {
  const { to } = request.attrs;
  const { from } = answer.attrs;
  const me = ownJid(own);
  if (me.local === undefined) {
    return isSameAddress(from, to) && isSameAddress(answer.attrs.to, request.attrs.from ?? own);
  }
  if (to === undefined) return from === undefined || isOwn(from, me);
  if (isSameAddress(from, to)) return true;
  return from === undefined && isOwn(to, me);
}

/** The last own address, kept because the answers of one session all go to the same. */
let last: Jid | undefined;
let lastText = "";

function ownJid(text: string): Jid {
  if (last === undefined || text !== lastText) {
    last = carriedJid(text);
    lastText = text;
  }
  return last;
}

function isOwn(address: string, me: Jid): boolean {
  return [me.bare, me.full, me.domain].some((one) => isSameAddress(address, one));
}

/** A component has many addresses: the one it asked from is its own as well. */
function isFromSelf({ attrs }: Element, asker: string | undefined, own: string): boolean {
  if (attrs.from === undefined) return true;
  return isSameAddress(attrs.from, own) || isSameAddress(attrs.from, asker);
}
