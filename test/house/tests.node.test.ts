import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { codeSpans, locate, readDocument, section, tableRows } from "../docs/document.ts";

const page = readDocument("CONTRIBUTING.md");

/** Every TypeScript file in test/, by its path from there, and its text. */
const files = readdirSync(locate("test"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, text: readFileSync(locate(`test/${path}`), "utf8") }));
const isTest = ({ path }: { path: string }): boolean => path.endsWith(".test.ts");

test("each folder of test/ has the name of a folder of src/, or is in the list of the others", () => {
  const others = tableRows(section(page, "Where a test is")).flatMap(([name = ""]) =>
    codeSpans(name),
  );
  const folders = new Set(files.map(({ path }) => dirname(path)));
  folders.delete(".");
  const unknown = [...folders].filter(
    (folder) => !others.includes(`test/${folder}/`) && !existsSync(locate(`src/${folder}`)),
  );
  expect(unknown).toEqual([]);
  const sources = readdirSync(locate("src"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(sources.map(({ name }) => name).filter((name) => !folders.has(name))).toEqual([]);
  for (const other of others) {
    expect(existsSync(locate(other)), `${other} is there`).toBe(true);
    expect(existsSync(locate(other.replace("test/", "src/"))), `${other} is no other`).toBe(false);
  }
});

test("only test files register hooks for all their tests", () => {
  const shared = files.filter((file) => !isTest(file));
  const registering = shared.filter(({ text }) => /^(?:before|after)(?:Each|All)\(/m.test(text));
  expect(registering.map(({ path }) => path)).toEqual([]);
});

test("a file that counts the handles of its process says that it runs alone", () => {
  const counting = files.filter(
    (file) => isTest(file) && /getActiveResourcesInfo|\bleftOver\b/.test(file.text),
  );
  const silent = counting.filter(({ text }) => !/^\/\/ Runs alone: .+\.\n/.test(text));
  expect(counting.length).toBeGreaterThan(silent.length);
  // This file only names them.
  expect(silent.map(({ path }) => path)).toEqual(["house/tests.node.test.ts"]);
});

test("each tier of the page is a command, and the gate runs it", () => {
  const { scripts } = JSON.parse(readDocument("package.json")) as {
    scripts: Record<string, string>;
  };
  const config = readDocument("vitest.config.ts");
  const gate = readDocument(".ci/run");
  const rows = tableRows(section(page, "Tests"));
  const named = rows.map(([tier = "", command = ""]) => {
    const [said = ""] = codeSpans(command);
    const script = said.replace(/^npm (?:run )?/, "");
    expect(config).toContain(`name: "${tier}"`);
    expect(scripts[script]).toContain(`--project ${tier}`);
    expect(gate).toMatch(new RegExp(`^tier "${tier}" npm (run --silent )?${script}$`, "m"));
    return script;
  });
  expect(named.sort()).toEqual(
    Object.keys(scripts)
      .filter((name) => /^test(?::|$)/.test(name) && name !== "test:all")
      .sort(),
  );
});
