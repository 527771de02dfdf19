/*
 * Builds `dist`: the modules, and the declarations that the entries of the package need. The documentation
 * stands in the declarations, so the modules hold no comments. Declarations of inner modules are dropped. Both
 * are indented by tabs. All of it makes the installed package a third smaller (measured on 2026-11-27).
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL(".", import.meta.url));
const DIST = join(ROOT, "dist");

rmSync(DIST, { recursive: true, force: true });
const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
const project = ["-p", join(ROOT, "tsconfig.build.json")];
await Promise.all([
  run(tsc, [...project, "--emitDeclarationOnly"]),
  // The other run checks the types.
  run(tsc, [...project, "--noCheck", "--declaration", "false", "--removeComments"]),
]);
dropInnerDeclarations();
await format();

/** Removes the declarations that no entry of the package reaches. */
function dropInnerDeclarations() {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const reached = new Set();
  const visit = (/** @type {string} */ file) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(
      /(?:from|import\()\s*"(\.[^"]+)"/g,
    )) {
      visit(join(dirname(file), path.replace(/\.[jt]s$/, ".d.ts")));
    }
  };
  for (const [, path = ""] of JSON.stringify(manifest.exports).matchAll(/"types":"([^"]+)"/g)) {
    visit(join(ROOT, path));
  }
  for (const name of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
    const file = join(DIST, name);
    if (name.endsWith(".d.ts") && !reached.has(file)) rmSync(file);
  }
}

/** Writes the built files with tabs. The repository's own configuration leaves `dist` out. */
async function format() {
  const config = mkdtempSync(join(tmpdir(), "xmpp-broker-build-"));
  const settings = { formatter: { indentStyle: "tab", lineWidth: 120 } };
  writeFileSync(join(config, "biome.json"), JSON.stringify(settings));
  const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
  await run(biome, ["format", "--write", `--config-path=${config}`, DIST], "ignore");
  rmSync(config, { recursive: true });
}

/**
 * Runs a script of Node. A failure ends the build.
 *
 * @param {string} script
 * @param {readonly string[]} args
 * @param {"ignore" | NodeJS.WriteStream} output where its standard output goes
 * @returns {Promise<void>}
 */
function run(script, args, output = process.stderr) {
  return new Promise((resolve) => {
    // `npm pack --json` writes to the standard output.
    /** @type {import("node:child_process").StdioOptions} */
    const stdio = ["ignore", output, process.stderr];
    const child = spawn(process.execPath, [script, ...args], { cwd: ROOT, stdio });
    child.once("exit", (code) => {
      if (code !== 0) process.exit(1);
      resolve();
    });
  });
}
