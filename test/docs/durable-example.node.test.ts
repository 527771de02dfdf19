import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "./document.ts";

const COUNT = 1000;
const folder = mkdtempSync(join(tmpdir(), "durable-"));
const children: ChildProcess[] = [];
let server: LoopbackServer;

beforeAll(async () => {
  server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore", romeo: "but soft" },
  });
  const names = ["durable-bot", "receiver-without-repeats"];
  await build({
    entryPoints: names.map((name) => fileURLToPath(locate(`examples/${name}.js`))),
    bundle: true,
    format: "esm",
    platform: "node",
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    tsconfig: fileURLToPath(locate("tsconfig.json")),
  });
});

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Runs an example, and listens to its lines. */
function start(name: string, jid: string, password: string) {
  const child = spawn(process.execPath, [join(folder, `${name}.mjs`), join(folder, "bot")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      XMPP_JID: jid,
      XMPP_PASSWORD: password,
      XMPP_TO: "romeo@verona.example/orchard",
      XMPP_HOST: "127.0.0.1",
      XMPP_PORT: String(server.ports.client),
      XMPP_CA: server.ca,
    },
  });
  children.push(child);
  const lines: string[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  const ended = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => {
      resolve(String(signal ?? code));
    });
  });
  return { child, lines, ended };
}

test("a bot that is killed again and again sends each of a thousand notes, in order, and repeats are dropped", async () => {
  const receiver = start("receiver-without-repeats", "romeo@verona.example/orchard", "but soft");
  await expect.poll(() => receiver.lines).toContain("ready");
  const received = () => receiver.lines.filter((line) => line.startsWith("received"));
  const sender = () => start("durable-bot", "juliet@verona.example/balcony", "wherefore");
  // (The server is in this process: the bot cannot finish without a turn in which this sees how far it is.)
  const newest = () => Number(/\d+$/.exec(server.received.at(-1)?.element.attrs.id ?? "0"));
  for (const least of [50, 300, 650]) {
    const bot = sender();
    await expect.poll(newest, { interval: 1 }).toBeGreaterThan(least);
    bot.child.kill("SIGKILL");
    expect(await bot.ended).toBe("SIGKILL");
    expect(bot.lines).not.toContain("all sent");
  }
  const last = sender();
  expect(await last.ended).toBe("0");
  expect(last.lines).toEqual(["ready", "all sent"]);
  await expect.poll(() => received().length).toBe(COUNT);
  receiver.child.kill("SIGTERM");
  await receiver.ended;
  expect(received()).toEqual(
    Array.from({ length: COUNT }, (_, index) => `received Note ${index + 1}`),
  );
});
