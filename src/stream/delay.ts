import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { isStanza } from "./stanza.ts";

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
