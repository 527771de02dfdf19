import { type Jid, jid, sameJid } from "../jid/jid.ts";
import type { Element } from "../xml/element.ts";

/**
 * Whether an element with the id of a pending request is its answer. An id alone proves nothing: it must have
 * the kind and the sender that an answer has, or anybody could answer for anybody.
 */
export function isAnswer(request: Element, answer: Element, own: string): boolean {
  if (answer.name !== request.name) return false;
  const { type } = answer.attrs;
  switch (request.name) {
    case "iq":
      if (type !== "result" && type !== "error") return false;
      break;
    case "message":
    case "presence":
      // What one sends to oneself comes by as a stanza of one's own, with the same id.
      if (type !== "error" && isFromSelf(answer, request.attrs.from, own)) return false;
      break;
    default:
      return (answer.ns ?? "") === (request.ns ?? answer.ns ?? "");
  }
  return mayAnswer(request, answer, own);
}

/**
 * Who may answer: the union of RFC 6120 (8.1.2, 8.2.3, 10.3) and what servers do.
 *
 * | the request's `to` | the answer's `from` |
 * | --- | --- |
 * | absent | absent, own bare, own full, own domain |
 * | own bare, own domain or own full | the same, or absent |
 * | anybody else | exactly that |
 *
 * A component has many addresses: there only exactly the one asked may answer, to the one that asked.
 */
function mayAnswer(request: Element, answer: Element, own: string): boolean {
  const { to } = request.attrs;
  const { from } = answer.attrs;
  const me = ownJid(own);
  if (me.local === undefined) {
    return same(from, to) && same(answer.attrs.to, request.attrs.from ?? own);
  }
  if (to === undefined) {
    return from === undefined || [me.bare, me.full, me.domain].some((one) => same(from, one));
  }
  if (same(from, to)) return true;
  return from === undefined && isOwn(to, me);
}

/** The last own address: answers come one after the other to the same. */
let last: Jid | undefined;
let lastText = "";

function ownJid(text: string): Jid {
  if (last === undefined || text !== lastText) {
    last = jid(text);
    lastText = text;
  }
  return last;
}

function isOwn(address: string, me: Jid): boolean {
  return [me.bare, me.full, me.domain].some((one) => same(address, one));
}

/** A component has many addresses: the one it asked from is its own as well. */
function isFromSelf({ attrs }: Element, asker: string | undefined, own: string): boolean {
  return attrs.from === undefined || same(attrs.from, own) || same(attrs.from, asker);
}

function same(left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left === right || sameJid(left, right);
}
