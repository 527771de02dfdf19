import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Broker, component, xml } from "../../src/node.ts";
import { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "./document.ts";
import { EXAMPLES, environmentOf, linesOf, startVerona } from "./verona.ts";

let server: LoopbackServer;

beforeAll(async () => {
  server = await startVerona();
});

afterAll(async () => {
  await server.close();
});

const secured = "secured with TLSv1.3";

/** The lines that an example prints before it is ready. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  "xmpp-client.js": [secured, "authenticated with SCRAM-SHA-512"],
  "legacy-client.js": ["authenticated with jabber:iq:auth digest"],
  "jabberd2-component.js": [secured, "authenticated with DIGEST-MD5"],
};

test.each(EXAMPLES)("examples/$file writes to itself", async (example) => {
  const { file } = example;
  const before = BEFORE[file] ?? [];
  const environment = environmentOf(example, server);
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  const log = vi.spyOn(console, "log").mockReturnValue();
  try {
    // A program is run by importing it: it ends when it has closed.
    await import(/* @vite-ignore */ locate(`examples/${file}`).pathname);
    const lines = log.mock.calls.map((words) => words.join(" "));
    for (const [index, line] of before.entries()) expect(lines[index]).toContain(line);
    expect(lines.slice(before.length)).toEqual(linesOf(example));
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
  }
});

test("examples/staying-component.js waits for its server, survives its restart, and leaves when told to", async () => {
  const restarting = await LoopbackServer.start({
    domain: "verona.example",
    components: { "echo.verona.example": "secret", "probe.verona.example": "secret" },
  });
  const { component: port } = restarting.ports;
  const environment = {
    XMPP_DOMAIN: "echo.verona.example",
    XMPP_PASSWORD: "secret",
    XMPP_HOST: "127.0.0.1",
    XMPP_PORT: String(port),
  };
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  const log = vi.spyOn(console, "log").mockReturnValue();
  const lines = (): string[] => log.mock.calls.map((words) => words.join(" "));
  const isReady = (times: number) =>
    expect
      .poll(() => lines().filter((line) => line === "ready as echo.verona.example").length)
      .toBe(times);
  const probe = new Broker({
    dialect: component({ domain: "probe.verona.example", secret: "secret" }),
    host: "127.0.0.1",
    port,
    reconnect: true,
  });
  try {
    restarting.faults.refuse();
    const running = import(
      /* @vite-ignore */ locate("examples/staying-component.js").pathname
    ) as Promise<unknown>;
    await expect.poll(lines).toContain("waiting for try 2 because of CONNECT_FAILED");
    await restarting.faults.clear();
    await isReady(1);

    restarting.faults.refuse();
    restarting.faults.cut();
    await expect.poll(lines).toContain("waiting for try 1 because of DISCONNECTED");
    await restarting.faults.clear();
    await isReady(2);

    await probe.connect();
    const echo = probe.waitFor("/message/body");
    const body = xml("body", {}, "Hello, echo");
    probe.send(xml("message", { to: "echo.verona.example", type: "chat" }, body));
    expect((await echo).stanza.childText("body")).toBe("Hello, echo");

    process.emit("SIGTERM");
    await running;
    expect(lines().at(-1)).toBe("closed as asked");
  } finally {
    await probe.shutdown();
    await restarting.close();
    log.mockRestore();
    vi.unstubAllEnvs();
  }
});

test("each example is run", () => {
  // Others run the rest: in processes that follow each other, on a server that gives a name to the newest component, and
  // through proxies.
  const others = ["staying-component.js", "redeployed-client.js", "handing-over-component.js"];
  const run = [...EXAMPLES.map(({ file }) => file), ...others];
  // proxies.node.test.ts runs these.
  run.push("socks5-client.js", "http-proxy-client.js");
  // A browser runs the page: test/browsers/example.node.test.ts.
  run.push("browser");
  // durable-example.node.test.ts runs these, in processes that it kills.
  run.push("durable-bot.js", "receiver-without-repeats.js");
  // test/stores runs this, where there is node:sqlite.
  run.push("sqlite-store.js");
  expect(readdirSync(locate("examples")).sort()).toEqual(run.sort());
});
