/**
 * Clients for browsers, each by the import that its own documentation begins with, and the parts of the job of
 * `xmpp-broker` that it has not: a WebSocket found by host-meta, SCRAM, XEP-0198 with resumption, reconnecting, filters,
 * and an XML parser of its own. Read in the code of the versions in package-lock.json.
 *
 * @type {readonly (readonly [name: string, from: string, names: string, hasNot: string, hasMore: string])[]}
 */
export const PEERS = [
  [
    "@xmpp/client",
    "@xmpp/client",
    "{ client, xml, jid }",
    "SCRAM in browsers (it sends PLAIN), filters",
    "SASL2, Bind2, FAST",
  ],
  [
    "stanza",
    "stanza",
    "{ createClient }",
    "filters, a second address of host-meta",
    "BOSH, many extensions, Jingle",
  ],
  [
    "strophe.js",
    "strophe.js",
    "{ Strophe, $msg, $pres, $iq }",
    "reconnecting, host-meta, filters, an XML parser of its own",
    "BOSH, a connection that tabs share",
  ],
];
