import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "./document.ts";

let server: LoopbackServer;

beforeAll(async () => {
  server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore", romeo: "but soft" },
    components: { "echo.verona.example": "secret" },
    router: { username: "jabberd", password: "secret of the router" },
  });
});

afterAll(async () => {
  await server.close();
});

/** The environment of each program. */
const environments: Record<string, () => Record<string, string>> = {
  "xmpp-client.js": () => ({
    XMPP_JID: "juliet@verona.example/balcony",
    XMPP_PASSWORD: "wherefore",
    XMPP_PORT: String(server.ports.client),
  }),
  "legacy-client.js": () => ({
    XMPP_JID: "romeo@verona.example/orchard",
    XMPP_PASSWORD: "but soft",
    XMPP_PORT: String(server.ports.client),
  }),
  "component.js": () => ({
    XMPP_DOMAIN: "echo.verona.example",
    XMPP_PASSWORD: "secret",
    XMPP_PORT: String(server.ports.component),
  }),
  "jabberd2-component.js": () => ({
    XMPP_DOMAIN: "news.verona.example",
    XMPP_USERNAME: "jabberd",
    XMPP_PASSWORD: "secret of the router",
    XMPP_PORT: String(server.ports.router),
  }),
};

const secured = "secured with TLSv1.3";

test.each([
  [
    "xmpp-client.js",
    "juliet@verona.example/balcony",
    [secured, "authenticated with SCRAM-SHA-512"],
  ],
  [
    "legacy-client.js",
    "romeo@verona.example/orchard",
    ["authenticated with jabber:iq:auth digest"],
  ],
  ["component.js", "echo.verona.example", []],
  ["jabberd2-component.js", "news.verona.example", [secured, "authenticated with DIGEST-MD5"]],
])("examples/%s writes to itself", async (name, jid, before) => {
  const environment = { XMPP_HOST: "127.0.0.1", XMPP_CA: server.ca, ...environments[name]?.() };
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  const log = vi.spyOn(console, "log").mockReturnValue();
  try {
    // A program is run by importing it: it ends when it has closed.
    await import(/* @vite-ignore */ locate(`examples/${name}`).pathname);
    const lines = log.mock.calls.map((words) => words.join(" "));
    for (const [index, line] of before.entries()) expect(lines[index]).toContain(line);
    expect(lines.slice(before.length)).toEqual([
      `ready as ${jid}`,
      "received Note 1 to self",
      "received Note 2 to self",
      "received Note 3 to self",
      "closed",
    ]);
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
  }
});

test("each example is run", () => {
  expect(readdirSync(locate("examples")).sort()).toEqual(Object.keys(environments).sort());
});
