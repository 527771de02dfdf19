import { ADVERSARIAL } from "../corpus/adversarial.js";
import { ATTACKS } from "../corpus/attacks.js";
import { MALFORMED, WELL_FORMED } from "../corpus/malformed.js";
import { Contender } from "../harness/contender.js";
import { mustAgree, paired, withContenders } from "../harness/paired.js";
import { median } from "../harness/stats.js";

const contender = (name, file, execArgv) =>
  new Contender(name, new URL(`./contenders/${file}.js`, import.meta.url), execArgv);

const OURS = "xmpp-broker";
const REFERENCE = "@xmpp/xml";

/** The name in the tables, the file, and the inputs that it takes part in: every one, or the first. */
const PARSERS = [
  [OURS, "xmpp-broker"],
  [REFERENCE, "xmpp-xml"],
  ["saxes with tree", "saxes"],
  ["stanza (jxt)", "stanza", "first"],
  ["sax with tree", "sax", "first"],
  ["floor: Buffer → string", "floor", "first"],
];

const MB = 1e6;

/** The inputs that all parsers read. @param {boolean} quick */
function inputs(quick) {
  const size = (full) => (quick ? 0.4 * MB : full);
  const profile = (name, chunking, bytes = 4 * MB) => ({
    profile: name,
    chunking,
    bytes: size(bytes),
  });
  return [
    ["mixed, 16 KB", profile("mixed", 16384, 10 * MB)],
    ["small: chat of 174 bytes", profile("small", 16384)],
    ["blob: OMEMO, vCards, bundles", profile("blob", 16384)],
    ["struct: disco, rosters, rooms", profile("struct", 16384)],
    ["ascii: mixed without the rest", profile("ascii", 16384)],
    ["mixed, 1,460 B", profile("mixed", 1460)],
    ["mixed, 64 KB", profile("mixed", 65536)],
    ["mixed, 1–4,096 B", profile("mixed", "rand")],
    ["mixed, 1–64 B", profile("mixed", "rand64")],
    ["one body of 3 MB, 16 KB", { body: quick ? 0.3 * MB : 3 * MB, bytes: 0, chunking: 16384 }],
    [
      "one body of 300 KB, 1–64 B",
      { body: quick ? 0.1 * MB : 0.3 * MB, bytes: 0, chunking: "rand64" },
    ],
    ...ADVERSARIAL.map((kind) => [
      `adversarial: ${kind}`,
      { adversarial: kind, chunking: 16384, bytes: size(MB) },
    ]),
    ...(quick
      ? []
      : [["adversarial: names, 1–64 B", { adversarial: "names", chunking: "rand64", bytes: MB }]]),
  ];
}

/** @param {import("../run.js").Context} context */
export async function run({ output, quick, only }) {
  const goals = {};
  const chosen = inputs(quick).filter(([name]) => only === undefined || name.includes(only));
  const contenders = PARSERS.map(([name, file]) => contender(name, file));
  const narrow = contenders.filter((_, i) => PARSERS[i][2] !== "first");
  await withContenders(contenders, async () => {
    await compare(contenders, narrow, chosen, { output, quick, goals });
    if (only === undefined) {
      await strictness(contenders.slice(0, 5), output, goals);
      await attacks(narrow, output, quick);
    }
  });
  if (only === undefined) await allocation(output, quick, goals);
  return goals;
}

async function compare(all, narrow, chosen, { output, quick, goals }) {
  let table;
  for (const [name, task] of chosen) {
    const first = name === "mixed, 16 KB";
    const taking = first ? all : narrow;
    const bytes = await agree(name, taking, task, output, first);
    const rounds = quick ? 3 : first ? 15 : 11;
    const progress = (text) => output.progress(text && `${name}: ${text}`);
    const rows = await paired(taking, {
      rounds,
      // The compilers of V8 are done only after some thirty megabytes.
      warm: quick ? 1 : 8,
      reference: REFERENCE,
      progress,
    });
    const versusSaxes = median(
      rows[OURS].passes.map((pass, i) => rows["saxes with tree"].passes[i].cpu / pass.cpu),
    );
    goals[name] = rows[OURS].cpuRatio;
    goals[`${name} / saxes`] = versusSaxes;
    goals[`${name} MB/s`] = bytes / rows[OURS].wall.median / 1000;
    if (first) {
      leaderboard(rows, bytes, output);
      continue;
    }
    table ??= output.table({
      id: "inputs",
      title: "Other inputs and chunkings",
      columns: [
        { key: "input", label: "input" },
        { key: "cpuRatio", label: "× @xmpp/xml in CPU", digits: 2 },
        { key: "saxes", label: "× saxes in CPU", digits: 2 },
        { key: "ratio", label: "× @xmpp/xml in wall time", digits: 2 },
        { key: "ours", label: "xmpp-broker MB/s" },
        { key: "reference", label: "@xmpp/xml MB/s" },
        { key: "noise", label: "noise" },
      ],
    });
    table.row({
      input: name,
      cpuRatio: rows[OURS].cpuRatio,
      saxes: versusSaxes,
      ratio: rows[OURS].ratio,
      ours: bytes / rows[OURS].wall.median / 1000,
      reference: bytes / rows[REFERENCE].wall.median / 1000,
      noise: percent(rows[OURS].wall.noise),
    });
  }
}

/** Prepares one input in all contenders. Throws unless all trees are the same. */
async function agree(name, taking, task, output, note) {
  const results = {};
  for (const each of taking) {
    await each.call("prepare", task);
    if (each.name.startsWith("floor")) continue;
    results[each.name] = await each.call("check");
  }
  mustAgree(name, results);
  const { stanzas, elements, attributes, text } = results[OURS];
  const { length } = await byteLength(task);
  if (note) {
    output.say(
      `${name}: ${(length / MB).toFixed(1)} MB, ${stanzas} stanzas, ${elements} elements, ` +
        `${attributes} attributes, ${text} characters of text; all trees equal`,
    );
    const shipped = await taking.find((each) => each.name === REFERENCE).call("checkAsShipped");
    if (shipped.digest !== results[OURS].digest) {
      output.say(
        `  (@xmpp/xml only when its chunks are decoded for it: as shipped it breaks characters cut by a chunk)`,
      );
    }
  }
  return length;
}

async function byteLength(task) {
  const { chunksOf } = await import("../corpus/input.js");
  return { length: chunksOf(task).reduce((sum, chunk) => sum + chunk.length, 0) };
}

function leaderboard(rows, bytes, output) {
  const table = output.table({
    id: "parsers",
    title: "Complete trees from bytes: mixed stanzas in chunks of 16 KB",
    columns: [
      { key: "name", label: "parser" },
      { key: "cpuRatio", label: "× @xmpp/xml in CPU", digits: 2 },
      { key: "ratio", label: "× in wall time", digits: 2 },
      { key: "median", label: "MB/s" },
      { key: "quiet", label: "quiet MB/s" },
      { key: "stanzas", label: "k stanzas/s" },
      { key: "noise", label: "noise" },
    ],
  });
  for (const [name, { wall, ratio, cpuRatio, passes }] of Object.entries(rows)) {
    const { stanzas } = passes[0];
    table.row({
      name,
      cpuRatio,
      ratio,
      median: bytes / wall.median / 1000,
      quiet: bytes / wall.quiet / 1000,
      stanzas: stanzas === undefined ? undefined : stanzas / wall.median,
      noise: percent(wall.noise),
    });
  }
}

async function strictness(contenders, output, goals) {
  const table = output.table({
    id: "strictness",
    title: `Wrong verdicts on ${MALFORMED.length} forbidden inputs and ${WELL_FORMED.length} good ones`,
    columns: [
      { key: "name", label: "parser" },
      { key: "accepted", label: "wrongly accepted" },
      { key: "refused", label: "wrongly refused" },
      { key: "which", label: "accepted" },
    ],
  });
  for (const each of contenders) {
    const bad = await each.call(
      "verdicts",
      MALFORMED.map(([, document]) => document),
    );
    const good = await each.call("verdicts", WELL_FORMED);
    const accepted = MALFORMED.filter((_, i) => !bad[i]).map(([name]) => name);
    const refused = good.filter(Boolean).length;
    if (each.name === OURS) goals.strictness = accepted.length + refused;
    const which =
      accepted.length > 4 ? `${accepted.slice(0, 3).join(", ")} …` : accepted.join(", ");
    table.row({ name: each.name, accepted: accepted.length, refused, which });
  }
}

async function attacks(contenders, output, quick) {
  const limit = quick ? 100 : 3000;
  const size = quick ? 100_000 : 1_200_000;
  const table = output.table({
    id: "attacks",
    title: "Attacks: how far they get",
    note: `in chunks of 1 KiB, cut off after ${size.toLocaleString("en")} bytes or ${limit} ms`,
    columns: [
      { key: "attack", label: "attack" },
      { key: "ours", label: "xmpp-broker", width: 36 },
      { key: "xmpp", label: "@xmpp/xml", width: 36 },
      { key: "saxes", label: "saxes", width: 36 },
    ],
  });
  for (const name of Object.keys(ATTACKS)) {
    const cells = [];
    for (const each of contenders) {
      const { outcome, taken, time } = await each.call("attack", { name, size, limit });
      cells.push(
        `${outcome} (${(taken / 1024).toFixed(0)} KB, ${time.toFixed(time < 10 ? 1 : 0)} ms)`,
      );
    }
    table.row({ attack: name, ours: cells[0], xmpp: cells[1], saxes: cells[2] });
  }
}

/** Bytes of heap per byte of input, from one pass in a young generation too large to be collected. */
async function allocation(output, quick, goals) {
  const table = output.table({
    id: "allocation",
    title: "Allocation: bytes of heap for a byte of input (mixed, 16 KB)",
    columns: [
      { key: "name", label: "parser" },
      { key: "bytes", label: "bytes a byte", digits: 1 },
    ],
  });
  const flags = ["--expose-gc", "--min-semi-space-size=1024", "--max-semi-space-size=1024"];
  for (const [name, file] of PARSERS.slice(0, 5)) {
    await withContenders([contender(name, file, flags)], async ([each]) => {
      const task = { profile: "mixed", chunking: 16384, bytes: quick ? 0.4 * MB : 4 * MB };
      await each.call("prepare", task);
      await each.call("pass");
      const { heap } = await each.call("pass", { measure: "heap" });
      const bytes = heap / (await byteLength(task)).length;
      if (name === OURS) goals.allocation = bytes;
      table.row({ name, bytes });
    });
  }
}

const percent = (share) => `${(share * 100).toFixed(0)} %`;
