import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as library from "../../src/node.ts";
import { documentPaths, locate, readDocument } from "../docs/document.ts";
import { moduleOf, type Snippet, snippetsOf } from "../docs/snippets.ts";

const snippets = documentPaths().flatMap(snippetsOf);

const nameOf = ({ page, line }: Snippet): string => `${page.replaceAll("/", "-")}-${line}.ts`;

/** The settings of a strict program. */
const STRICT = {
  module: "nodenext",
  target: "es2022",
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
};

interface Manifest {
  readonly version: string;
}

/** A folder that has the package's declarations installed, as a user's program would have them. */
let program = "";

beforeAll(() => {
  program = mkdtempSync(join(tmpdir(), "xmpp-broker-snippets-"));
  const installed = join(program, "node_modules/xmpp-broker");
  mkdirSync(installed, { recursive: true });
  cpSync(locate("package.json"), join(installed, "package.json"));
  const project = fileURLToPath(locate("tsconfig.build.json"));
  const options = ["--emitDeclarationOnly", "--outDir", join(installed, "dist")];
  execFileSync(process.execPath, [compilerOf("typescript"), "-p", project, ...options]);
  const types = join(program, "node_modules/@types/node");
  mkdirSync(dirname(types));
  symlinkSync(fileURLToPath(locate("node_modules/@types/node")), types);
  writeFileSync(join(program, "package.json"), JSON.stringify({ type: "module" }));

  write("snippets", { ...STRICT, lib: ["es2023"], types: ["node"] });
  for (const snippet of snippets) {
    const text = moduleOf(snippet, Object.keys(library));
    writeFileSync(join(program, "snippets", nameOf(snippet)), text);
  }
  // The README says how programs without the types of Node compile.
  write("plain", { ...STRICT, lib: ["es2023", "dom", "esnext.disposable"], types: [] });
  const use = 'import { Broker, xmpp } from "xmpp-broker";\nexport const made = [Broker, xmpp];\n';
  writeFileSync(join(program, "plain/use.ts"), use);
});

afterAll(() => {
  rmSync(program, { recursive: true, force: true });
});

function write(folder: string, compilerOptions: object): void {
  mkdirSync(join(program, folder));
  writeFileSync(join(program, folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
}

function compilerOf(alias: string): string {
  return fileURLToPath(locate(`node_modules/${alias}/bin/tsc`));
}

/** The complaints of a compiler about a folder of the program. */
function compile(alias: string, folder: string): Promise<string> {
  return new Promise((resolve) => {
    const words = [compilerOf(alias), "-p", folder, "--pretty", "false"];
    execFile(process.execPath, words, { cwd: program }, (_, out) => {
      resolve(out);
    });
  });
}

const compilers = [
  ["5.9", "typescript-5.9"],
  ["6", "typescript"],
  ["7", "typescript-7"],
] as const;

test.each(compilers)("TypeScript %s compiles each snippet of the documents", async (_, alias) => {
  expect(await compile(alias, "snippets")).toBe("");
});

test("a program needs no types of Node where there is the DOM", async () => {
  expect(await compile("typescript", "plain")).toBe("");
});

test.each(compilers)("node_modules has TypeScript %s as %s", (version, alias) => {
  const manifest = JSON.parse(readDocument(`node_modules/${alias}/package.json`)) as Manifest;
  expect(`${manifest.version}.`.startsWith(`${version}.`)).toBe(true);
});

test("`tsc` is the compiler of that name, whichever else is installed", () => {
  const link = readlinkSync(fileURLToPath(locate("node_modules/.bin/tsc")));
  expect(link).toBe("../typescript/bin/tsc");
});

test("the documents have snippets", () => {
  expect(snippets.length).toBeGreaterThan(20);
});
