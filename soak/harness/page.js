import { readFileSync, writeFileSync } from "node:fs";
import { machine } from "../../bench/harness/machine.js";
import { rows } from "../night.js";
import { VERSIONS } from "./places.js";

const PAGE = new URL("../../docs/soak.md", import.meta.url);

/** Writes the tables of a full run into docs/soak.md, between its markers. */
export function writePage(results, seed) {
  const printed = { figures: figures(results, seed), night: night() };
  const page = readFileSync(PAGE, "utf8").replaceAll(
    /(<!-- printed: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin, name, end) => `${begin}\n${printed[name]}\n\n${end}`,
  );
  writeFileSync(PAGE, page);
}

function figures(results, seed) {
  const { cpu, cores, memory, system, node } = machine();
  const date = new Date().toISOString().slice(0, 10);
  const servers = Object.entries(VERSIONS).map(([name, version]) => `${name} ${version}`);
  const cells = results.flatMap(({ name, checks }) =>
    checks.map(({ what, value, target = "" }) => [name, what, value, target]),
  );
  const missed = results.flatMap(({ checks }) => checks).filter(({ met }) => met === false);
  return [
    `\`npm run soak -- --seed ${seed}\` on ${date}: ${cpu}, ${cores} cores, ${memory}, ${system}, Node ${node};`,
    `${servers.join(", ")}. Targets missed: ${missed.length}.`,
    "",
    ...table(["part", "measured", "value", "target"], cells),
  ].join("\n");
}

function night() {
  const cells = rows.map(({ place, fault, direction, sent, arrived, losses, ends, notes }) => {
    const lost = Object.entries(losses)
      .filter(([, count]) => count > 0)
      .map(([why, count]) => `${count} ${why}`);
    return [
      place,
      fault,
      direction,
      sent,
      arrived,
      lost.join(", "),
      [...ends, ...notes].join(", "),
    ];
  });
  const heads = [
    "program",
    "fault",
    "way",
    "sent",
    "arrived",
    "lost, called",
    "its ends and events",
  ];
  return table(heads, cells).join("\n");
}

const table = (heads, cells) => [
  `| ${heads.join(" | ")} |`,
  `| ${heads.map(() => "---").join(" | ")} |`,
  ...cells.map((row) => `| ${row.join(" | ")} |`),
];
