// A component that waits for its server, survives its restarts, and ends in order: it sends each message back.
//
//   XMPP_DOMAIN=echo.example.org XMPP_PASSWORD=… XMPP_HOST=127.0.0.1 node examples/staying-component.js
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
  reconnect: true,
});

broker.on("ready", ({ jid }) => console.log("ready as", jid));
broker.on("reconnect:scheduled", ({ attempt, error }) => {
  console.log("waiting for try", attempt, "because of", error.code);
});
broker.filter("/message[@type='chat']/body", ({ stanza, elements }) => {
  const { from, to } = stanza.attrs;
  broker.send(xml("message", { to: from, from: to, type: "chat" }, elements[0]));
});

// A supervisor ends a program so. It works during an outage too.
process.once("SIGTERM", () => void broker.shutdown());

// It keeps trying, so there is nothing to wait for but the end.
void broker.connect();
const reason = await broker.closed;
console.log("closed", reason?.code ?? "as asked");
