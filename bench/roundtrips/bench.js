import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Contender } from "../harness/contender.js";
import { paired, withContenders } from "../harness/paired.js";
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
  for (const role of ["component", "client"]) {
    const table = output.table({
      id: role,
      title: `Pings to the server and back, as a ${role}${role === "client" ? " over STARTTLS" : ""}`,
      columns: COLUMNS,
    });
    for (const server of await servers(quick, output)) {
      if (only !== undefined && !`${role} ${server}`.includes(only)) continue;
      await onServer(role, server, { output, quick, goals, table });
    }
  }
  return goals;
}

/** LoopbackServer always; the real ones where they are installed, and only in a full run. */
let known;
async function servers(quick, output) {
  if (quick) return ["loopback"];
  if (known !== undefined) return known;
  await withContenders([serverProcess()], async ([finder]) => {
    const found = await finder.call("find");
    for (const { name, found: there, why } of found) {
      if (!there) output.say(`(${name}: ${why}; left out)`);
    }
    known = ["loopback", ...found.filter((each) => each.found).map(({ name }) => name)];
  });
  return known;
}

const serverProcess = () =>
  new Contender("server", new URL("../harness/real-server.js", import.meta.url));

async function onServer(role, server, context) {
  await withContenders([serverProcess()], async ([host]) => {
    const place = await host.call("start", server);
    const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-bench-"));
    try {
      writeFileSync(join(folder, "ca.pem"), place.ca);
      await askAll(role, place, join(folder, "ca.pem"), context);
    } finally {
      rmSync(folder, { recursive: true });
      await host.call("stop");
    }
  });
}

/**
 * All are connected at the same time (a component each under a name of its own) and ask in turn, round after
 * round: what a server is slow at in one minute it is slow at for all.
 */
async function askAll(role, place, caFile, { output, quick, goals, table }) {
  // @xmpp/client trusts what Node trusts, and Node can be told only when it starts.
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: caFile };
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
    // A server that has just started is slow at first; none of the contenders is to pay for it.
    await limit.call("pass", { requests: quick ? 100 : 30_000, window: 64 });
    // The many first: by the time that single requests are asked, everybody's code is compiled.
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
