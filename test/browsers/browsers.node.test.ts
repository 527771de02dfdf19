import { readFileSync } from "node:fs";
import type { Page } from "playwright";
import { beforeAll, describe, expect, test } from "vitest";
import { Broker, xml, xmpp } from "../../src/node.ts";
import type { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "../docs/document.ts";
import { BUNDLERS, type Bundler, bundle } from "./bundle.ts";
import { openProgram, type PageOptions, serveFiles, serveXmpp, USERS } from "./chromium.ts";

const PROGRAM = locate("test/browsers/program.js").pathname;

const bundles = new Map<Bundler, string>();

beforeAll(async () => {
  for (const bundler of BUNDLERS) bundles.set(bundler, await bundle(bundler));
});

function open(
  server: LoopbackServer,
  { bundler = "esbuild", ...options }: PageOptions & { bundler?: Bundler } = {},
): Promise<Page> {
  return openProgram(server.ports.https, bundles.get(bundler) ?? "", options);
}

/** The result of a program in a browser. A browser shows nothing of its TLS. */
const DONE = {
  jid: "juliet@capulet.example/balcony",
  body: "grüße ❤",
  state: "acked",
  tls: { protocol: "unknown", cipher: "unknown" },
};

describe.each(BUNDLERS)("bundled by %s", (bundler) => {
  test("a page finds its server by host-meta, and is ready", async () => {
    const server = await serveXmpp();
    const page = await open(server, { bundler });
    expect(await page.evaluate("run()")).toMatchObject(DONE);
    expect(server.connections).toMatchObject([{ port: "https", phase: "ready" }]);
  });

  test("nothing asks for node or evaluates text", () => {
    const code = bundles.get(bundler) ?? "";
    expect(code).not.toMatch(/from\s*["']node:|require\(|\beval\(|new Function\(/);
    expect(code).not.toContain("WebSocketServer");
  });
});

test.each([
  [
    "a worker",
    "new Promise((resolve) => { const w = new Worker('program.js', { type: 'module' }); w.onmessage = ({ data }) => resolve(data); w.postMessage('go'); })",
  ],
  [
    "a SharedWorker",
    "new Promise((resolve) => { const w = new SharedWorker('program.js', { type: 'module' }); w.port.onmessage = ({ data }) => resolve(data); w.port.start(); })",
  ],
])("%s is ready too", async (_, script) => {
  const server = await serveXmpp();
  const page = await open(server);
  expect(await page.evaluate(script)).toMatchObject(DONE);
});

describe("a page that stays", () => {
  const OPTIONS = "{ reconnect: { base: 60_000, cap: 120_000 } }";
  const phases = (page: Page): Promise<string[]> => page.evaluate("log");

  test("goes on with its session when the server's line is cut", async () => {
    const server = await serveXmpp({ management: {} });
    const page = await open(server);
    await page.evaluate("run({ reconnect: { base: 50 } })");
    server.faults.cut();
    await expect.poll(() => phases(page)).toContain("resumed");
  });

  test("comes back at once when its network does", async () => {
    const server = await serveXmpp({ management: {} });
    const page = await open(server);
    await page.evaluate(`run(${OPTIONS})`);
    await page.context().setOffline(true);
    server.faults.cut();
    await expect.poll(async () => (await phases(page)).at(-1)).toMatch(/^waiting/);
    await page.context().setOffline(false);
    await expect.poll(() => phases(page)).toContain("resumed");
  });

  test.each([
    ["thaws", "document.dispatchEvent(new Event('resume'))"],
    [
      "comes out of the cache",
      "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
    ],
    ["goes offline", "dispatchEvent(new Event('offline'))"],
  ])(
    "is probed when it %s, so that it learns at once if its connection is gone",
    async (_, script) => {
      const server = await serveXmpp({ management: {} });
      const page = await open(server);
      await page.evaluate(`run(${OPTIONS})`);
      server.faults.mute("ready");
      await page.evaluate(script);
      await expect.poll(() => phases(page)).toContain("waiting SOCKET_DEAD");
    },
  );

  test("that is left and opened again is ready again, and its old connection is gone", async () => {
    const server = await serveXmpp({ conflict: "replace" });
    const page = await open(server);
    await page.evaluate(`run(${OPTIONS})`);
    await page.goto("about:blank");
    await expect.poll(() => server.connections.length).toBe(0);
    await page.goBack();
    await page.waitForFunction("globalThis.run !== undefined");
    expect(await page.evaluate("run()")).toMatchObject(DONE);
  });

  test("that comes out of the back-forward cache resumes its session, and nothing is lost", async () => {
    const server = await serveXmpp({ management: {} });
    const page = await open(server, { hasCache: true });
    await page.evaluate(`run(${OPTIONS})`);
    await page.evaluate(`note({
      pagehide: "sent when it is left", pageshow: "sent when it is back",
    })`);
    await page.goto(await serveFiles({ "": "<title>Elsewhere</title>" }));
    // The browser keeps the connection, and nobody reads it.
    expect(server.connections.map(({ phase }) => phase)).toEqual(["ready"]);
    await using romeo = new Broker({
      ...{ host: "127.0.0.1", port: server.ports.client, tls: { ca: server.ca } },
      dialect: xmpp({ jid: "romeo@capulet.example", password: USERS.romeo }),
    });
    await romeo.connect();
    const to = "juliet@capulet.example/balcony";
    romeo.send(xml("message", { to }, xml("body", {}, "sent meanwhile")));
    await romeo.acked();
    await page.evaluate("history.back()").catch(() => undefined);
    const notes = (): Promise<string[]> => page.evaluate<string[]>("notes").catch(() => []);
    await expect.poll(async () => (await notes()).length).toBe(5);
    expect((await notes()).sort()).toEqual([
      "pagehide, persisted",
      "pageshow, persisted",
      "sent meanwhile",
      "sent when it is back",
      "sent when it is left",
    ]);
    const [, ...later] = (await phases(page)).join(" ").split("fresh");
    expect(later).toHaveLength(1);
    expect(later[0]).toMatch(/^ closing waiting DISCONNECTED connecting.* ready resumed$/);
  });
});

test("options of TLS that the platform would ignore are refused", async () => {
  const server = await serveXmpp();
  const page = await open(server);
  const failed = page.evaluate("run({ tls: { minVersion: 'TLSv1.3' } })");
  await expect(failed).rejects.toThrow(
    "tls.minVersion cannot be given where the platform does TLS",
  );
});

test("the program names no address, so a domain without host-meta is LOOKUP_FAILED", async () => {
  expect(readFileSync(PROGRAM, "utf8")).not.toContain("wss:");
  const server = await serveXmpp();
  await server.close();
  const page = await open(server);
  await expect(page.evaluate("run()")).rejects.toThrow(/looked up|host-meta/);
});
