/** The namespaces that this library knows, by short names. */
export const NS = {
  xml: "http://www.w3.org/XML/1998/namespace",
  xmlns: "http://www.w3.org/2000/xmlns/",
  stream: "http://etherx.jabber.org/streams",
  streamErrors: "urn:ietf:params:xml:ns:xmpp-streams",
  stanzaErrors: "urn:ietf:params:xml:ns:xmpp-stanzas",
  client: "jabber:client",
  component: "jabber:component:accept",
  jabberd2: "http://jabberd.jabberstudio.org/ns/component/1.0",
  tls: "urn:ietf:params:xml:ns:xmpp-tls",
  sasl: "urn:ietf:params:xml:ns:xmpp-sasl",
  bind: "urn:ietf:params:xml:ns:xmpp-bind",
  session: "urn:ietf:params:xml:ns:xmpp-session",
  iqAuth: "jabber:iq:auth",
  iqAuthFeature: "http://jabber.org/features/iq-auth",
  ping: "urn:xmpp:ping",
  streamLimits: "urn:xmpp:stream-limits:0",
  delay: "urn:xmpp:delay",
  streamManagement: "urn:xmpp:sm:3",
} as const;

/** The fault of a declaration that Namespaces in XML, 3 and 5, forbid. */
export function faultOfDeclaration(prefix: string, uri: string): string | undefined {
  if (prefix === "xmlns") return "a declaration of `xmlns`";
  if ((prefix === "xml") !== (uri === NS.xml)) return "another declaration of `xml`";
  if (uri === NS.xmlns) return "a declaration of the namespace of `xmlns`";
  return uri === "" && prefix !== "" ? "a prefix without a namespace" : undefined;
}
