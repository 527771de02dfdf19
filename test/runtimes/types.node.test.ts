import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as library from "../../src/node.ts";
import { documentPaths, locate } from "../docs/document.ts";
import { moduleOf, snippetsOf } from "../docs/snippets.ts";
import { installedPath } from "./installed.ts";
import { makeProgram, type Program } from "./program.ts";

/** The compilers, by version. */
const compilers: readonly (readonly [version: string, path: string])[] = [
  ["5.4", installedPath("typescript-5.4")],
  ["5.9", fileURLToPath(locate("node_modules/typescript-5.9"))],
  ["6", fileURLToPath(locate("node_modules/typescript"))],
  ["7", fileURLToPath(locate("node_modules/typescript-7"))],
];

/** The settings of a compiler for each way to resolve the name of a package. */
const resolvers: Readonly<Record<string, object>> = {
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  node16: { module: "node16", moduleResolution: "node16" },
  // The snippets are for the entry with sockets.
  bundler: { module: "esnext", moduleResolution: "bundler", customConditions: ["node"] },
};

const STRICT = {
  target: "es2022",
  lib: ["es2023"],
  types: ["node"],
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
};

let program: Program;

beforeAll(() => {
  program = makeProgram();
  const { folder } = program;
  cpSync(locate("test/runtimes/programs"), folder, { recursive: true });
  mkdirSync(join(folder, "snippets"));
  for (const snippet of documentPaths().flatMap(snippetsOf)) {
    const name = `${snippet.page.replaceAll("/", "-")}-${snippet.line}.ts`;
    writeFileSync(join(folder, "snippets", name), moduleOf(snippet, Object.keys(library)));
  }
});

afterAll(() => {
  program.remove();
});

const execute = promisify(execFile);

/** Compiles files of the program; gives the complaints. */
async function compile(
  compiler: string,
  name: string,
  compilerOptions: object,
  include: string[],
): Promise<string> {
  const { folder } = program;
  const project = join(folder, `tsconfig.${basename(compiler)}-${name}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions, include }));
  const words = [join(compiler, "bin/tsc"), "-p", project, "--pretty", "false"];
  try {
    await execute(process.execPath, words, { cwd: folder });
    return "";
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return stdout;
  }
}

describe.concurrent.each(compilers)("TypeScript %s", (version, compiler) => {
  test("is installed", () => {
    const manifest = readFileSync(join(compiler, "package.json"), "utf8");
    const { version: installed } = JSON.parse(manifest) as { version: string };
    expect(`${installed}.`.startsWith(`${version}.`)).toBe(true);
  });

  // Programs that fail have `@ts-expect-error` at each place that must fail.
  test.each(Object.keys(resolvers))("compiles programs and snippets with %s", async (resolver) => {
    const options = { ...STRICT, ...resolvers[resolver] };
    expect(await compile(compiler, resolver, options, ["*.ts", "snippets"])).toBe("");
  });

  test("needs no types of Node where there is the DOM", async () => {
    const lib = ["es2023", "dom", "esnext.disposable"];
    const module = { module: "esnext", moduleResolution: "bundler" };
    const options = { ...STRICT, ...module, lib, types: [] };
    expect(await compile(compiler, "browser", options, ["browser.ts"])).toBe("");
  });
});

test("the program has files", () => {
  expect(readdirSync(program.folder).filter((name) => name.endsWith(".ts")).length).toBe(3);
});
