import { Contender } from "../harness/contender.js";
import { withContenders } from "../harness/paired.js";
import { summary } from "../harness/stats.js";

const OURS = "xmpp-broker";

const LIBRARIES = [
  [OURS, "xmpp-broker"],
  ["@xmpp/component", "xmpp-component"],
  ["bare socket", "socket"],
];

/** The young generation is small, so that garbage does not count. */
const SMALL = ["--max-semi-space-size=1"];

/** Bytes a connection, in a fresh process. */
function weigh(name, file, flags, task) {
  const url = new URL(`./contenders/${file}.js`, import.meta.url);
  return withContenders([new Contender(name, url, ["--expose-gc", ...flags])], ([each]) =>
    each.call("pass", task),
  );
}

/** @param {import("../run.js").Context} context */
export async function run({ output, quick }) {
  const connections = quick ? 100 : 1000;
  const values = Object.fromEntries(
    LIBRARIES.map(([name]) => [name, { rss: [], small: [], rested: [], heap: [] }]),
  );
  const sender = new Contender("sender", new URL("../pump/sender.js", import.meta.url));
  await withContenders([sender], async () => {
    const port = await sender.call("listen", {});
    for (let round = quick ? 1 : 3; round > 0; round--) {
      for (const [name, file] of LIBRARIES) {
        output.progress(`idle: ${name}, ${round} to go`);
        const usual = await weigh(name, file, [], { port, connections });
        const small = await weigh(name, file, SMALL, { port, connections });
        values[name].rss.push(usual.rss);
        values[name].heap.push(usual.heap);
        values[name].small.push(small.rss);
        if (quick) continue;
        const rested = await weigh(name, file, [], { port, connections, rest: true });
        values[name].rested.push(rested.rss);
      }
    }
  });
  const table = output.table({
    id: "idle",
    title: `Memory of an idle component connection, ${connections.toLocaleString("en")} in one process`,
    note:
      "after a collection; the young generation grows while they connect and counts as resident, " +
      "so a second time with one of 1 MB at most, and a third time after eight idle seconds, in which V8 gives it back",
    columns: [
      { key: "name", label: "library" },
      { key: "rss", label: "KB resident, just connected", digits: 1 },
      { key: "small", label: "the same, small young generation", digits: 1 },
      { key: "rested", label: "idle for 8 s", digits: 1 },
      { key: "heap", label: "KB of heap", digits: 1 },
      { key: "noise", label: "noise" },
    ],
  });
  for (const [name, { rss, small, rested, heap }] of Object.entries(values)) {
    const resident = summary(rss);
    table.row({
      name,
      rss: resident.median / 1024,
      small: summary(small).median / 1024,
      rested: rested.length === 0 ? "–" : summary(rested).median / 1024,
      heap: summary(heap).median / 1024,
      noise: `${(resident.noise * 100).toFixed(0)} %`,
    });
  }
  return {
    "KB a connection": summary(values[OURS].rss).median / 1024,
    ...(!quick && { "KB a connection, rested": summary(values[OURS].rested).median / 1024 }),
    "KB over the socket":
      (summary(values[OURS].rss).median - summary(values["bare socket"].rss).median) / 1024,
  };
}
