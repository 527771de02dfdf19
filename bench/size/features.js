/**
 * The features of the entry, each with the built modules that only it needs. The bench bundles the
 * entry with and without them. A folder stands for all its modules. The bench refuses a path that the
 * entry does not contain, so that a moved module does not count as free.
 *
 * @type {readonly (readonly [name: string, ...modules: string[]])[]}
 */
export const FEATURES = [
  ["XPath: filters, responders, find", "xpath/"],
  ["  the index of many filters", "xpath/index/"],
  ["reading XML", "xml/read/"],
  ["  the short way for whole stanzas", "xml/read/whole-stanza.js"],
  ["writing XML", "xml/write/"],
  ["  the short way for plain elements", "xml/write/plain.js"],
  ["xml as a template", "xml/template.js"],
  ["addresses", "jid/"],
  ["  international domains", "jid/punycode.js", "jid/bidi.js"],
  ["  addresses as older servers compare them", "jid/stringprep.js"],
  ["dialect xmpp", "dialect/xmpp.js"],
  ["dialect legacy", "dialect/legacy.js"],
  ["dialect component", "dialect/component.js"],
  ["dialect jabberd2", "dialect/jabberd2.js"],
  ["SASL: all of it", "sasl/mechanisms/mechanisms.js", "negotiate/sasl.js"],
  ["  SCRAM", "sasl/mechanisms/scram.js"],
  ["  PLAIN", "sasl/mechanisms/plain.js"],
  ["  EXTERNAL", "sasl/mechanisms/external.js"],
  ["  ANONYMOUS", "sasl/mechanisms/anonymous.js"],
  ["STARTTLS", "negotiate/starttls.js"],
  ["binding a resource", "negotiate/bind.js"],
  ["jabber:iq:auth", "negotiate/iq-auth.js"],
  [
    "stream management, with resumption",
    "session/acks/stream-management.js",
    "negotiate/stream-management.js",
  ],
  ["proofs by pings", "session/acks/barriers.js", "session/acks/answer-timer.js"],
  ["sending again what has no proof", "traffic/unacked.js"],
  ["reconnecting", "broker/reconnecting.js", "broker/backoff.js", "broker/reconnect-policy.js"],
  ["requests", "session/requests.js"],
  ["answers to incoming requests", "session/incoming.js"],
  ["the queue", "traffic/outbox.js"],
  ["keep-alive", "link/keep-alive.js"],
  ["the trace and the counters", "contract/instruments.js", "contract/stats.js"],
  ["the memory transport", "transport/memory.js"],
];
