// A client of an XMPP 1.0 server: logs in, says that it is there, writes to itself, and leaves.
//
//   XMPP_JID=juliet@example.org XMPP_PASSWORD=… node examples/xmpp-client.js
//
//   XMPP_HOST, XMPP_PORT   where the server is, if not where the address says
//   XMPP_CA                certificates to trust (PEM) instead of the system's
import { Broker, xml, xmpp } from "xmpp-broker";

const { XMPP_JID, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_CA } = process.env;

const broker = new Broker({
  dialect: xmpp({ jid: XMPP_JID, password: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { ca: XMPP_CA },
});

broker.on("tls:success", ({ protocol, cipher }) => console.log("secured with", protocol, cipher));
broker.on("auth:success", ({ mechanism }) => console.log("authenticated with", mechanism));

const messages = broker.stanzas("/message[@type='chat']/body");
const { jid } = await broker.connect();
console.log("ready as", jid);

broker.send(xml("presence"));
for (const number of [1, 2, 3]) {
  broker.send(xml("message", { to: jid, type: "chat" }, xml("body", {}, `Note ${number} to self`)));
}

let left = 3;
for await (const { stanza } of messages) {
  console.log("received", stanza.childText("body"));
  if (--left === 0) break;
}

await broker.shutdown();
console.log("closed");
