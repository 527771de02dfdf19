import { badOption } from "../base/check.ts";
import { type Element, isElement, type XPathNode, xml } from "../xml/element.ts";
import { isRequest, isStanza } from "./stanza.ts";
import { errorElement, type StanzaError, type StanzaErrorType } from "./stanza-error.ts";

/** A child of a reply: as in `xml`. */
export type ReplyChild = Element | XPathNode | string | number | null | undefined;

/** The error that `errorReply` gives (RFC 6120, 8.3). A `StanzaError` will do as well. */
export interface ErrorReply {
  /** The defined condition, e.g. `item-not-found`. */
  readonly condition: string;
  /** Default: the type RFC 6120, 8.3.3 gives the condition. */
  readonly type?: StanzaErrorType | undefined;
  /** Words for a human being. Default: none. */
  readonly text?: string | undefined;
}

/**
 * Makes the reply to a received stanza. The addresses are swapped and the id is kept. The reply to an
 * iq is its result, the reply to a message has the type of that message, and a presence is answered
 * with a presence without type. Nothing is sent, and `stanza` is not changed. (A `groupchat` message
 * must go to the room and not to the occupant: give that one a new `to`.) Throws `BAD_OPTION` for an
 * element that is no stanza, and for one that must not be answered: an error, or an answer to an iq
 * (RFC 6120, 8.2.3 and 8.3.1).
 *
 * @example
 * broker.filter("/message[@type='chat']/body", ({ stanza, matches }) => broker.send(reply(stanza, ...matches)));
 */
export function reply(stanza: Element, ...children: readonly ReplyChild[]): Element {
  mustBeAnswerable(stanza);
  const type = { iq: "result", message: stanza.attrs.type }[stanza.name];
  return xml(stanza.name, turned(askedBy(stanza), type), ...children);
}

/**
 * Makes the error that answers a received stanza (RFC 6120, 8.3). The addresses are swapped and the id
 * is kept. Nothing is sent, and `stanza` is not changed. Throws `BAD_OPTION` as `reply` does.
 *
 * @example
 * broker.send(errorReply(stanza, { condition: "item-not-found", text: "no such room" }));
 */
export function errorReply(stanza: Element, { condition, type, text }: ErrorReply): Element {
  mustBeAnswerable(stanza);
  return xml(stanza.name, turned(askedBy(stanza), "error"), errorElement(condition, type, text));
}

/** The facts of a request that its answer needs; the request itself is not kept. */
export interface Asked {
  readonly id: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** The facts of a received request. */
export function askedBy({ attrs: { id, from, to } }: Element): Asked {
  return { id, from, to };
}

/** The result for a request, with the payload given. */
export function resultFor(asked: Asked, payload?: Element): Element {
  return xml("iq", turned(asked, "result"), payload);
}

/** The error for a request: a condition, or the error that a handler threw. */
export function errorFor(asked: Asked, error: string | StanzaError): Element {
  const payload = typeof error === "string" ? errorElement(error) : error.toElement();
  return xml("iq", turned(asked, "error"), payload);
}

function turned({ id, from, to }: Asked, type: string | undefined) {
  return { type, id, to: from, from: to };
}

/** Two programs that answered each other's errors would never stop. */
function mustBeAnswerable(stanza: Element): void {
  const wanted = "a stanza that may be answered";
  if (!isElement(stanza) || !isStanza(stanza)) throw badOption("stanza", wanted, stanza);
  const isAnswerable = stanza.name === "iq" ? isRequest(stanza) : stanza.attrs.type !== "error";
  if (isAnswerable) return;
  throw badOption("stanza", wanted, `an ${stanza.name} of type ${stanza.attrs.type ?? "none"}`);
}
