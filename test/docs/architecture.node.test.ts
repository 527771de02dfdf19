import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { RUN_STEPS } from "../../src/broker/run-parts.ts";
import { TRANSITIONS } from "../../src/contract/phase.ts";
import { MANAGEMENT_STEPS } from "../../src/session/acks/stream-management.ts";
import { codeBlocks, codeSpans, locate, readDocument, section, tableRows } from "./document.ts";

const page = readDocument("docs/architecture.md");
const [layers = "", phases = "", runs = ""] = codeBlocks(page, "mermaid");

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

/** The arrows of a drawing of states, each as "from to". */
function arrowsOf(drawing: string): string[] {
  return [...drawing.matchAll(/^ *(\w+) --> (\w+)/gm)]
    .map(([, from, to]) => `${from} ${to}`)
    .sort();
}

/** The steps of a table, each as "from to". */
function stepsOf(table: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(table)
    .flatMap(([from, next]) => next.map((to) => `${from} ${to}`))
    .sort();
}

test("the arrows between the phases are those of the table of transitions", () => {
  expect(arrowsOf(phases)).toEqual(stepsOf(TRANSITIONS));
});

test("the arrows between the states of a run are those of its table of steps", () => {
  expect(arrowsOf(runs)).toEqual(stepsOf(RUN_STEPS).map((step) => step.replaceAll("-", "_")));
});

test("the arrows between the states of a session's counters are those of their table of steps", () => {
  const [counters = ""] = codeBlocks(readDocument("docs/sessions.md"), "mermaid");
  expect(arrowsOf(counters)).toEqual(stepsOf(MANAGEMENT_STEPS));
});
