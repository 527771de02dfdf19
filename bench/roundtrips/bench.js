import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Contender } from "../harness/contender.js";
import { paired, withContenders } from "../harness/paired.js";
import { median, summary } from "../harness/stats.js";

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
  { key: "rate", label: "requests/s", digits: 0 },
  { key: "p50", label: "p50 ms", digits: 2 },
  { key: "p99", label: "p99 ms", digits: 2 },
  { key: "cpu", label: "CPU µs each", digits: 1 },
  { key: "ofLimit", label: "of the limit" },
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

async function askAll(role, place, caFile, { output, quick, goals, table }) {
  // @xmpp/client trusts what Node trusts, and Node can be told only when it starts.
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: caFile };
  const rows = {};
  await warmServer(role, place, env, quick);
  // A domain has one component at a time, so that the turns are of whole connections here.
  for (let block = quick ? 1 : 2; block > 0; block--) {
    for (const [name, file] of ROLES[role]) {
      const url = new URL(`./contenders/${file}`, import.meta.url);
      await pause();
      await withContenders([new Contender(name, url, [], env)], async ([each]) => {
        output.progress(`${place.name}: ${name}, ${block} to go`);
        const refused = await each.call("prepare", place).then(
          () => undefined,
          (error) => error.message.split("\n")[0],
        );
        if (refused !== undefined) {
          if (name === OURS || name === SOCKET) throw new Error(refused);
          if (block === 1) table.row({ name, server: place.name, rate: "does not connect" });
          return;
        }
        for (const window of [1, 64]) {
          const requests = quick ? 50 * Math.min(window, 6) : window === 1 ? 500 : 5000;
          const { [name]: row } = await paired([each], {
            rounds: quick ? 2 : 5,
            warm: quick ? 1 : 3,
            reference: name,
            argument: { requests, window },
          });
          rows[window] ??= {};
          rows[window][name] ??= [];
          rows[window][name].push(...row.passes);
        }
      });
    }
  }
  output.progress("");
  for (const window of [1, 64]) report(role, place.name, window, rows[window], goals, table);
}

/** Until the server has seen that the one before is gone: it would refuse the next. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 300));

/** A server that has just started is slow at first; none of the contenders is to pay for it. */
async function warmServer(role, place, env, quick) {
  const [, file] = ROLES[role].find(([name]) => name === SOCKET);
  const url = new URL(`./contenders/${file}`, import.meta.url);
  await withContenders([new Contender(SOCKET, url, [], env)], async ([each]) => {
    await each.call("prepare", place);
    await each.call("pass", { requests: quick ? 100 : 30_000, window: 64 });
  });
}

function report(role, server, window, rows, goals, table) {
  const wall = (name) => median(rows[name].map((pass) => pass.wall));
  const cpu = (name) => median(rows[name].map((pass) => pass.cpu));
  const peer = Object.keys(rows).find((name) => name.startsWith("@xmpp"));
  goals[`${role} ${server} ${window} of the limit`] = wall(SOCKET) / wall(OURS);
  if (peer !== undefined) {
    goals[`${role} ${server} ${window} CPU of the peer's`] = cpu(OURS) / cpu(peer);
  }
  for (const [name, passes] of Object.entries(rows)) {
    table.row({
      name,
      server,
      window,
      rate: 1000 / wall(name),
      p50: median(passes.map((pass) => pass.p50)),
      p99: median(passes.map((pass) => pass.p99)),
      cpu: cpu(name) * 1000,
      ofLimit: `${((wall(SOCKET) / wall(name)) * 100).toFixed(0)} %`,
      noise: `${(summary(passes.map((pass) => pass.wall)).noise * 100).toFixed(0)} %`,
    });
  }
}
