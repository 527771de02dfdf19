import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { locate } from "../docs/document.ts";
import { workerdPath } from "./runtimes.ts";

/** The folder of the worker. */
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "xmpp-broker-workers-"));
  await build({
    entryPoints: [fileURLToPath(locate("test/runtimes/programs/worker.js"))],
    alias: { "xmpp-broker": fileURLToPath(locate("src/index.ts")) },
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The configuration of workerd for a compatibility date. Workers may connect to this machine. */
const configuration = (date: string): string => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "worker.js")],
      compatibilityDate = "${date}",
      globalOutbound = "network",
    )),
    (name = "network", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;

/** Starts workerd. Resolves with the port on which it answers. */
async function serve(date: string): Promise<number> {
  const file = join(folder, `${date}.capnp`);
  writeFileSync(file, configuration(date));
  const child = spawn(workerdPath(), ["serve", file, "--control-fd=1"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill();
  });
  return await portOf(child);
}

/** The port of the line that workerd writes when it listens. It fails with all that it wrote if it ends. */
function portOf({ stdout, stderr }: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    stderr?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    stdout?.on("data", (chunk: Buffer) => {
      const [, port] = /"port":(\d+)/.exec(chunk.toString()) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
    stdout?.once("end", () => {
      reject(new Error(`workerd has ended: ${output}`));
    });
  });
}

/** Dates before and after workers got a global `MessageChannel` and Node's modules. */
describe.each(["2022-10-31", "2024-09-23", "2026-11-17"])("a worker of %s", (date) => {
  test("loads the neutral entry, which works", async () => {
    const port = await serve(date);
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(await answer.json()).toEqual({
      phase: "idle",
      found: "1",
      jid: "juliet@bücher.example",
      written: "<message to='romeo@example.org'><body>1 &lt; 2</body></message>",
      withoutTransport: "BAD_OPTION",
      overMemory: "echo.example.org",
    });
  });
});
