import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { TRANSITIONS } from "../../src/contract/phase.ts";
import { codeBlocks, codeSpans, locate, readDocument, section, tableRows } from "./document.ts";

const page = readDocument("docs/architecture.md");
const [layers = "", phases = ""] = codeBlocks(page, "mermaid");

test("each folder of src/ is a box of the diagram and a row of the table, lowest first", () => {
  const folders = readdirSync(locate("src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const rows = tableRows(section(page, "Layers")).map(([name = ""]) => codeSpans(name)[0]);
  const named = rows.filter((name) => name !== undefined);
  expect([...named].sort()).toEqual([...folders].sort());

  const chain = /^ *(cli --> .*)$/m.exec(layers)?.[1]?.split(" --> ") ?? [];
  expect(chain.filter((name) => name !== "entries").reverse()).toEqual(named);
  for (const name of chain) expect(layers).toMatch(new RegExp(`^ *click ${name} "`, "m"));
});

test("the arrows between the phases are those of the table of transitions", () => {
  const drawn = [...phases.matchAll(/^ *(\w+) --> (\w+)/gm)].map(([, from, to]) => `${from} ${to}`);
  const allowed = Object.entries(TRANSITIONS).flatMap(([from, next]) =>
    next.map((to) => `${from} ${to}`),
  );
  expect([...drawn].sort()).toEqual([...allowed].sort());
});
