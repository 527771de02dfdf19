import { expect, test } from "vitest";
import { codeSpans, readDocument, section, tableRows } from "./document.ts";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readDocument("package.json")) as Manifest;
const page = readDocument("docs/dependencies.md");

test("there is one dependency at run time, and the page gives its reason", () => {
  const rows = tableRows(section(page, "At run time"));
  expect(rows.flatMap(([name]) => codeSpans(name ?? ""))).toEqual(["ws"]);
  expect(Object.keys(manifest.dependencies ?? {})).toEqual(["ws"]);
  expect(section(page, "At run time")).toContain("Why `ws`:");
});

test("each dependency for development has its line, and each line a dependency", () => {
  const rows = tableRows(section(page, "For development"));
  const named = rows.flatMap(([name]) => codeSpans(name ?? ""));
  expect(named.sort()).toEqual(Object.keys(manifest.devDependencies).sort());
  for (const [name, purpose] of rows) expect(purpose, name).not.toBe("");
});
