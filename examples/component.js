// A component of a server (XEP-0114: Prosody, ejabberd, jabberd2, jabberd14, Openfire …): shakes hands,
// writes to itself by way of the server, and leaves.
//
//   XMPP_DOMAIN=echo.example.org XMPP_PASSWORD=… XMPP_HOST=127.0.0.1 node examples/component.js
//
//   XMPP_PORT   the server's port for components; 5347 if left out
//   XMPP_TLS    required, direct, opportunistic or plaintext; needed unless the server is on this
//               machine
//   XMPP_CA     certificates to trust (PEM) instead of the system's
import { Broker, component, xml } from "xmpp-broker";

const { XMPP_DOMAIN, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_TLS, XMPP_CA } = process.env;

const broker = new Broker({
  dialect: component({ domain: XMPP_DOMAIN, secret: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { policy: XMPP_TLS, ca: XMPP_CA },
});

const messages = broker.stanzas("/message[@type='chat']/body");
const { jid } = await broker.connect();
console.log("ready as", jid);

// A component has many addresses: anything in its domain. A stanza that it sends needs a `to`. Without a
// `from`, its sender is the domain.
const self = `someone@${jid}`;
broker.send(xml("presence", { to: self }));
for (const number of [1, 2, 3]) {
  const body = xml("body", {}, `Note ${number} to self`);
  broker.send(xml("message", { to: self, from: self, type: "chat" }, body));
}

let left = 3;
for await (const { stanza } of messages) {
  console.log("received", stanza.childText("body"));
  if (--left === 0) break;
}

await broker.shutdown();
console.log("closed");
