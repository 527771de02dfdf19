/**
 * The durable outbox: its sender is killed, then its server as well; its files are damaged; its disk is full; and
 * it is measured. Each message that was called stored must arrive, and a repeat has the same id and the same text.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { faultChecks } from "./harness/durable-faults.js";
import { speedChecks } from "./harness/durable-speed.js";
import { loginAt, PLACES, portOf, receiverAt, SERVERS, startServer } from "./harness/places.js";
import { Program } from "./harness/program.js";
import { Random } from "./harness/random.js";
import { noneOf } from "./harness/verdicts.js";
import { sleep, until, untilQuiet } from "./harness/wait.js";

const SENDER = fileURLToPath(new URL("children/durable-sender.js", import.meta.url));

/** A place whose sender is killed again and again. Its receiver is never killed. */
class Killed {
  stored = new Set();
  acked = new Set();
  failed = new Set();
  /** The texts that arrived, by id. */
  arrived = new Map();
  repeats = 0;
  changed = 0;
  #next = 0;

  constructor(place, server) {
    this.place = place;
    this.server = server;
    this.directory = mkdtempSync(join(tmpdir(), "soak-durable-"));
    const resource = `${place.server}-${place.dialect}`;
    this.receiver = new Program((more) => receiverAt(server, { resource, ...more }));
    const { broker } = this.receiver;
    broker.on("ready", ({ jid }) => {
      this.address = jid;
    });
    broker.filter("/message[@id]/body", ({ stanza, elements }) => {
      const { id } = stanza.attrs;
      const text = elements[0].text();
      if (this.arrived.has(id)) {
        this.repeats++;
        if (this.arrived.get(id) !== text) this.changed++;
      } else this.arrived.set(id, text);
    });
  }

  /** Starts a sender. It is told where to go on. */
  start(last = false) {
    const { place, server, directory } = this;
    const login = loginAt(place);
    const port = portOf(place, server);
    const given = { dialect: place.dialect, login, port, directory, to: this.address, last };
    const words = [SENDER, JSON.stringify({ ...given, from: this.#next })];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    let rest = "";
    let isReady = false;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const [what, id] = line.split(" ");
        if (what === "ready") isReady = true;
        else (this[what === "stored" || what === "acked" ? what : "failed"] ?? this.failed).add(id);
        if (what === "stored") this.#next = Math.max(this.#next, Number(id.slice(1)) + 1000);
      }
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    return { child, ended, ready: () => until("the sender", () => isReady) };
  }

  async play({ kills, random, withServer }) {
    await this.receiver.ready();
    await until("an address", () => this.address !== undefined);
    for (let kill = 0; kill < kills; kill++) {
      const sender = this.start();
      // Some are killed before they are ready.
      if (random.below(5) > 0) await sender.ready();
      await sleep(20 + random.below(250));
      if (withServer && kill % 3 === 1) {
        await this.server.kill();
        await sleep(random.below(100));
      }
      sender.child.kill("SIGKILL");
      await sender.ended;
      if (withServer && kill % 3 === 1) {
        await this.server.restart();
        // A server takes messages for a client that is not there, and they are lost.
        await this.receiver.ready();
      }
    }
    await this.receiver.ready();
    await this.start(true).ended;
    await untilQuiet(() => this.arrived.size);
    // On a busy machine the last ones come late.
    if (this.missing().length > 0) await untilQuiet(() => this.arrived.size, 3_000);
    await this.receiver.leave();
    rmSync(this.directory, { recursive: true });
  }

  missing() {
    return [...this.stored].filter((id) => !this.arrived.has(id));
  }
}

/** Kills senders at each place, side by side; with the server, one after another, since they share it. */
async function killSenders({ kills, random, withServer, say }) {
  const all = [];
  for (const name of SERVERS.filter((each) => each !== "jabberd2")) {
    const server = await startServer(name);
    try {
      const places = PLACES.filter(
        ({ server: own, dialect, tls }) =>
          own === name && !tls && (dialect === "xmpp" || dialect === "component"),
      );
      for (const place of places) {
        const killed = new Killed(place, server);
        await killed.play({ kills, random, withServer });
        const { stored, arrived, repeats } = killed;
        say(
          `${name} ${place.dialect}: ${stored.size} stored, ${arrived.size} arrived, ${repeats} repeats`,
        );
        all.push(killed);
      }
    } finally {
      await server.close();
    }
  }
  return all;
}

function killChecks(what, all, allowsAcked) {
  const stored = all.reduce((sum, each) => sum + each.stored.size, 0);
  const missing = all.flatMap((each) =>
    each.missing().filter((id) => !allowsAcked || !each.acked.has(id)),
  );
  const lost = all.reduce((sum, each) => sum + each.missing().length, 0) - missing.length;
  const changed = all.reduce((sum, each) => sum + each.changed, 0);
  const repeats = all.reduce((sum, each) => sum + each.repeats, 0);
  return [
    noneOf(`${what}: stored, missing`, missing.length, stored),
    {
      what: `${what}: repeats with another text`,
      value: `${changed} of ${repeats}`,
      target: "0",
      met: changed === 0,
    },
    ...(allowsAcked ? [{ what: `${what}: acked, lost with it`, value: `${lost}` }] : []),
  ];
}

export async function run({ size, seed, say }) {
  const random = new Random(seed);
  const killed = await killSenders({ kills: size.kills, random, withServer: false, say });
  const both = await killSenders({ kills: size.serverKills, random, withServer: true, say });
  return [
    ...killChecks("sender killed", killed, false),
    ...killChecks("server killed too", both, true),
    ...(await faultChecks(size, random)),
    ...(await speedChecks(size)),
  ];
}
