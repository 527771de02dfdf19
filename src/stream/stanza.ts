import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";

/**
 * True if an element is a message, a presence or an iq, as a program sees and sends it: in
 * `jabber:client`, in the namespace of components, or without a namespace of its own.
 */
export function isStanza({ name, ns }: Element): boolean {
  if (ns !== undefined && ns !== NS.client && ns !== NS.component) return false;
  return name === "message" || name === "presence" || name === "iq";
}

/**
 * True if an element is in the namespace of stanzas: in `jabber:client`, or in none of its own. On the wire it is in
 * the stream's own namespace, whatever that is.
 */
export function isInStanzaNamespace({ ns }: Pick<Element, "ns">): boolean {
  return ns === undefined || ns === NS.client;
}

/** True if an element is a request that must be answered: an iq of type get or set. */
export function isRequest(element: Element): boolean {
  const { type } = element.attrs;
  return (type === "get" || type === "set") && element.name === "iq" && isStanza(element);
}

/**
 * A message or presence with the time of its first send and the address that says so (XEP-0203): a copy. An element
 * that has a delay or can have none stays as it is. `sentAt` is in milliseconds since 1970.
 */
export function withDelay(stanza: Element, from: string, sentAt: number): Element {
  const isDelayable = isStanza(stanza) && stanza.name !== "iq";
  if (!isDelayable || stanza.child("delay", NS.delay) !== undefined) return stanza;
  const stamp = new Date(sentAt).toISOString();
  return stanza.clone().append(xml("delay", { xmlns: NS.delay, from, stamp }));
}
