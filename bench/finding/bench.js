import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Contender } from "../harness/contender.js";
import { withContenders } from "../harness/paired.js";
import { median, summary } from "../harness/stats.js";

const OURS = "xmpp-broker";
const PEER = "@xmpp/client";

const CLIENTS = [
  [OURS, "xmpp-broker"],
  [PEER, "xmpp-client"],
];

/** The address of the relay, and one at which nobody answers. */
const ALIVE = "127.0.0.1";
const SILENT = "127.0.0.2";

/** How long a client may take, in milliseconds. */
const PATIENCE = 20_000;

const file = (path) => new URL(path, import.meta.url);

/** @param {import("../run.js").Context} context */
export async function run({ output, quick, only }) {
  const goals = {};
  const table = output.table({
    id: "finding",
    title: "From an address alone to ready: SRV records, addresses, STARTTLS, login, bind",
    note: `the server is LoopbackServer; a login that takes more than ${PATIENCE / 1000} s is given up`,
    columns: [
      { key: "name", label: "library" },
      { key: "addresses", label: "addresses", width: 14 },
      { key: "delay", label: "delay ms", digits: 0 },
      { key: "cpu", label: "CPU ms" },
      { key: "time", label: "ms" },
      { key: "questions", label: "questions to DNS", digits: 0 },
      { key: "turns", label: "round trips", digits: 0 },
      { key: "noise", label: "noise" },
    ],
  });
  const host = new Contender("server", file("../harness/real-server.js"));
  await withContenders([host], async () => {
    const place = await host.call("start", "loopback");
    for (const isSilent of [false, true]) {
      const addresses = isSilent ? "first silent" : "one";
      if (only !== undefined && !addresses.includes(only)) continue;
      for (const delay of quick ? [0] : [0, 50]) {
        await scene(place, { addresses, isSilent, delay, quick }, { output, goals, table });
      }
    }
    await host.call("stop");
  });
  return goals;
}

/** Measures both clients with one name server and one relay. */
async function scene(place, facts, context) {
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-bench-"));
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") };
  writeFileSync(env.NODE_EXTRA_CA_CERTS, place.ca);
  const relay = new Contender("relay", file("../connect/relay.js"));
  const names = new Contender("names", file("./names.js"));
  const silent = new Contender("silent", file("./silent.js"));
  try {
    await withContenders([relay, names], async () => {
      const { domain } = place.client;
      const { isSilent, delay } = facts;
      const port = await relay.call("start", { to: place.client.port, delay: delay / 2 });
      if (isSilent) await fill(await silent.call("start", { host: SILENT, port }), port);
      const addresses = isSilent ? [SILENT, ALIVE] : [ALIVE];
      const server = await names.call("start", { domain, port, addresses, delay });
      for (const [name, path] of CLIENTS) {
        const client = new Contender(name, file(`./contenders/${path}.js`), [], env);
        await client.call("prepare", { ...place.client, ca: place.ca, names: server });
        await measure(client, relay, names, facts, context);
      }
      await names.call("stop");
    });
  } finally {
    // It stands still, so it cannot be asked to stop.
    process.kill(silent.pid);
    rmSync(folder, { recursive: true });
  }
}

/** Fills the queue of the silent address, once its process stands still. */
async function fill(wait, port) {
  await new Promise((resolve) => setTimeout(resolve, wait));
  for (let n = 0; n < 4; n++) {
    const socket = connect({ host: SILENT, port }).on("error", () => {});
    socket.unref();
  }
  await new Promise((resolve) => setTimeout(resolve, wait));
}

async function measure(
  client,
  relay,
  names,
  { addresses, delay, quick },
  { output, goals, table },
) {
  const { name } = client;
  const passes = [];
  const total = quick ? 3 : 15;
  for (let round = quick ? 0 : -3; round < total; round++) {
    output.progress(`${name}, ${addresses}, ${delay} ms: ${round + 1} of ${total}`);
    await relay.call("counted");
    await names.call("counted");
    const pass = await patiently(client.call("pass"));
    if (pass === undefined) {
      output.progress("");
      table.row({ name, addresses, delay, time: `more than ${PATIENCE / 1000} s` });
      process.kill(client.pid);
      return;
    }
    const { turns } = await relay.call("counted");
    const questions = await names.call("counted");
    await client.call("leave");
    if (round >= 0) passes.push({ ...pass, turns, questions });
  }
  output.progress("");
  await client.stop();
  const of = (key) => median(passes.map((pass) => pass[key]));
  goals[`${name}, ${addresses}, ${delay} ms`] = of("wall");
  table.row({
    name,
    addresses,
    delay,
    time: of("wall"),
    cpu: of("cpu"),
    questions: of("questions"),
    turns: of("turns"),
    noise: `${(summary(passes.map(({ wall }) => wall)).noise * 100).toFixed(0)} %`,
  });
}

/** The result, or `undefined` where it takes too long. */
async function patiently(pass) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  try {
    return await Promise.race([pass, late]);
  } finally {
    clearTimeout(timer);
    pass.catch(() => {});
  }
}
