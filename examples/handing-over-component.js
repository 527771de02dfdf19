// A component that gives its place to a new process, such as one of a newer version, and loses no stanza. It sends
// each message back.
//
//   XMPP_DOMAIN=echo.example.org XMPP_PASSWORD=… XMPP_HOST=127.0.0.1 node examples/handing-over-component.js
//   kill -USR2 …   starts a new process and hands over to it
//   kill …         ends the process
//
// The server must give the name to the newest connection. On Prosody, set `component_conflict_resolve = "kick_old"`.
//
//   XMPP_PORT   the server's port for components; 5347 if left out
//   XMPP_TLS    required, direct, opportunistic or plaintext; needed unless the server is on this
//               machine
//   XMPP_CA     certificates to trust (PEM) instead of the system's
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Broker, component, xml } from "xmpp-broker";
import { parse, serialize } from "xmpp-broker/xml";

const { XMPP_DOMAIN, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_TLS, XMPP_CA } = process.env;

const broker = new Broker({
  dialect: component({ domain: XMPP_DOMAIN, secret: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { policy: XMPP_TLS, ca: XMPP_CA },
  reconnect: true,
});

const say = (...words) => console.log(process.pid, ...words);

broker.on("ready", ({ jid }) => say("ready as", jid));
broker.filter("/message[@type='chat']/body", ({ stanza, elements }) => {
  const { from, to, id } = stanza.attrs;
  broker.send(xml("message", { to: from, from: to, id, type: "chat" }, elements[0]));
});

// The old process passes on the stanzas that it could not send any more.
process.on("message", (text) => broker.send(parse(text)));

process.once("SIGTERM", () => void broker.shutdown());
process.once("SIGUSR2", async () => {
  // From here on, `send` only queues. Everything sent before is on the server.
  const { unknown } = await broker.handOver();
  say("handed over with", unknown.length, "unknown");
  const successor = fork(fileURLToPath(import.meta.url));
  // The new process logs in by the same name, and the server ends this connection.
  await broker.closed;
  for (const { stanza } of broker.queue) {
    // A channel that is closed too early loses what it has not written.
    await new Promise((resolve) =>
      successor.send(serialize(stanza, { ns: "jabber:client" }), resolve),
    );
  }
  successor.disconnect();
  successor.unref();
});

void broker.connect();
const reason = await broker.closed;
say("closed", reason?.code ?? "as asked");
