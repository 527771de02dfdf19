#!/usr/bin/env node
/**
 * The benchmarks, in one command: `npm run bench [-- NAME…] [--quick] [--json] [--only TEXT]`.
 * It installs the peers on first use, checks that all give the same results, and then times them.
 * A full run writes bench/results/*.json and docs/benchmarks.md; `--quick` writes nothing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine } from "./harness/machine.js";
import { distFolder } from "./harness/ours.js";
import { Output } from "./harness/output.js";

const BENCHES = [
  "parse",
  "serialize",
  "filters",
  "pump",
  "roundtrips",
  "idle",
  "connect",
  "finding",
  "size",
];

const here = fileURLToPath(new URL(".", import.meta.url));

/** Puts the peers beside this file, exactly as the lock file says. */
function install() {
  const lock = `${here}node_modules/.package-lock.json`;
  const versions = (file) =>
    Object.entries(JSON.parse(readFileSync(file, "utf8")).packages)
      .filter(([path, entry]) => path !== "" && !entry.optional)
      .map(([path, { version }]) => `${path} ${version}`)
      .join();
  if (existsSync(lock) && versions(lock) === versions(`${here}package-lock.json`)) return;
  process.stderr.write("Installing the peers into bench/node_modules …\n");
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: here,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error(`npm ci in bench/ ended with ${status}`);
}

/**
 * @typedef {{ output: Output, quick: boolean, only: string | undefined }} Context
 */
async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      only: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.filter((name) => !BENCHES.includes(name) && name !== "page");
  if (values.help || unknown.length > 0) {
    process.stdout.write(
      `usage: npm run bench [-- NAME…] [--quick] [--json] [--only TEXT]\n` +
        `  NAME    ${BENCHES.join(", ")}; all if none is given; page: only writes docs/benchmarks.md anew\n` +
        "  --quick small inputs and few rounds, under a minute; nothing is written\n" +
        "  --json  the results on standard output, the tables on standard error\n" +
        "  --only  the inputs of a bench whose name contains this; nothing is written\n",
    );
    process.exitCode = unknown.length > 0 ? 2 : 0;
    return;
  }
  install();
  const page = await import("./harness/page.js");
  if (!positionals.includes("page")) {
    if (!existsSync(distFolder)) throw new Error("dist/ is missing: npm run build first");
    const all = {};
    for (const name of positionals.length === 0 ? BENCHES : positionals) {
      all[name] = await measure(name, values);
    }
    if (values.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
  }
  if (!values.quick && values.only === undefined) page.write();
}

/** The commit that was measured, where there is a repository. */
function commit() {
  const { stdout } = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: here });
  return String(stdout ?? "").trim();
}

async function measure(name, { quick, json, only }) {
  const output = new Output({ quiet: json });
  output.say(`\n== ${name} ==`);
  const { run } = await import(`./${name}/bench.js`);
  const loadBefore = loadavg()[0];
  const started = Date.now();
  const goals = await run({ output, quick, only });
  const results = {
    bench: name,
    date: new Date(started).toISOString(),
    command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.replace(/ -- $/, ""),
    seconds: Math.round((Date.now() - started) / 1000),
    commit: commit(),
    machine: machine(),
    load: { before: loadBefore, after: loadavg()[0] },
    quick,
    sections: output.sections,
    goals,
  };
  if (!quick && only === undefined) {
    mkdirSync(`${here}results`, { recursive: true });
    writeFileSync(`${here}results/${name}.json`, `${JSON.stringify(results, null, 2)}\n`);
  }
  return results;
}

try {
  await main();
} catch (error) {
  process.stderr.write(
    `\nbench: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
  );
  process.exitCode = 1;
}
