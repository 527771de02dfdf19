/**
 * The servers of the project's own tests (test/servers), for programs of plain Node: esbuild
 * translates the TypeScript into a temporary folder. The benchmarks and the soak start their servers by it.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HARNESS = fileURLToPath(new URL("../../test/servers/", import.meta.url));

/** The exports of `found.ts` and `server.ts`: `CANDIDATES`, `findAll`, `ACCOUNTS`, domains and secrets. */
export async function testServers() {
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-servers-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, "servers.mjs");
  await build({
    stdin: {
      contents: 'export * from "./found.ts"; export * from "./server.ts";',
      resolveDir: HARNESS,
      loader: "ts",
    },
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
