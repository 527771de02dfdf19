import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { locate } from "../docs/document.ts";
import { workerdPath } from "./runtimes.ts";

/** A worker that is bundled and can be served. */
export interface Worker {
  /**
   * Starts workerd with a compatibility date. It trusts the authority `ca` (PEM) beside those of everybody. Resolves
   * with the address of the worker, and how to end it.
   */
  serve(date: string, ca?: string): Promise<{ readonly url: string; close(): void }>;
  remove(): void;
}

/** Bundles a program of `programs/` as a worker. */
export async function makeWorker(program: string): Promise<Worker> {
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-workers-"));
  await build({
    entryPoints: [fileURLToPath(locate(`test/runtimes/programs/${program}`))],
    alias: { "xmpp-broker": fileURLToPath(locate("src/index.ts")) },
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
  });
  return {
    async serve(date, ca) {
      const file = join(folder, `${date}.capnp`);
      writeFileSync(file, configuration(date, ca));
      const words = ["serve", file, "--control-fd=1"];
      const child = spawn(workerdPath(), words, { stdio: ["ignore", "pipe", "pipe"] });
      return { url: `http://127.0.0.1:${await portOf(child)}`, close: () => void child.kill() };
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The configuration of workerd. The worker may connect to this machine, and the class `Session` is a Durable Object. */
const configuration = (date: string, ca: string | undefined): string => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker", esModule = embed "worker.js")],
      compatibilityDate = "${date}",
      durableObjectNamespaces = [(className = "Session", uniqueKey = "sessions")],
      durableObjectStorage = (inMemory = void),
      bindings = [(name = "SESSIONS", durableObjectNamespace = "Session")],
      globalOutbound = "network",
    )),
    (name = "network", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true, trustedCertificates = [${ca === undefined ? "" : JSON.stringify(ca)}]),
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;

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
