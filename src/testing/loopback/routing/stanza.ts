import { Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";

/** The error conditions this server uses, with the type that RFC 6120, 8.3.3, gives each. */
const ERRORS = {
  "bad-request": { type: "modify", code: "400" },
  conflict: { type: "cancel", code: "409" },
  "jid-malformed": { type: "modify", code: "400" },
  "not-acceptable": { type: "modify", code: "406" },
  "not-allowed": { type: "cancel", code: "405" },
  "not-authorized": { type: "auth", code: "401" },
  "service-unavailable": { type: "cancel", code: "503" },
} as const;

/** A condition of RFC 6120, section 8.3.3. */
export type StanzaCondition = keyof typeof ERRORS;

/** True for a stanza of a client's stream. */
export const isStanza = (element: Element): boolean =>
  element.ns === NS.client && ["message", "presence", "iq"].includes(element.name);

/** True for an `iq` that must be answered. */
export const isRequest = (stanza: Element): boolean =>
  stanza.name === "iq" && (stanza.attrs.type === "get" || stanza.attrs.type === "set");

/** The result of a request: its id, its addresses turned round. */
export const resultOf = (request: Element, payload?: Element): Element =>
  xml("iq", { ...turned(request), type: "result" }, payload);

/**
 * The error that answers a stanza, or `undefined` where none may: an error never answers an error
 * or a result (RFC 6120, 8.3.1), and nothing answers a presence here.
 */
export function errorOf(stanza: Element, condition: StanzaCondition): Element | undefined {
  const { type } = stanza.attrs;
  const silent = stanza.name === "presence" || type === "error" || type === "result";
  if (silent) return undefined;
  const error = xml("error", ERRORS[condition], xml(condition, { xmlns: NS.stanzaErrors }));
  return xml(stanza.name, { ...turned(stanza), type: "error" }, error);
}

/** A stanza with some attributes changed, its children shared. */
export const withAttributes = (stanza: Element, changes: Readonly<Record<string, string>>) =>
  new Element(
    stanza.name,
    stanza.ns,
    Object.assign(xml("").attrs, stanza.attrs, changes),
    stanza.prefixes,
    stanza.children,
  );

/**
 * A stanza as it is on a stream of another content namespace. The root is translated, and the
 * elements below it, down to the first of any other namespace.
 */
export function translate(element: Element, from: string, to: string): Element {
  if (element.ns !== undefined && element.ns !== from) return element;
  const children = element.children.map((child) =>
    typeof child === "string" ? child : translate(child, from, to),
  );
  return new Element(element.name, to, element.attrs, element.prefixes, children);
}

function turned(stanza: Element) {
  const { id, from, to } = stanza.attrs;
  return { xmlns: NS.client, id, from: to, to: from };
}
