/** Measures the durable outbox: many stanzas in one turn, one at a time, and a large backlog. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Broker, xml, xmpp } from "xmpp-broker";
import { fileStore } from "xmpp-broker/store";

const BACKLOG = fileURLToPath(new URL("../children/backlog.js", import.meta.url));

/** Makes a directory on a disk: in memory, fdatasync costs nothing. */
const newDirectory = () => mkdtempSync("/var/tmp/soak-store-");

const message = (number) =>
  xml("message", { to: "juliet@localhost", id: `n${number}` }, xml("body", {}, "x".repeat(150)));

const dialect = xmpp({ jid: "soak@localhost", password: "unused" });

/** Sends to a store without a connection, so that only the way to the disk is measured. */
async function manyInOneTurn(stanzas) {
  const directory = newDirectory();
  const broker = new Broker({ dialect, queue: { store: fileStore(directory) } });
  await broker.send(message(0)).stored();
  let best = 0;
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    const deliveries = [];
    for (let number = 0; number < stanzas; number++) deliveries.push(broker.send(message(number)));
    await Promise.all(deliveries.map((delivery) => delivery.stored()));
    best = Math.max(best, stanzas / ((performance.now() - started) / 1000));
    broker.queue.clear();
  }
  await broker.shutdown();
  rmSync(directory, { recursive: true });
  return best;
}

/** One at a time, in turns with a bare loop of write and fdatasync: the median of the ratios. */
async function oneAtATime(milliseconds) {
  const directory = newDirectory();
  const broker = new Broker({ dialect, queue: { store: fileStore(directory) } });
  await broker.send(message(0)).stored();
  const file = await open(join(directory, "bare"), "w");
  const bytes = Buffer.alloc(320, "x");
  let at = 0;
  const bare = async () => {
    await file.write(bytes, 0, bytes.length, at);
    await file.datasync();
    at += bytes.length;
  };
  const stored = () => broker.send(message(at)).stored();
  const rate = async (action) => {
    const started = performance.now();
    let count = 0;
    while (performance.now() - started < milliseconds) {
      await action();
      count++;
    }
    return count / ((performance.now() - started) / 1000);
  };
  const pairs = [];
  for (let round = 0; round < 15; round++) {
    pairs.push([await rate(bare), await rate(stored)]);
    broker.queue.clear();
  }
  await file.close();
  await broker.shutdown();
  rmSync(directory, { recursive: true });
  const byRatio = pairs.sort((one, other) => one[1] / one[0] - other[1] / other[0]);
  return byRatio[Math.floor(byRatio.length / 2)];
}

async function backlog(entries) {
  const directory = newDirectory();
  const store = fileStore(directory);
  await store.open("xmpp soak@localhost");
  const text = `<message to='juliet@localhost'><body>${"x".repeat(150)}</body></message>`;
  for (let from = 0; from < entries; from += 1000) {
    const keys = Array.from({ length: 1000 }, (_, each) => `key ${from + each}`);
    await store.append(keys.map((key) => ({ key, kind: "message", text, sent: 1, tries: 0 })));
  }
  await store.close();
  const read = (...words) =>
    JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
  const { seconds, count } = read(BACKLOG, directory);
  const { most } = read("--max-old-space-size=64", BACKLOG, directory, "remove");
  rmSync(directory, { recursive: true });
  if (count !== entries) throw new Error(`${count} of ${entries} were read`);
  return { seconds, most };
}

const rounded = (number) => Math.round(number).toLocaleString("en");

export async function speedChecks({ stanzas, milliseconds, entries }) {
  const many = await manyInOneTurn(stanzas);
  const [bare, stored] = await oneAtATime(milliseconds);
  const { seconds, most } = await backlog(entries);
  const perMillion = (seconds * 1e6) / entries;
  return [
    {
      what: "stored a second, many in one turn",
      value: rounded(many),
      target: "30,000 or more",
      met: many >= 30_000,
    },
    {
      what: "one at a time, and a bare loop",
      value: `${rounded(stored)}, ${rounded(bare)}`,
      target: "within 20 %",
      met: stored >= 0.8 * bare,
    },
    {
      what: `a backlog of ${rounded(entries)}, s a million`,
      value: perMillion.toFixed(1),
      target: "below 10",
      met: perMillion < 10,
    },
    { what: "its memory, heap bound by 64 MB", value: `${rounded(most / 1e6)} MB` },
  ];
}
