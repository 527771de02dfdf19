/**
 * The features of the package, each with the built modules that only it needs. A module is named by its top folder and its own
 * name, so that it may move inside the folder. A place that ends in `/` stands for all modules in it. A module that only these
 * import falls with them, and need not be named. A feature inside the one above it is indented.
 *
 * A feature that is missing here is counted as foundation. The bench refuses a place without a module, so that a renamed module
 * does not count as free; a row that costs nothing; and a module in two rows that are not indented.
 *
 * @typedef {readonly (readonly [name: string, ...places: string[]])[]} Features
 */

/** The features of the neutral entry. @type {Features} */
export const FEATURES = [
  ["XPath: filters, responders, find", "xpath/"],
  ["  the index of many filters", "xpath/index/"],
  ["  the folding of constants", "xpath/fold"],
  ["reading XML", "xml/read/"],
  ["  the short way for whole stanzas", "xml/whole-stanza"],
  ["writing XML", "xml/write/"],
  ["  the short way for plain elements", "xml/plain"],
  ["xml as a template", "xml/template"],
  ["addresses", "jid/"],
  ["  international domains", "jid/punycode", "jid/bidi"],
  ["  addresses as older servers compare them", "jid/stringprep"],
  ["dialect xmpp, without the login it shares", "dialect/xmpp"],
  ["dialect legacy", "dialect/legacy"],
  ["dialect component", "dialect/component"],
  ["dialect jabberd2", "dialect/jabberd2"],
  ["SASL: all of it", "sasl/", "negotiate/sasl"],
  ["  SCRAM", "sasl/scram"],
  ["    proof of the server, as DIGEST-MD5 needs too", "sasl/mutual-exchange"],
  ["    keys that are derived once", "sasl/derivation"],
  ["  preparing passwords", "sasl/saslprep"],
  ["  PLAIN, EXTERNAL, ANONYMOUS", "sasl/plain", "sasl/external", "sasl/anonymous"],
  ["cryptography of the platform", "base/crypto/"],
  ["STARTTLS", "negotiate/starttls"],
  ["binding a resource", "negotiate/bind"],
  ["jabber:iq:auth", "negotiate/iq-auth"],
  ["WebSocket", "stream/websocket/", "transport/websocket/"],
  ["  the transport: the platform's WebSocket", "transport/websocket/"],
  ["  the framing (RFC 7395)", "stream/websocket-framing"],
  ["host-meta", "lookup/host-meta"],
  ["BOSH", "stream/bosh/"],
  ["the memory transport", "transport/memory"],
  ["keep-alive", "link/keep-alive"],
  [
    "stream management, with resumption",
    "session/stream-management",
    "negotiate/stream-management",
  ],
  ["  its negotiation", "negotiate/stream-management"],
  ["proofs by pings", "session/barriers"],
  ["sending again what has no proof", "traffic/unacked"],
  ["detach", "broker/detach", "contract/session-state", "traffic/detached"],
  ["handing over", "broker/hand-over"],
  [
    "reconnecting",
    "broker/reconnecting",
    "broker/backoff",
    "broker/reconnect-policy",
    "broker/awakening",
    "broker/reached",
    "link/login-limit",
  ],
  ["  the policy", "broker/reconnect-policy", "broker/backoff"],
  ["events of the page: online, offline, frozen", "base/page-network"],
  ["the queue", "traffic/outbox", "traffic/stanza-queue"],
  ["the part of a durable queue in the core", "traffic/safekeeping"],
  ["tracking deliveries", "session/delivery", "session/delivery-steps"],
  ["tracking requests", "session/requests"],
  ["answers to incoming requests", "session/incoming"],
  ["calling filters and responders", "traffic/filters"],
  ["waiting for a stanza", "traffic/waiting"],
  ["the trace and the counters", "contract/instruments", "contract/stats", "contract/trace"],
  [
    "the options, with their checks",
    "contract/options",
    "contract/option-groups",
    "contract/tls-options",
    "contract/call-options",
    "contract/acks-option",
    "base/option",
  ],
  ["the codes of errors, with a sentence each", "base/error-codes"],
];

/** The features that only Node's entry has. @type {Features} */
export const NODE_FEATURES = [
  ["TCP and TLS", "transport/tcp", "transport/tls", "transport/node-socket-transport"],
  ["  TLS", "transport/tls"],
  ["SRV records", "lookup/srv", "lookup/node-dns"],
  ["the race among addresses", "lookup/race"],
  ["WebSocket by ws, without ws itself", "transport/websocket/"],
  ["DIGEST-MD5", "sasl/digest-md5"],
];

/** True if a module is at a place of these lists. @param {string} path under `src/` or `dist/`, without its ending */
export function isAt(path, place) {
  if (place.endsWith("/")) return path.startsWith(place);
  const [top, name] = place.split("/");
  return path.startsWith(`${top}/`) && path.endsWith(`/${name}`);
}
