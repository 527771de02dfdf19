import { Contender } from "../harness/contender.js";
import { paired, withContenders } from "../harness/paired.js";
import { onServer, serverNames } from "../harness/servers.js";
import { median } from "../harness/stats.js";

const OURS = "xmpp-broker";
const SOCKET = "raw socket (limit)";

const ROLES = {
  component: [
    [OURS, "xmpp-broker.js"],
    ["@xmpp/component", "xmpp-js.js"],
    [SOCKET, "socket.js"],
  ],
  client: [
    [OURS, "xmpp-broker.js?client"],
    ["@xmpp/client", "xmpp-js.js?client"],
    [SOCKET, "socket.js?client"],
  ],
};

const COLUMNS = [
  { key: "name", label: "library" },
  { key: "server", label: "server", width: 26 },
  { key: "window", label: "outstanding", digits: 0 },
  { key: "cpu", label: "CPU µs each", digits: 1 },
  { key: "rate", label: "requests/s", digits: 0 },
  { key: "ofLimit", label: "of the limit's rate" },
  { key: "p50", label: "p50 ms", digits: 2 },
  { key: "p99", label: "p99 ms", digits: 2 },
  { key: "noise", label: "noise" },
];

/** @param {import("../run.js").Context} context */
export async function run({ output, quick, only }) {
  const goals = {};
  const servers = await serverNames({ quick, output });
  for (const role of ["component", "client"]) {
    const table = output.table({
      id: role,
      title: `Pings to the server and back, as a ${role}${role === "client" ? " over STARTTLS" : ""}`,
      columns: COLUMNS,
    });
    for (const server of servers) {
      if (only !== undefined && !`${role} ${server}`.includes(only)) continue;
      await onServer(server, (place, env) =>
        askAll(role, place, env, { output, quick, goals, table }),
      );
    }
  }
  return goals;
}

/**
 * Connects all contenders at the same time, components each by a name of their own. They ask in turn, round after
 * round, so that a slow minute of the server is a slow minute of all.
 */
async function askAll(role, place, env, { output, quick, goals, table }) {
  const contenders = ROLES[role].map(
    ([name, file]) =>
      new Contender(name, new URL(`./contenders/${file}`, import.meta.url), [], env),
  );
  await withContenders(contenders, async () => {
    const connected = [];
    for (const [index, each] of contenders.entries()) {
      const component = { ...place.component, domain: place.serviceDomains[index] };
      const own = { ...place, component };
      const refused = await each.call("prepare", own).then(
        () => undefined,
        (error) => error.message.split("\n")[0],
      );
      if (refused === undefined) connected.push(each);
      else if (each.name === OURS || each.name === SOCKET) throw new Error(refused);
      else table.row({ name: each.name, server: place.name, rate: "does not connect" });
    }
    const limit = contenders.find(({ name }) => name === SOCKET);
    // A server is slow when it has just started, which must not count.
    await limit.call("pass", { requests: quick ? 100 : 30_000, window: 64 });
    // Many at once come first, so that all code is compiled when single requests are asked.
    for (const window of [64, 1]) {
      const requests = quick ? 50 * Math.min(window, 6) : window === 1 ? 500 : 4000;
      const rows = await paired(connected, {
        rounds: quick ? 2 : 11,
        warm: quick ? 1 : 4,
        reference: SOCKET,
        argument: { requests, window },
        progress: (text) => output.progress(`${place.name}, ${window} outstanding: ${text}`),
      });
      report(role, place.name, window, rows, goals, table);
    }
  });
}

function report(role, server, window, rows, goals, table) {
  const ours = rows[OURS];
  const peer = Object.entries(rows).find(([name]) => name.startsWith("@xmpp"))?.[1];
  goals[`${role} ${server} ${window} of the limit`] = ours.ratio;
  if (peer !== undefined) {
    goals[`${role} ${server} ${window} CPU of the peer's`] = peer.cpuRatio / ours.cpuRatio;
  }
  for (const [name, { passes, wall, cpu, ratio }] of Object.entries(rows)) {
    table.row({
      name,
      server,
      window,
      rate: 1000 / wall.median,
      p50: median(passes.map((pass) => pass.p50)),
      p99: median(passes.map((pass) => pass.p99)),
      cpu: cpu.median * 1000,
      ofLimit: `${(ratio * 100).toFixed(0)} %`,
      noise: `${(wall.noise * 100).toFixed(0)} %`,
    });
  }
}
