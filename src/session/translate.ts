import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";

/**
 * Presents a received element in `jabber:client`, whatever the stream's content namespace: the root and the
 * descendants joined to it by an unbroken chain of elements in that namespace. Forwarded stanzas and payloads
 * stay as they are. For an envelope that the program gets to see, the stanza inside is presented. The
 * element is ours, fresh from the parser, so it is changed in place.
 */
export function toClient(element: Element, contentNamespace: string): void {
  if (!element.is("route", NS.jabberd2)) translate(element, contentNamespace);
  else for (const stanza of element.childrenOf()) translate(stanza, contentNamespace);
}

function translate(element: Element, contentNamespace: string): void {
  if (contentNamespace === NS.client || element.ns !== contentNamespace) return;
  element.ns = NS.client;
  for (const child of element.children) {
    if (typeof child !== "string") translate(child, contentNamespace);
  }
}
