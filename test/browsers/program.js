// A program as an application has it: it names an account and nothing else. It runs in a page and in workers.
import { Broker, xml, xmpp } from "xmpp-broker";

globalThis.log = [];

const JULIET = { jid: "juliet@capulet.example/balcony", password: "wherefore" };

/** Logs in, writes to itself and tells what came of it. */
export async function run(options = {}, account = JULIET) {
  const dialect = xmpp(account);
  const broker = new Broker({ dialect, ...options });
  globalThis.broker = broker;
  broker.on("phase", ({ to: { name, error } }) => {
    globalThis.log.push(error === undefined ? name : `${name} ${error.code}`);
  });
  broker.on("ready", ({ resumed }) => globalThis.log.push(resumed ? "resumed" : "fresh"));
  const { jid } = await broker.connect();
  const arrived = broker.waitFor("/message/body", { timeout: 10_000 });
  const delivery = broker.send(xml("message", { to: jid }, xml("body", {}, "grüße ❤")));
  const { stanza } = await arrived;
  await delivery.acked();
  const tls = broker.transport?.tls;
  return { jid, body: stanza.childText("body"), state: delivery.state, tls };
}

globalThis.run = run;

globalThis.notes = [];

/** Notes the messages that come, and events of the page. At each of these events it writes a text to itself. */
globalThis.note = (texts) => {
  const { broker, notes } = globalThis;
  broker.filter("/message/body", ({ stanza }) => notes.push(stanza.childText("body")));
  for (const [event, text] of Object.entries(texts)) {
    addEventListener(event, ({ persisted }) => {
      notes.push(`${event}, ${persisted ? "persisted" : "gone"}`);
      broker.send(xml("message", { to: broker.jid }, xml("body", {}, text)));
    });
  }
};

const answer = async (port) => port.postMessage(await run().catch((error) => String(error)));

// In a worker a message starts it.
if (globalThis.WorkerGlobalScope !== undefined) {
  globalThis.onmessage = () => answer(globalThis);
  globalThis.onconnect = ({ ports: [port] }) => answer(port);
}
