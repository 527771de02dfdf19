import { Contender } from "../harness/contender.js";
import { mustAgree, paired, withContenders } from "../harness/paired.js";

const OURS = "xmpp-broker";
const REFERENCE = "@xmpp/xml";

const WRITERS = [
  [OURS, "xmpp-broker"],
  [REFERENCE, "xmpp-xml"],
  ["stanza (jxt)", "stanza"],
];

const WAYS = [
  ["string", "tree → string"],
  ["bytes", "tree → bytes"],
  ["build", "a chat message built → string"],
];

/** @param {import("../run.js").Context} context */
export async function run({ output, quick }) {
  const contenders = WRITERS.map(
    ([name, file]) => new Contender(name, new URL(`./contenders/${file}.js`, import.meta.url)),
  );
  const goals = {};
  const table = output.table({
    id: "serialize",
    title: "Elements → text (mixed stanzas as parsed; and a message as an application builds it)",
    note: "ours refuses what is not legal XML; the others write it",
    columns: [
      { key: "name", label: "library" },
      { key: "way", label: "way", width: 30 },
      { key: "cpuRatio", label: "× @xmpp/xml in CPU", digits: 2 },
      { key: "ratio", label: "× in wall time", digits: 2 },
      { key: "ns", label: "ns a stanza", digits: 0 },
      { key: "rate", label: "MB/s" },
      { key: "noise", label: "noise" },
    ],
  });
  await withContenders(contenders, async () => {
    const task = { profile: "mixed", bytes: quick ? 4e5 : 3e6 };
    const results = {};
    for (const each of contenders) {
      await each.call("prepare", task);
      results[each.name] = await each.call("check");
    }
    mustAgree("what is read in what was written", results);
    for (const [way, label] of WAYS) {
      const rows = await paired(contenders, {
        rounds: quick ? 3 : 15,
        warm: quick ? 2 : 5,
        reference: REFERENCE,
        progress: (text) => output.progress(text && `${label}: ${text}`),
        argument: { way },
      });
      goals[way] = rows[OURS].cpuRatio;
      for (const [name, { wall, ratio, cpuRatio, passes }] of Object.entries(rows)) {
        table.row({
          name,
          way: label,
          cpuRatio,
          ratio,
          ns: (wall.median / passes[0].stanzas) * 1e6,
          rate: passes[0].length / wall.median / 1000,
          noise: `${(wall.noise * 100).toFixed(0)} %`,
        });
      }
    }
  });
  return goals;
}
