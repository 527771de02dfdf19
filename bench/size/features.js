/**
 * The features of the package, each with the built modules that only it needs. A folder ends in `/` and stands for all
 * its modules. A feature inside the one above it is indented.
 *
 * A feature that is missing here is counted as foundation. The bench refuses a module that does not exist, so that a moved one
 * does not count as free; a row that costs nothing; and a module that stands in two rows that are not indented.
 *
 * @typedef {readonly (readonly [name: string, ...modules: string[]])[]} Features
 */

/** The features of the neutral entry. @type {Features} */
export const FEATURES = [
  ["XPath: filters, responders, find", "xpath/"],
  ["  the index of many filters", "xpath/index/"],
  ["  the folding of constants", "xpath/fold.js"],
  ["reading XML", "xml/read/"],
  ["  the short way for whole stanzas", "xml/read/whole-stanza.js"],
  ["writing XML", "xml/write/"],
  ["  the short way for plain elements", "xml/write/plain.js"],
  ["xml as a template", "xml/template.js", "xml/template-source.js"],
  ["addresses", "jid/"],
  ["  international domains", "jid/punycode.js", "jid/bidi.js"],
  ["  addresses as older servers compare them", "jid/stringprep.js"],
  ["dialect xmpp, without the login it shares", "dialect/xmpp.js"],
  ["dialect legacy", "dialect/legacy.js"],
  ["dialect component", "dialect/component.js"],
  ["dialect jabberd2", "dialect/jabberd2.js"],
  ["SASL: all of it", "sasl/", "negotiate/sasl.js"],
  ["  SCRAM", "sasl/mechanisms/scram.js"],
  ["    proof of the server, as DIGEST-MD5 needs too", "sasl/mechanisms/mutual-exchange.js"],
  ["    keys that are derived once", "sasl/mechanisms/derivation.js"],
  ["  preparing passwords", "sasl/saslprep.js"],
  [
    "  PLAIN, EXTERNAL, ANONYMOUS",
    "sasl/mechanisms/plain.js",
    "sasl/mechanisms/external.js",
    "sasl/mechanisms/anonymous.js",
  ],
  ["cryptography of the platform", "base/crypto/"],
  ["STARTTLS", "negotiate/starttls.js"],
  ["binding a resource", "negotiate/bind.js"],
  ["jabber:iq:auth", "negotiate/iq-auth.js"],
  ["WebSocket", "stream/websocket/", "transport/websocket/"],
  ["  the transport: the platform's WebSocket", "transport/websocket/"],
  ["  the framing (RFC 7395)", "stream/websocket/websocket-framing.js"],
  ["host-meta", "lookup/host-meta.js", "lookup/fetch-text.js"],
  ["BOSH", "stream/bosh/"],
  ["the memory transport", "transport/memory.js"],
  ["keep-alive", "link/keep-alive.js"],
  [
    "stream management, with resumption",
    "session/acks/stream-management.js",
    "session/acks/handled-count.js",
    "negotiate/stream-management.js",
  ],
  ["  its negotiation", "negotiate/stream-management.js"],
  ["proofs by pings", "session/acks/barriers.js", "session/acks/answer-timer.js"],
  ["sending again what has no proof", "traffic/unacked.js"],
  ["detach", "broker/ending/detach.js", "contract/session-state.js", "traffic/detached.js"],
  ["handing over", "broker/ending/hand-over.js"],
  [
    "reconnecting",
    "broker/reconnecting.js",
    "broker/backoff.js",
    "broker/reconnect-policy.js",
    "broker/awakening.js",
    "broker/reached.js",
    "link/login-limit.js",
  ],
  ["  the policy", "broker/reconnect-policy.js", "broker/backoff.js"],
  ["events of the page: online, offline, frozen", "base/page-network.js"],
  ["the queue", "traffic/outbox.js", "traffic/stanza-queue.js", "traffic/bounded-queue.js"],
  ["the part of a durable queue in the core", "traffic/safekeeping.js"],
  ["tracking deliveries", "session/delivery.js", "session/delivery-steps.js"],
  ["tracking requests", "session/requests.js"],
  ["answers to incoming requests", "session/incoming.js"],
  ["calling filters and responders", "traffic/filters.js"],
  ["waiting for a stanza", "traffic/waiting.js"],
  [
    "the trace and the counters",
    "contract/instruments.js",
    "contract/stats.js",
    "contract/trace.js",
  ],
  [
    "the options, with their checks",
    "contract/options.js",
    "contract/option-groups.js",
    "contract/tls-options.js",
    "contract/call-options.js",
    "contract/acks-option.js",
    "base/option.js",
  ],
  ["the codes of errors, with a sentence each", "base/error-codes.js"],
];

/** The features that only Node's entry has. @type {Features} */
export const NODE_FEATURES = [
  [
    "TCP and TLS",
    "transport/tcp.js",
    "transport/tls.js",
    "transport/certificate.js",
    "transport/der.js",
    "transport/node-tcp-transport.js",
    "transport/node-socket-writer.js",
    "transport/node-socket-transport.js",
  ],
  ["  TLS", "transport/tls.js", "transport/certificate.js", "transport/der.js"],
  ["SRV records", "lookup/srv.js", "lookup/node-dns.js"],
  ["the race among addresses", "lookup/race.js"],
  ["WebSocket by ws, without ws itself", "transport/websocket/"],
  ["DIGEST-MD5", "sasl/mechanisms/digest-md5.js"],
];
