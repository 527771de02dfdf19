import { Contender } from "../harness/contender.js";
import { mustAgree, paired, withContenders } from "../harness/paired.js";
import { median } from "../harness/stats.js";
import { available as perlAvailable } from "./contenders/perl-available.js";

const INDEX = "xmpp-broker, index";
const COMPILED = "xmpp-broker, one by one";
const REFERENCE = "npm xpath on xmldom";
const PERL = "Perl XML::LibXML (ancestor)";

const ENGINES = [
  [INDEX, "index"],
  [COMPILED, "compiled"],
  [REFERENCE, "xpath"],
  ["fontoxpath on slimdom", "fontoxpath"],
  ["libxml2-wasm", "libxml2-wasm"],
  [PERL, "perl"],
];

/** Evaluations that a pass of the slow engines does; those of ours are about as long in time. */
const EVALUATIONS = 20_000;

/** @param {import("../run.js").Context} context */
export async function run({ output, quick, only }) {
  const goals = {};
  const engines = ENGINES.filter(([name]) => name !== PERL || perlAvailable());
  if (engines.length < ENGINES.length) output.say("(no Perl with XML::LibXML here: left out)");
  const contenders = engines.map(
    ([name, file]) => new Contender(name, new URL(`./contenders/${file}.js`, import.meta.url)),
  );
  const sizes = quick ? [1, 10, 1000] : [1, 10, 100, 1000, 10_000];
  await withContenders(contenders, async () => {
    const context = { output, quick, goals, contenders };
    for (const set of ["mixed", "from"]) {
      if (only === undefined || set.includes(only)) await growth(set, sizes, context);
    }
    if (only !== undefined) return;
    await handWritten(context);
    await ownLimits(contenders[0], contenders[1], context);
  });
  return goals;
}

/** CPU time of a stanza while the number of filters grows. */
async function growth(set, sizes, { output, quick, goals, contenders }) {
  const table = output.table({
    id: `growth-${set}`,
    title: `CPU µs a stanza with N filters (${set})`,
    note:
      set === "mixed"
        ? "ten kinds of expression, a constant of its own in each"
        : "/c:message[@from='…'] with N senders",
    columns: [
      { key: "n", label: "N filters", digits: 0 },
      ...contenders.map(({ name }) => ({ key: name, label: name })),
      { key: "ratio", label: "index × npm xpath" },
      { key: "noise", label: "noise" },
    ],
  });
  const at = {};
  for (const n of sizes) {
    const rows = await timed(set, n, contenders, { output, quick });
    at[n] = rows[INDEX].cpu.median;
    goals[`${set} ${n} × npm xpath`] = rows[INDEX].cpuRatio;
    if (n === 1) goals[`${set} one compiled × npm xpath`] = rows[COMPILED].cpuRatio;
    const cells = Object.fromEntries(
      Object.entries(rows).map(([name, { cpu }]) => [name, cpu.median * 1000]),
    );
    table.row({
      n,
      ...cells,
      ratio: rows[INDEX].cpuRatio,
      noise: `${(rows[INDEX].cpu.noise * 100).toFixed(0)} %`,
    });
  }
  const most = sizes[sizes.length - 1];
  goals[`${set} growth`] = at[most] / at[10];
  output.say(`  index, ${most} filters ÷ 10 filters: ${goals[`${set} growth`].toFixed(2)}`);
}

async function timed(set, n, contenders, { output, quick }) {
  const results = {};
  const checked = n >= 10_000 ? 10 : n >= 1000 ? 50 : 500;
  for (const each of contenders) {
    output.progress(`${set}, ${n} filters: ${each.name} gets them`);
    await each.call("prepare", { set, n });
    results[each.name] = await each.call("check", { stanzas: checked });
  }
  mustAgree(`${set}, ${n} filters`, results);
  const budget = quick ? EVALUATIONS / 10 : EVALUATIONS;
  const slow = Math.max(5, Math.round(budget / n));
  const fast = { [INDEX]: quick ? 5000 : 100_000, [COMPILED]: Math.min(slow * 40, 100_000) };
  return paired(contenders, {
    rounds: quick ? 3 : n >= 10_000 ? 5 : 9,
    warm: quick || n >= 10_000 ? 1 : 3,
    reference: REFERENCE,
    progress: (text) => output.progress(text && `${set}, ${n} filters: ${text}`),
    argument: (name) => ({ stanzas: fast[name] ?? slow }),
  });
}

async function handWritten({ output, quick, goals, contenders }) {
  // The ancestor's findnodes takes paths only, and two of these are not.
  const taking = contenders.filter(({ name }) => name !== PERL);
  const rows = await timed("static", 10, taking, { output, quick });
  goals["static × npm xpath"] = rows[INDEX].cpuRatio;
  const table = output.table({
    id: "static",
    title: "Ten different expressions: counts, positions, unions, negations",
    columns: [
      { key: "name", label: "engine" },
      { key: "time", label: "CPU µs a stanza" },
      { key: "ratio", label: "× npm xpath" },
      { key: "noise", label: "noise" },
    ],
  });
  for (const [name, { cpu, cpuRatio }] of Object.entries(rows)) {
    table.row({
      name,
      time: cpu.median * 1000,
      ratio: cpuRatio,
      noise: `${(cpu.noise * 100).toFixed(0)} %`,
    });
  }
}

/** Measures of ours alone: filters that no index helps, compiling, adding and removing in traffic. */
async function ownLimits(index, compiled, { output, quick, goals }) {
  const n = quick ? 1000 : 10_000;
  const table = output.table({
    id: "own",
    title: `With ${n.toLocaleString("en")} filters`,
    columns: [
      { key: "what", label: "what", width: 44 },
      { key: "value", label: "time" },
      { key: "unit", label: "" },
    ],
  });
  const repeat = async (act) => {
    const values = [];
    for (let i = quick ? 2 : 5; i > 0; i--) values.push(await act());
    return median(values.slice(quick ? 0 : 1));
  };

  await compiled.call("prepare", { set: "unindexable", n });
  await index.call("prepare", { set: "unindexable", n });
  mustAgree("unindexable", {
    index: await index.call("check", { stanzas: 20 }),
    compiled: await compiled.call("check", { stanzas: 20 }),
  });
  const linear = await repeat(async () => {
    const { wall, units } = await index.call("pass", { stanzas: 50 });
    return ((wall / units) * 1000) / n;
  });
  goals.unindexable = linear;
  table.row({ what: "one filter that nothing indexes", value: linear, unit: "µs" });

  const register = await repeat(
    async () => (await index.call("prepare", { set: "mixed", n })).compile,
  );
  goals.register = register;
  table.row({ what: "compile and add all of them (mixed)", value: register, unit: "ms" });

  const changes = quick ? 500 : 10_000;
  const churn = await repeat(async () => {
    const { changing } = await index.call("pass", { stanzas: changes, churn: true });
    return (changing / changes) * 1000;
  });
  goals.churn = churn;
  table.row({ what: "add one, match a stanza, remove one", value: churn, unit: "µs" });
}
