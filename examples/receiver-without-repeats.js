// A receiver that drops what it has seen: a sender with a store sends again what it cannot prove, with the same id.
//
//   XMPP_JID=romeo@example.org XMPP_PASSWORD=… node examples/receiver-without-repeats.js
//
//   XMPP_HOST, XMPP_PORT, XMPP_CA  where the server is, and certificates to trust, if not as usual
import { Broker, xml, xmpp } from "xmpp-broker";

const { XMPP_JID, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_CA } = process.env;

const broker = new Broker({
  dialect: xmpp({ jid: XMPP_JID, password: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { ca: XMPP_CA },
  reconnect: true,
});

/** The last ids of each sender. A program that is started anew would keep them in its database. */
const seen = new Map();
const MOST = 10_000;

/** True for a message that has been here before. */
function isRepeat({ from, id }) {
  const account = from?.split("/")[0];
  const ids = seen.get(account) ?? new Set();
  seen.set(account, ids);
  if (ids.has(id)) return true;
  ids.add(id);
  if (ids.size > MOST) ids.delete(ids.values().next().value);
  return false;
}

broker.filter("/message[@id]/body", ({ stanza, elements }) => {
  console.log(isRepeat(stanza.attrs) ? "a repeat of" : "received", elements[0]?.text());
});
broker.on("ready", () => {
  broker.send(xml("presence"));
  console.log("ready");
});
process.once("SIGTERM", () => void broker.shutdown());
void broker.connect();
await broker.closed;
