/**
 * Reads a store to its end, and tells how long that took and what it needed. With `remove` it removes what it has read,
 * as a broker does: then the store needs no memory for it any more.
 */
import { fileStore } from "xmpp-broker/store";

const started = performance.now();
const store = fileStore(process.argv[2]);
const { entries } = await store.open("xmpp soak@localhost");
let count = 0;
let most = 0;
const read = [];
for await (const { key } of entries) {
  if (key !== `key ${count++}`) throw new Error(`${key} at ${count}`);
  if (process.argv[3] === "remove" && read.push(key) === 1000) await store.remove(read.splice(0));
  if (count % 10_000 === 0) most = Math.max(most, process.memoryUsage().rss);
}
const seconds = (performance.now() - started) / 1000;
await store.close();
process.stdout.write(JSON.stringify({ count, seconds, most }));
