import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "../docs/document.ts";

/** The folder of the program that is flooded. */
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "xmpp-broker-heap-"));
  await build({
    entryPoints: [fileURLToPath(locate("test/package/heap-guest.ts"))],
    outfile: join(folder, "guest.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Makes the next batch that a server sends; the server may begin to fail with it. */
type Batch = (server: LoopbackServer) => string;

/** The end of a program: its result, or the last words of one that died. */
interface End {
  readonly result?: object;
  readonly died?: string;
}

/** Runs a guest in a heap of so many megabytes, and gives it a batch whenever it asks for one. */
async function run(
  name: string,
  megabytes: number,
  server: LoopbackServer,
  batch: Batch,
): Promise<End> {
  const guest = fork(join(folder, "guest.mjs"), [name, JSON.stringify(server.ports)], {
    execArgv: [`--max-old-space-size=${megabytes}`, "--stack-trace-limit=0"],
    env: {},
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  onTestFinished(() => {
    guest.kill("SIGKILL");
  });
  let result: object | undefined;
  let words = "";
  guest.stderr?.on("data", (chunk: Buffer) => {
    words += String(chunk);
  });
  guest.on("message", (said) => {
    if (said === "more") server.faults.inject(batch(server));
    else ({ result } = said as End);
  });
  await new Promise((resolve) => guest.once("close", resolve));
  if (result !== undefined) return { result };
  return { died: /^FATAL ERROR: .*$/m.exec(words)?.[0] ?? words };
}

async function serve(): Promise<LoopbackServer> {
  const server = await LoopbackServer.start({
    users: { juliet: "secret" },
    components: { "echo.localhost": "secret" },
    router: { username: "jabberd", password: "secret" },
    starttls: "none",
    mechanisms: ["SCRAM-SHA-1"],
  });
  onTestFinished(() => server.close());
  return server;
}

/** A stanza of 64 KB that takes two megabytes of heap. */
const ELEMENTS = "<a/>".repeat(16_000);
const LONG = "x".repeat(60_000);

/** How many stanzas there have been. */
let count = 0;

/** A batch of twenty stanzas. */
const batchOf =
  (stanza: (n: number) => string): Batch =>
  () =>
    Array.from({ length: 20 }, () => stanza(count++)).join("");

/** Nine hundred of these take 1.8 gigabytes, if they are all held. */
const requests = batchOf(
  (n) =>
    `<iq type='get' id='${n}' from='romeo@localhost/${n}'><q xmlns='urn:x'>${ELEMENTS}</q></iq>`,
);
const messages = batchOf(() => `<message from='romeo@localhost'>${ELEMENTS}</message>`);

/** Requests to a component, each with an id of 60 KB. */
const longIds = batchOf(
  (n) =>
    `<iq type='get' id='${n}${LONG}' from='romeo@localhost' to='echo.localhost'><q xmlns='urn:x'/></iq>`,
);

/** The same, from a server that reads no answers. */
const unread: Batch = (server) => {
  server.faults.stall();
  return longIds(server);
};

test.each<[guest: string, megabytes: number, batch: Batch, counts: readonly string[]]>([
  ["a responder that does not answer", 160, requests, ["held"]],
  ["unhandled: ignore", 64, requests, []],
  ["a slow iterator", 160, messages, ["held"]],
  ["a service whose stanzas may come back", 64, () => "", []],
  ["answers with long ids", 100, longIds, []],
  ["answers to a server that does not read", 100, unread, ["dropped"]],
])("%s lives in a heap of %d MB through a flood", async (name, megabytes, batch, counts) => {
  const server = await serve();
  const { result, died } = await run(name, megabytes, server, batch);
  expect(died).toBeUndefined();
  expect(Object.keys(result ?? {})).toEqual(counts);
  for (const count of Object.values(result ?? {})) expect(count).toBeGreaterThan(0);
});

test("stanzas during the login end it before a heap of 160 MB is full", async () => {
  const server = await serve();
  server.faults.mute("bind");
  expect(await run("stanzas during the login", 160, server, messages)).toEqual({
    result: {
      ended:
        "the input exceeds a limit: more than 67108864 bytes (inbox.bytes) before the login was over",
    },
  });
});
