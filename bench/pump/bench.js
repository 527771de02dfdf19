import { expressions } from "../filters/sets.js";
import { Contender } from "../harness/contender.js";
import { ours } from "../harness/ours.js";
import { mustAgree, paired, withContenders } from "../harness/paired.js";
import { available as slixmppAvailable } from "./contenders/slixmpp-available.js";

const OURS = "xmpp-broker";
const TEN = "xmpp-broker, 10 filters";
const MANY = "xmpp-broker, 10,000 filters";
const REFERENCE = "@xmpp/component";
const AWAITING = "@xmpp/component, awaiting each";
const SOCKET = "bare socket (limit)";

/** Name, file, the filters it gets, and in which directions it takes part. */
const COMPONENTS = [
  [OURS, "xmpp-broker.js", 0, "in out tls"],
  [TEN, "xmpp-broker.js", 10, "in tls"],
  [MANY, "xmpp-broker.js", 10_000, "in tls"],
  [REFERENCE, "xmpp-component.js", 0, "in out"],
  [AWAITING, "xmpp-component.js?await", 0, "out"],
  ["strophe.js", "strophe.js", 0, "in out"],
  ["slixmpp (Python)", "slixmpp.js", 0, "in out"],
  [SOCKET, "socket.js", 0, "in out tls"],
];

/** A client of a server with XEP-0198, and the same without. */
const WITHOUT = "without XEP-0198 (acks: false)";
const CLIENTS = [
  [WITHOUT, "managed.js?none", 0, "managed"],
  ["with XEP-0198", "managed.js", 0, "managed"],
];

/** The rates of the ancestor, on another day and another machine of this kind. It cannot run as packaged. */
const PCJ = { name: "PCJ 3.00, mended (2026-11-22, dated)", mixed: 1.95, out: 4.1 };

/** @param {import("../run.js").Context} context */
export async function run({ output, quick, only }) {
  const goals = {};
  const taking = COMPONENTS.filter(([name]) => !name.startsWith("slixmpp") || slixmppAvailable());
  if (taking.length < COMPONENTS.length) output.say("(no slixmpp here: left out)");
  const sender = new Contender("sender", new URL("./sender.js", import.meta.url));
  await withContenders([sender], async () => {
    for (const profile of ["mixed", "small"]) {
      if (only === undefined || `in ${profile}`.includes(only)) {
        await pumpIn(profile, "in", { output, quick, goals, sender, taking });
      }
    }
    if (only === undefined || "in tls".includes(only)) {
      await pumpIn("mixed", "tls", { output, quick, goals, sender, taking });
    }
    if (only === undefined || "out".includes(only)) {
      await pumpOut({ output, quick, goals, sender, taking });
    }
    if (only === undefined || "managed".includes(only)) {
      await pumpManaged({ output, quick, goals, sender, taking: CLIENTS });
    }
  });
  return goals;
}

const COLUMNS = [
  { key: "name", label: "library" },
  { key: "cpuRatio", label: "× @xmpp/component in CPU", digits: 2 },
  { key: "cpu", label: "CPU µs a stanza" },
  { key: "ratio", label: "× in wall time", digits: 2 },
  { key: "rate", label: "k stanzas/s" },
  { key: "quiet", label: "quiet k/s" },
  { key: "noise", label: "noise" },
];

/** Connects the contenders of a direction, each in its own process, and hands them to `use`. */
async function connected(direction, { sender, taking }, size, use) {
  const tls = direction === "tls" ? await certificate() : {};
  const port = await sender.call("listen", { ...tls, managed: direction === "managed" });
  const some = taking.filter(([, , , directions]) => directions.split(" ").includes(direction));
  const contenders = some.map(
    ([name, file]) => new Contender(name, new URL(`./contenders/${file}`, import.meta.url)),
  );
  await withContenders(contenders, async () => {
    for (const [i, each] of contenders.entries()) {
      const wanted = some[i][2];
      const filters = wanted === 0 ? [] : expressions("mixed", wanted);
      await each.call("prepare", { port, ca: tls.ca, filters, ...size });
    }
    await use(contenders);
  });
}

async function pumpIn(profile, direction, context) {
  const { output, quick, goals, sender } = context;
  const size = await sender.call("load", { profile, bytes: quick ? 3e5 : 1e7 });
  await connected(direction, context, size, async (contenders) => {
    const results = {};
    for (const each of contenders) {
      if (each.name !== SOCKET) results[each.name] = await each.call("check", size);
    }
    mustAgree(`pump in, ${profile}`, results);
    // A slow contender gets the corpus less often, so that all passes take about as long.
    const often = (name) => (name.startsWith("slixmpp") || quick ? 1 : name === SOCKET ? 8 : 4);
    const reference = direction === "tls" ? OURS : REFERENCE;
    const rows = await paired(contenders, {
      rounds: quick ? 3 : 11,
      warm: quick ? 1 : 3,
      reference,
      progress: (text) => output.progress(text && `in, ${profile}: ${text}`),
      argument: (name) => ({ times: often(name), ...size }),
    });
    const bytes = (size.bytes / size.stanzas).toFixed(0);
    const over = direction === "tls" ? "TLS" : "TCP";
    const table = output.table({
      id: `in-${profile}-${over.toLowerCase()}`,
      title: `Pump in over ${over}: ${profile} stanzas of ${bytes} bytes, socket to handler`,
      ...(direction === "tls" && {
        note: "@xmpp/component, strophe.js and slixmpp were not asked: the first two have no component over TLS",
      }),
      columns: COLUMNS.map((column) =>
        column.key === "cpuRatio" && direction === "tls"
          ? { ...column, label: "× without filters, in CPU" }
          : column,
      ),
    });
    fill(table, rows);
    for (const [name, { cpuRatio }] of Object.entries(rows)) {
      goals[`${direction} ${profile} ${name}`] = cpuRatio;
    }
    if (direction === "in" && profile === "mixed") ancestor(table, rows, PCJ.mixed, goals, "in");
  });
}

async function pumpOut(context) {
  const { output, quick, goals } = context;
  await connected("out", context, {}, async (contenders) => {
    const rows = await paired(contenders, {
      rounds: quick ? 3 : 11,
      warm: quick ? 1 : 3,
      reference: REFERENCE,
      progress: (text) => output.progress(text && `out: ${text}`),
      argument: (name) => ({
        out: true,
        messages: quick
          ? 500
          : name.startsWith("slixmpp")
            ? 2000
            : name === SOCKET
              ? 200_000
              : 20_000,
      }),
    });
    const table = output.table({
      id: "out",
      title: "Pump out: chat messages built and sent, until the other end has read the last",
      columns: COLUMNS,
    });
    fill(table, rows);
    for (const [name, { cpuRatio }] of Object.entries(rows)) goals[`out ${name}`] = cpuRatio;
    goals["out × the better of @xmpp/component"] =
      rows[OURS].cpuRatio / Math.max(1, rows[AWAITING].cpuRatio);
    ancestor(table, rows, PCJ.out, goals, "out");
  });
}

/** Our client with XEP-0198 and without it, in both directions: the cost of counting. */
async function pumpManaged(context) {
  const { output, quick, goals, sender } = context;
  const size = await sender.call("load", { profile: "mixed", bytes: quick ? 3e5 : 3e6 });
  await connected("managed", context, size, async (contenders) => {
    const results = {};
    for (const each of contenders) results[each.name] = await each.call("check", size);
    mustAgree("pump in, managed", results);
    for (const [direction, task] of [
      ["out", { out: true, messages: quick ? 500 : 10_000 }],
      ["in", { times: quick ? 1 : 4, ...size }],
    ]) {
      const rows = await paired(contenders, {
        rounds: quick ? 3 : 41,
        warm: quick ? 1 : 5,
        reference: WITHOUT,
        progress: (text) => output.progress(text && `managed, ${direction}: ${text}`),
        argument: () => task,
      });
      const table = output.table({
        id: `managed-${direction}`,
        title: `Pump ${direction} as a client, with XEP-0198 and without`,
        columns: COLUMNS.map((column) =>
          column.key === "cpuRatio" ? { ...column, label: "× without, in CPU" } : column,
        ),
      });
      fill(table, rows);
      goals[`managed ${direction}`] = rows["with XEP-0198"].cpuRatio;
      // The best of many short runs depends least on what else the machine does.
      goals[`managed ${direction}, best`] =
        best(rows[WITHOUT].passes) / best(rows["with XEP-0198"].passes);
    }
  });
}

const best = (passes) => Math.min(...passes.map(({ cpu }) => cpu));

function fill(table, rows) {
  for (const [name, { wall, cpu, ratio, cpuRatio }] of Object.entries(rows)) {
    table.row({
      name,
      cpuRatio,
      cpu: cpu.median * 1000,
      ratio,
      rate: 1 / wall.median,
      quiet: 1 / wall.quiet,
      noise: `${(wall.noise * 100).toFixed(0)} %`,
    });
  }
}

function ancestor(table, rows, rate, goals, direction) {
  goals[`${direction} × PCJ, dated`] = 1 / rows[OURS].wall.median / rate;
  table.row({ name: PCJ.name, rate, ratio: rate * rows[REFERENCE].wall.median });
}

/** A certificate for `localhost` and its authority, made by our own testing entry. */
async function certificate() {
  const { makeCertificate } = await ours("testing/certificate/certificate.js");
  return makeCertificate({ names: ["localhost"] });
}
