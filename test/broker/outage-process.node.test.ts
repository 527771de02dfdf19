import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { locate } from "../docs/document.ts";
import { runnable, snippetsOf } from "../docs/snippets.ts";

/** The recipe of the README, for a port where nothing listens. It tells of each wait. */
const recipe =
  snippetsOf("README.md")
    .map(runnable)
    .find((code) => code.includes("SIGTERM")) ?? "";
let port = 0;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "xmpp-broker-outage-"));
  await build({
    entryPoints: [fileURLToPath(locate("src/node.ts"))],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: join(folder, "xmpp-broker.mjs"),
  });
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as { port: number });
  await new Promise((resolve) => server.close(resolve));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program. */
function start(name: string, lines: string[]): ChildProcess {
  const head = 'import { Broker, component, xml } from "./xmpp-broker.mjs";';
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, [head, ...lines].join("\n"));
  return spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Every line it says, as it says them. */
function listen(child: ChildProcess): { text: string } {
  const said = { text: "" };
  child.stdout?.on("data", (chunk: Buffer) => {
    said.text += chunk.toString();
  });
  return said;
}

const ended = (child: ChildProcess) =>
  new Promise((resolve) =>
    child.once("close", (code, signal) => {
      resolve(code ?? signal);
    }),
  );

test("a broker that waits keeps its process alive, and SIGTERM ends both at once", async () => {
  const told = 'staying.on("reconnect:scheduled", ({ attempt }) => console.log("wait", attempt));';
  const code = recipe
    .replace("reconnect: true", `port: ${port}, reconnect: { base: 50, cap: 50 }`)
    .replace("process.once", `${told}\nprocess.once`);
  const child = start("staying", [code, 'console.log("closed", reason);']);
  const said = listen(child);
  const end = ended(child);
  await expect.poll(() => said.text).toContain("wait 5\n");
  child.kill("SIGTERM");
  expect(await end).toBe(0);
  expect(said.text).toMatch(/\nclosed undefined\n$/);
});

test("nothing else of a broker keeps its process alive", async () => {
  const child = start("idle", [
    'const dialect = component({ domain: "echo.verona.example", secret: "secret" });',
    'const broker = new Broker({ dialect, host: "127.0.0.1", reconnect: true });',
    'broker.send(xml("message", { to: "a@b" }));',
    'broker.waitFor("/message", { timeout: 60_000 });',
    "console.log(broker.queue.size);",
  ]);
  const said = listen(child);
  expect(await ended(child)).toBe(0);
  expect(said.text).toBe("1\n");
});
