// A service on the router of jabberd2: secures the connection, authenticates, binds its name, writes
// to itself by way of the router, and leaves. The envelopes that the router wants are put on and
// taken off by the broker.
//
//   XMPP_DOMAIN=echo.example.org XMPP_USERNAME=jabberd XMPP_PASSWORD=… XMPP_HOST=router.example.org \
//     node examples/jabberd2-component.js
//
//   XMPP_PORT   the router's port; 5347 if left out
//   XMPP_CA     certificates to trust (PEM) instead of the system's
import { Broker, jabberd2, xml } from "xmpp-broker";

const { XMPP_DOMAIN, XMPP_USERNAME, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_CA } = process.env;

const broker = new Broker({
  dialect: jabberd2({
    domain: XMPP_DOMAIN,
    username: XMPP_USERNAME,
    password: XMPP_PASSWORD,
    bind: { names: [XMPP_DOMAIN] },
  }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { ca: XMPP_CA },
});

broker.on("tls:success", ({ protocol, cipher }) => console.log("secured with", protocol, cipher));
broker.on("auth:success", ({ mechanism }) => console.log("authenticated with", mechanism));

const messages = broker.stanzas("/message[@type='chat']/body");
const { jid } = await broker.connect();
console.log("ready as", jid);

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
