// A bot that survives `kill -9` in the midst of a thousand messages: start it again, and it goes on.
//
//   XMPP_JID=juliet@example.org XMPP_PASSWORD=… XMPP_TO=romeo@example.org node examples/durable-bot.js ./bot
//
//   The directory holds what is on its way, and the number of the last note that is stored.
//   XMPP_COUNT  how many notes it sends; 1000 if left out
//   XMPP_HOST, XMPP_PORT, XMPP_CA  where the server is, and certificates to trust, if not as usual
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Broker, xml, xmpp } from "xmpp-broker";
import { fileStore } from "xmpp-broker/store";

const { XMPP_JID, XMPP_PASSWORD, XMPP_TO, XMPP_COUNT, XMPP_HOST, XMPP_PORT, XMPP_CA } = process.env;
const directory = process.argv[2] ?? "bot";
const file = join(directory, "last-note");

const broker = new Broker({
  dialect: xmpp({ jid: XMPP_JID, password: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { ca: XMPP_CA },
  reconnect: true,
  queue: { store: fileStore(join(directory, "outbox")) },
});
await broker.connect();
console.log("ready");

// The notes of the last process are on their way by themselves. Their keys are known, so none is sent twice from here.
for (let note = lastNote() + 1; note <= Number(XMPP_COUNT ?? 1000); note += 20) {
  const deliveries = [];
  for (let each = note; each < note + 20; each++) deliveries.push(send(each));
  // They are on disk now: a new process would send them.
  await Promise.all(deliveries.map((delivery) => delivery.stored()));
  writeFileSync(file, String(note + 19));
}
// (The id is the same each time, so that a receiver can drop a repeat.)
function send(note) {
  const id = `note-${note}`;
  return broker.send(xml("message", { to: XMPP_TO, id }, xml("body", {}, `Note ${note}`)), {
    key: id,
  });
}

function lastNote() {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return 0;
  }
}

await broker.acked();
await broker.shutdown();
console.log("all sent");
