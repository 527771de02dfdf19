import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeSpans, locate, readDocument, section, tableRows } from "../docs/document.ts";

const page = readDocument("docs/adding.md");

/** One piece of an edit: the text of a new file, or lines to add between others. */
interface Piece {
  readonly path: string;
  readonly isNew: boolean;
  readonly text: string;
}

/** The pieces of a text, in order. Their fences name the file. */
function piecesOf(text: string): Piece[] {
  const fences = text.matchAll(/^```(ts|diff) (\S+)\n([\s\S]*?)^```$/gm);
  return [...fences].map(([, kind, path = "", code = ""]) => ({
    path,
    isNew: kind === "ts",
    text: code,
  }));
}

const pieces = piecesOf(page);

/** A copy of this repository, to carry the edits out on. */
let copy = "";

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "xmpp-broker-adding-"));
  for (const path of ["src", "test", "docs", "package.json", "tsconfig.json", "vitest.config.ts"]) {
    cpSync(locate(path), join(copy, path), { recursive: true });
  }
  symlinkSync(fileURLToPath(locate("node_modules")), join(copy, "node_modules"));
  for (const piece of pieces) carryOut(piece);
});

afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

/** Carries a piece of an edit out on the copy. */
function carryOut({ path, isNew, text }: Piece): void {
  const file = join(copy, path);
  if (isNew) {
    writeFileSync(file, text, { flag: "wx" });
    return;
  }
  const lines = text.trimEnd().split("\n");
  const before = lines.filter((line) => !line.startsWith("+")).map((line) => line.slice(1));
  const after = lines.map((line) => line.slice(1));
  const parts = readFileSync(file, "utf8").split(`${before.join("\n")}\n`);
  expect(parts, `${path} has the lines around the edit once`).toHaveLength(2);
  writeFileSync(file, parts.join(`${after.join("\n")}\n`));
}

/** Runs a tool of the project on the copy. Resolves with its output if it fails, else with nothing. */
function complaints(tool: string, ...words: string[]): Promise<string> {
  // This run's own variables would confuse the one within it.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")),
  );
  const args = [fileURLToPath(locate(`node_modules/${tool}`)), ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: copy, env }, (error, out, err) => {
      resolve(error === null ? "" : out + err);
    });
  });
}

const tests = [...new Set(pieces.map(({ path }) => path))].filter((path) =>
  path.startsWith("test/"),
);

test("the copy compiles with the edits", async () => {
  const config = { extends: "./tsconfig.json", include: ["src", ...tests] };
  writeFileSync(join(copy, "tsconfig.adding.json"), JSON.stringify(config));
  expect(await complaints("typescript/bin/tsc", "-p", "tsconfig.adding.json")).toBe("");
});

test("the tests of the examples pass on the copy", async () => {
  expect(await complaints("vitest/vitest.mjs", "run", "--project", "node", ...tests)).toBe("");
});

test("without the edits to the source the tests of the examples fail", async () => {
  for (const { path, isNew } of pieces) {
    if (isNew || !path.startsWith("src/")) continue;
    cpSync(locate(path), join(copy, path));
  }
  const output = await complaints("vitest/vitest.mjs", "run", "--project", "node", ...tests);
  expect(output).toContain("ticket.test.ts");
  expect(output).toContain("settings.test.ts");
});

test.each(tableRows(page))("%s: the number of edits is true", (addition = "", edits = "") => {
  const heading = /#([\w-]+)/.exec(addition)?.[1] ?? "";
  const text = section(page, sectionName(heading));
  const files = new Set(piecesOf(text).map(({ path }) => path));
  expect(files.size).toBe(Number.parseInt(edits, 10));
  expect([...text.matchAll(/^Edit (\d+)/gm)].map(([, number]) => Number(number))).toEqual(
    [...files].map((_, index) => index + 1),
  );
});

test("the files that the page names are there", () => {
  const named = codeSpans(page).filter((span) => /^src\/.*\.ts$/.test(span));
  for (const path of named) expect(readDocument(path), path).not.toBe("");
});

function sectionName(anchor: string): string {
  const words = anchor.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
