// A client that is deployed anew without going offline, and without leaving its room: the new process goes on with the
// session of the old one. The server needs XEP-0198. It sends each chat message back.
//
//   XMPP_JID=bot@example.org XMPP_PASSWORD=… XMPP_SESSION=./session.json node examples/redeployed-client.js
//   kill …         leaves the session to the next process, in the file
//   kill -INT …    ends the process and its session
//
//   XMPP_ROOM   the room to join, with the nickname: room@rooms.example.org/bot; none if left out
//   XMPP_HOST   the server's host; the domain if left out
//   XMPP_PORT   the server's port; 5222 if left out
//   XMPP_TLS    required, direct, opportunistic or plaintext; required if left out
//   XMPP_CA     certificates to trust (PEM) instead of the system's
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Broker, xml, xmpp } from "xmpp-broker";

const { XMPP_JID, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_TLS, XMPP_CA } = process.env;
const { XMPP_SESSION = "session.json", XMPP_ROOM } = process.env;

const saved = existsSync(XMPP_SESSION) ? JSON.parse(readFileSync(XMPP_SESSION, "utf8")) : undefined;
// A state can be used once.
rmSync(XMPP_SESSION, { force: true });

const broker = new Broker({
  dialect: xmpp({ jid: XMPP_JID, password: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { policy: XMPP_TLS, ca: XMPP_CA },
  reconnect: true,
  session: saved,
});

const say = (...words) => console.log(process.pid, ...words);

broker.on("ready", ({ jid, resumed }) => {
  say(resumed ? "went on as" : "came as", jid);
  // A session that goes on has its presence and its rooms.
  if (resumed) return;
  broker.send(xml("presence"));
  if (XMPP_ROOM) {
    const join = xml("x", { xmlns: "http://jabber.org/protocol/muc" });
    broker.send(xml("presence", { to: XMPP_ROOM }, join));
  }
});
broker.filter("/message[@type='chat']/body", ({ stanza, elements }) => {
  const { from, id } = stanza.attrs;
  broker.send(xml("message", { to: from, id, type: "chat" }, elements[0]));
});

process.once("SIGTERM", async () => {
  const state = await broker.detach();
  // The texts of stanzas are in it, so nobody else may read it.
  if (state) writeFileSync(XMPP_SESSION, JSON.stringify(state), { mode: 0o600 });
  say(state ? "left its session" : "ended", "with", broker.queue.size, "unsent");
});
process.once("SIGINT", () => void broker.shutdown());

void broker.connect();
const reason = await broker.closed;
say("closed", reason?.code ?? "as asked");
