/**
 * The servers of the project's own tests, for programs of plain Node: esbuild translates the TypeScript into a
 * temporary folder. The benchmarks and the soak start their servers by it.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const TESTS = fileURLToPath(new URL("../../test/", import.meta.url));
const HARNESS = join(TESTS, "servers");

/** The exports of `found.ts` and `server.ts`: `CANDIDATES`, `findAll`, `ACCOUNTS`, domains and secrets. */
export function testServers() {
  return translated(HARNESS, 'export * from "./found.ts"; export * from "./server.ts";');
}

/** The exports of `dns-server.ts`: a small name server on loopback. */
export function testNames() {
  return translated(join(TESTS, "lookup"), 'export * from "./dns-server.ts";');
}

async function translated(resolveDir, contents) {
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-servers-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, "servers.mjs");
  await build({
    stdin: { contents, resolveDir, loader: "ts" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    outfile,
    logLevel: "error",
  });
  copyFileSync(join(HARNESS, "guard.mjs"), join(folder, "guard.mjs"));
  return import(pathToFileURL(outfile).href);
}
