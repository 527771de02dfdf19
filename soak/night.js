/**
 * The night: a component and a client, on Prosody and on ejabberd, go through the faults that a program
 * meets in a night. For each fault it counts the messages that were sent and lost, and the reports of the losses.
 */
import { xml } from "xmpp-broker";
import { CuttingRelay } from "xmpp-broker/testing";
import { Flow } from "./harness/flow.js";
import {
  nameOf,
  PLACES,
  portOf,
  receiverAt,
  SERVERS,
  senderAt,
  startServer,
} from "./harness/places.js";
import { Program } from "./harness/program.js";
import { noneOf, total, verdictChecks } from "./harness/verdicts.js";
import { sleep, until } from "./harness/wait.js";

/** The programs of the night, with the name that refuses a second connection on Prosody. */
const NIGHT = PLACES.filter(
  ({ server, dialect, tls }) =>
    server !== "jabberd2" && (dialect === "component" || (dialect === "xmpp" && tls)),
).map((place) => ({ ...place, newest: false }));

/** Probes come early, so that a night takes a minute. */
const keepAlive = { interval: 1_000, timeout: 1_000 };

/** Each fault: its name, and what happens while both sides send. */
const FAULTS = [
  {
    name: "server killed",
    async strike({ server }) {
      await server.kill();
      await sleep(300);
      await server.restart();
    },
  },
  {
    name: "server restarted in order",
    async strike({ server }) {
      await server.stop();
      await server.restart();
    },
  },
  {
    name: "silent link",
    async strike({ relay, program }) {
      await relay.cut("black-hole");
      await until("the dead link to be noticed", () => !program.isReady);
      await sleep(1_500);
      // Where the server refuses a second connection, it must notice the end of the first one.
      if (!program.isReady) await relay.cut("fin");
    },
  },
  {
    name: "slow peer, then a reset",
    text: () => "x".repeat(20_000),
    async strike({ relay, program }) {
      for (let turn = 0; turn < 60; turn++) {
        await relay.cut("stall");
        await sleep(95);
        relay.release();
        await sleep(5);
      }
      if (program.isReady) await relay.cut("reset");
      await until("the reset to be noticed", () => !program.isReady);
    },
  },
  {
    name: "600 kB from a user",
    async strike({ out, back }) {
      out.send("x".repeat(600_000));
      back.send("x".repeat(600_000));
      await sleep(500);
    },
  },
  {
    name: "600 kB, no limit of ours",
    options: { limits: { sendBytes: 10_000_000 } },
    async strike({ out }) {
      out.send("x".repeat(600_000));
      await sleep(500);
    },
  },
  {
    name: "hostile addresses",
    async strike({ server, program, peer, out, back, notes }) {
      const nick = "\u2764\ufe0f \u2122";
      const guest = receiverAt(server, { resource: nick });
      await guest.connect();
      guest.filter("/message", ({ stanza }) => out.arrive(stanza.attrs.id));
      out.send("to such a resource", guest.jid);
      const own = program.broker.jid;
      const asked = own.includes("@")
        ? [own]
        : ["\u2603%irc", "#room%irc", "\u2665radio"].map((local) => `${local}@${own}`);
      for (const to of asked) {
        back.send("to such an address", to);
        back.send("to such an address", own.includes("@") ? own : `${to}/${nick}`);
        for (const asker of [peer.broker, guest]) {
          const query = xml("query", { xmlns: "urn:example:question" });
          const request = asker.request(xml("iq", { type: "get", to }, query), { timeout: 20_000 });
          const answer = await request.then(
            () => "a result",
            (error) => error.condition ?? error.code,
          );
          notes.push(`iq: ${answer}`);
        }
      }
      await until("the guest's message", () => out.arrived.size > 0);
      await guest.shutdown();
    },
  },
];

/** Plays one fault at one place; resolves with a row for each direction. */
async function play(place, fault, server) {
  const relay = await CuttingRelay.start({ to: { port: portOf(place, server) } });
  const options = { keepAlive };
  const program = new Program((more) =>
    senderAt(place, server, relay.port, { ...options, ...fault.options, ...more }),
  );
  const peer = new Program((more) => receiverAt(server, { ...options, ...more }));
  const notes = [];
  for (const { broker } of [program, peer]) {
    broker.on("ready", () => {
      if (broker.jid.includes("@")) broker.send(xml("presence"));
    });
  }
  for (const event of ["error", "dropped"]) {
    program.broker.on(event, ({ error }) => notes.push(`${event}: ${error.code}`));
  }
  await Promise.all([program.ready(), peer.ready()]);
  const [own, other] = [program.broker.jid, peer.broker.jid];
  const out = new Flow("out", program.broker, peer.broker, () => other);
  const back = new Flow("back", peer.broker, program.broker, () => own);
  out.start({ text: fault.text });
  back.start();
  await sleep(300);
  await fault.strike({ server, relay, program, peer, out, back, notes });
  await until("both to be back", () => program.isReady && peer.isReady);
  await sleep(300);
  await out.settle();
  await back.settle();
  await Promise.all([program.leave(), peer.leave()]);
  await relay.close();
  const row = (direction, flow, ends) => ({
    place: nameOf(place),
    fault: fault.name,
    direction,
    ...flow.ledger.verdict(),
    losses: flow.losses(),
    ends: [...ends.ends].map(([name, times]) => `${name}${times > 1 ? ` ×${times}` : ""}`),
    gaveUp: ends.gaveUp,
    notes: direction === "out" ? tally(notes) : [],
  });
  return [row("out", out, program), row("in", back, peer)];
}

function tally(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => `${word}${times > 1 ? ` ×${times}` : ""}`);
}

/** The rows of the night, kept for the page. */
export const rows = [];

export async function run({ size, say }) {
  const faults = FAULTS.filter(({ name }) => size.faults?.includes(name) ?? true);
  for (const name of size.servers.filter((one) => SERVERS.includes(one))) {
    const server = await startServer(name);
    try {
      for (const place of NIGHT.filter((one) => one.server === name)) {
        for (const fault of faults) {
          const pair = await play(place, fault, server);
          rows.push(...pair);
          for (const row of pair) say(lineOf(row));
        }
      }
    } finally {
      await server.close();
    }
  }
  const own = rows.filter(({ direction }) => direction === "out");
  const sum = (count) => own.reduce((sum, row) => sum + count(row), 0);
  const sent = sum((row) => row.sent);
  const written = sum(({ losses }) => losses.written);
  const acked = sum(({ fault, losses }) => (isServers(fault) ? 0 : losses.acked));
  const ends = own.flatMap(({ gaveUp }) => gaveUp);
  return [
    noneOf("lost, and called written to the end", written, sent),
    noneOf("called acked, lost by a server that lived", acked, sent),
    ...verdictChecks(total(own), ["falseFailed", "doubled", "foreign"]),
    {
      what: "ends that a program does not come back from",
      value: ends.join() || "0",
      target: "0",
      met: ends.length === 0,
    },
  ];
}

/** True if a fault ends the server: the server loses what it has only in memory. */
const isServers = (fault) => fault.startsWith("server ");

const lineOf = ({ place, fault, direction, sent, arrived, losses, ends, notes }) => {
  const lost = Object.entries(losses)
    .filter(([, count]) => count > 0)
    .map(([why, count]) => `${count} ${why}`);
  const words = [`${sent} sent, ${arrived} arrived`, ...lost, ...ends, ...notes];
  return `${place}, ${fault}, ${direction}: ${words.join(", ")}`;
};
