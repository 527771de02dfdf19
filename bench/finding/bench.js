import { connect } from "node:net";
import { COLUMNS, figures, OURS, PEER } from "../connect/login.js";
import { Contender } from "../harness/contender.js";
import { withContenders } from "../harness/paired.js";
import { onServer } from "../harness/servers.js";

/** Node 20 has the platform's WebSocket behind a switch. */
const PLATFORM = typeof WebSocket === "undefined" ? ["--experimental-websocket"] : [];

/** The ways to find a server. `port`: the port of the server that the relay leads to. */
const WAYS = [
  {
    id: "finding",
    title: "From an address alone to ready: SRV records, addresses, STARTTLS, login, bind",
    clients: [
      [OURS, "xmpp-broker", []],
      [PEER, "xmpp-client", []],
    ],
    port: ({ client }) => client.port,
  },
  {
    id: "finding-web",
    title: "From an address alone to ready: host-meta, addresses, WebSocket over TLS, login, bind",
    clients: [
      [`${OURS} by ws`, "xmpp-broker", []],
      [`${OURS}, neutral entry`, "xmpp-broker-neutral", PLATFORM],
      [PEER, "xmpp-client", PLATFORM],
      ["stanza", "stanza", []],
    ],
    port: ({ web }) => web,
    isWeb: true,
  },
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
  await onServer("loopback", async (place, env) => {
    for (const way of WAYS) {
      if (only !== undefined && !way.id.includes(only)) continue;
      const table = open(output, way);
      for (const isSilent of [false, true]) {
        for (const delay of quick ? [0] : [0, 50]) {
          await scene(place, env, { way, isSilent, delay, quick }, { output, goals, table });
        }
      }
    }
  });
  return goals;
}

function open(output, { id, title }) {
  const { cpu, time, turns, questions, noise } = COLUMNS;
  return output.table({
    id,
    title,
    note: `the server is LoopbackServer; a login that takes more than ${PATIENCE / 1000} s is given up`,
    columns: [
      { key: "name", label: "library" },
      { key: "addresses", label: "addresses", width: 14 },
      { key: "delay", label: "delay ms", digits: 0 },
      cpu,
      time,
      questions,
      turns,
      noise,
    ],
  });
}

/** Measures the clients of a way with one name server and one relay. */
async function scene(place, env, facts, context) {
  const relay = new Contender("relay", file("../connect/relay.js"));
  const names = new Contender("names", file("./names.js"));
  const silent = facts.isSilent ? new Contender("silent", file("./silent.js")) : undefined;
  try {
    await withContenders([relay, names], async () => {
      const { way, delay } = facts;
      const { domain } = place.client;
      const port = await relay.call("start", { to: way.port(place), delay: delay / 2 });
      if (silent !== undefined)
        await fill(await silent.call("start", { host: SILENT, port }), port);
      const addresses = silent === undefined ? [ALIVE] : [SILENT, ALIVE];
      const server = await names.call("start", {
        domain,
        port,
        addresses,
        delay,
        isWeb: way.isWeb,
      });
      for (const [name, path, execArgv] of way.clients) {
        const client = new Contender(name, file(`./contenders/${path}.js`), execArgv, env);
        const web = way.isWeb ? port : undefined;
        await client.call("prepare", { ...place.client, ca: place.ca, names: server, web });
        await measure(client, relay, names, facts, context);
      }
      await names.call("stop");
    });
  } finally {
    // It stands still, so it cannot be asked to stop.
    if (silent !== undefined) process.kill(silent.pid);
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

async function measure(client, relay, names, { way, isSilent, delay, quick }, context) {
  const { output, goals, table } = context;
  const { name } = client;
  const addresses = isSilent ? "first silent" : "one";
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
    await relay.call("drop");
    if (round >= 0) passes.push({ ...pass, turns, questions });
  }
  output.progress("");
  await client.stop();
  const row = { name, addresses, delay, ...figures(passes) };
  goals[`${way.id}: ${name}, ${addresses}, ${delay} ms`] = row.time;
  table.row(row);
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
