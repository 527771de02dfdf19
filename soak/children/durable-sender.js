/**
 * The sender of the part "durable", which is killed: it sends numbered messages, and tells of each that is stored
 * and of each that is acked. It writes at once, so that no word is lost with it. With `last` it sends nothing new,
 * and ends when all is proven.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Broker, component, legacy, xml, xmpp } from "xmpp-broker";
import { fileStore } from "xmpp-broker/store";

const { dialect, login, port, directory, to, from, last } = JSON.parse(process.argv[2]);
const tell = (what, id) => writeSync(1, `${what} ${id}\n`);

const broker = new Broker({
  dialect: { component, legacy, xmpp }[dialect](login),
  host: "127.0.0.1",
  port,
  tls: "plaintext",
  reconnect: { base: 50, cap: 500, stable: 1 },
  queue: { store: fileStore(directory, { segmentBytes: 256 * 1024 }) },
});
broker.on("delivery", ({ delivery, stanza }) => {
  if (delivery.state === "acked") tell("acked", stanza.attrs.id);
  else if (delivery.error !== undefined) tell(delivery.state, stanza.attrs.id);
});
await broker.connect();
tell("ready", from);

for (let number = from; !last; ) {
  for (let count = 0; count < 5; count++, number++) {
    const id = `n${number}`;
    const delivery = broker.send(
      xml("message", { to, id, type: "chat" }, xml("body", {}, `${id} ${"x".repeat(200)}`)),
      { key: id },
    );
    delivery.stored().then(
      () => tell("stored", id),
      () => tell("failed", id),
    );
  }
  await sleep(1);
}
while (broker.queue.size > 0) await sleep(20);
await broker.acked();
await broker.shutdown();
