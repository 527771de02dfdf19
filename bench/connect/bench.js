import { Contender } from "../harness/contender.js";
import { withContenders } from "../harness/paired.js";
import { onServer, serverNames } from "../harness/servers.js";
import { COLUMNS, figures, OURS, PEER } from "./login.js";

const CLIENTS = [
  [OURS, "xmpp-broker"],
  [PEER, "xmpp-client"],
];

const file = (path) => new URL(path, import.meta.url);

/** @param {import("../run.js").Context} context */
export async function run({ output, quick, only }) {
  const goals = {};
  const { cpu, time, turns, bytes, noise } = COLUMNS;
  const table = output.table({
    id: "connect",
    title: "From connect to ready: STARTTLS, the strongest mechanism both know, bind",
    note: "a relay of the bench's own holds every chunk back in each direction, and counts round trips",
    columns: [
      { key: "name", label: "library" },
      { key: "server", label: "server", width: 14 },
      { key: "delay", label: "delay ms", digits: 0 },
      cpu,
      time,
      turns,
      bytes,
      noise,
    ],
  });
  for (const server of await serverNames({ quick, output })) {
    if (only !== undefined && !server.includes(only)) continue;
    await onServer(server, (place, env) =>
      compare(server, place, env, { output, quick, goals, table }),
    );
  }
  return goals;
}

async function compare(server, place, env, context) {
  const clients = CLIENTS.map(
    ([name, path]) => new Contender(name, file(`./contenders/${path}.js`), [], env),
  );
  await withContenders(clients, async () => {
    for (const delay of context.quick ? [0] : [0, 50])
      await rounds(server, place, delay, clients, context);
  });
}

async function rounds(server, place, delay, clients, { output, quick, goals, table }) {
  // The delay is that of a round trip: half of it in each direction.
  const relay = new Contender("relay", file("./relay.js"));
  await withContenders([relay], async () => {
    const port = await relay.call("start", { to: place.client.port, delay: delay / 2 });
    const passes = Object.fromEntries(clients.map(({ name }) => [name, []]));
    const total = quick ? 3 : delay === 0 ? 25 : 9;
    for (const each of clients) await each.call("prepare", { ...place.client, ca: place.ca, port });
    for (let round = quick ? 0 : -5; round < total; round++) {
      output.progress(`${server}, ${delay} ms: ${round + 1} of ${total}`);
      for (const each of clients) {
        if (passes[each.name] === undefined) continue;
        await relay.call("counted");
        const pass = await patiently(() => each.call("pass"));
        if (pass instanceof Error) {
          if (each.name === OURS) throw pass;
          table.row({ name: each.name, server, delay, time: "does not connect" });
          delete passes[each.name];
          continue;
        }
        const { turns, bytes } = await relay.call("counted");
        await each.call("leave");
        if (round >= 0) passes[each.name].push({ ...pass, turns, bytes });
      }
    }
    output.progress("");
    report(server, delay, passes, goals, table);
  });
}

/** A server under load refuses a login now and then (jabberd2 does): such a login is no measurement. */
async function patiently(act) {
  for (let attempt = 0; ; attempt++) {
    const result = await act().catch((error) => error);
    if (!(result instanceof Error) || attempt === 3) return result;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function report(server, delay, passes, goals, table) {
  const rows = Object.entries(passes).map(([name, of]) => ({
    name,
    server,
    delay,
    ...figures(of),
  }));
  for (const row of rows) table.row(row);
  const ours = rows.find(({ name }) => name === OURS);
  const peer = rows.find(({ name }) => name === PEER);
  if (peer === undefined) return;
  goals[`${server} ${delay} time of the peer's`] = ours.time / peer.time;
  goals[`${server} ${delay} CPU of the peer's`] = ours.cpu / peer.cpu;
}
