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
  streamManagement: "urn:xmpp:sm:3",
} as const;
