import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrokerEvents } from "../../src/contract/events.ts";
import { type BrokerOptions, DEFAULTS } from "../../src/contract/options.ts";
import type { ComponentOptions } from "../../src/dialect/component.ts";
import type { Jabberd2Options } from "../../src/dialect/jabberd2.ts";
import type { LegacyOptions } from "../../src/dialect/legacy.ts";
import type { XmppOptions } from "../../src/dialect/xmpp.ts";
import * as library from "../../src/node.ts";
import * as testing from "../../src/testing/index.ts";
import { codeBlocks, codeSpans, readDocument, section, tableRows } from "./document.ts";

const page = readDocument("README.md");
const [opening = "", ...beforeRecipes] = codeBlocks(
  page.slice(0, page.indexOf("## Recipes")),
  "js",
);
const recipes = codeBlocks(section(page, "Recipes"), "js");
const titles = [...section(page, "Recipes").matchAll(/^### (.*)$/gm)].map(([, title]) => title);

const modules: Record<string, object> = {
  "xmpp-broker": library,
  "xmpp-broker/testing": testing,
};

const IMPORT = /^import \{ (.*) \} from "(.*)";$/gm;

type Body = (...values: unknown[]) => Promise<unknown>;
const AsyncFunction = (async () => {
  /* only its constructor is wanted */
}).constructor as new (
  ...namesAndBody: string[]
) => Body;

/**
 * Runs a snippet as a module would be run: its imports must exist, all else that it names is given.
 * Resolves with the variables asked for.
 */
async function execute(
  snippet: string,
  given: Record<string, unknown>,
  wanted: string[] = [],
): Promise<Record<string, unknown>> {
  const scope = { ...given };
  for (const [, names = "", from = ""] of snippet.matchAll(IMPORT)) {
    const module = from.startsWith("node:") ? ((await import(from)) as object) : modules[from];
    expect(module, `${from} is one of the package's entries`).toBeDefined();
    for (const each of names.split(",")) {
      const [name = "", alias = name] = each.trim().split(" as ");
      expect(module, `${from} exports ${name}`).toHaveProperty(name);
      scope[alias] = (module as Record<string, unknown>)[name];
    }
  }
  // In a block of its own, a snippet may declare what it was also given.
  const body = `{${snippet.replace(IMPORT, "")}\nreturn { ${wanted.join(", ")} };}`;
  const run = new AsyncFunction(...Object.keys(scope), body);
  return (await run(...Object.values(scope))) as Record<string, unknown>;
}

describe("the snippet at the top", () => {
  test("is the only one before the recipes, and has ten lines at most", () => {
    expect(beforeRecipes).toEqual([]);
    expect(opening.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  });

  test("runs, and echoes what it is sent", async () => {
    const server = await testing.LoopbackServer.start({
      components: { "echo.example.org": "s3cr3t", "probe.example.org": "secret" },
    });
    const port = server.ports.component;
    const probe = new library.Broker({
      dialect: library.component({ domain: "probe.example.org", secret: "secret" }),
      host: "127.0.0.1",
      port,
    });
    await probe.connect();
    const { broker } = await execute(opening.replace("5347", String(port)), {}, ["broker"]);

    const echo = probe.waitFor("/message/body");
    const { xml } = library;
    probe.send(
      xml("message", { to: "echo.example.org", type: "chat" }, xml("body", {}, "Hello, echo")),
    );
    const { stanza } = await echo;
    expect(stanza.attrs).toMatchObject({ from: "echo.example.org", to: "probe.example.org" });
    expect(stanza.childText("body")).toBe("Hello, echo");

    await (broker as library.Broker).shutdown();
    await probe.shutdown();
    await server.close();
  });
});

describe("the recipes", () => {
  let server: testing.LoopbackServer;

  beforeAll(async () => {
    server = await testing.LoopbackServer.start({
      domain: "verona.example",
      users: { juliet: "wherefore" },
      components: { "echo.verona.example": "secret" },
    });
  });

  afterAll(async () => {
    await server.close();
  });

  test("there is one snippet for each", () => {
    expect(recipes).toHaveLength(titles.length);
  });

  test.each(titles.map((title, index) => [title, recipes[index] ?? ""]))("%s", async (_, code) => {
    const broker = new library.Broker({
      dialect: library.component({ domain: "echo.verona.example", secret: "secret" }),
      host: "127.0.0.1",
      port: server.ports.component,
    });
    await broker.connect();
    const surroundings = {
      broker,
      readFile: (path: string) => Promise.resolve(path.endsWith(".pem") ? server.ca : "wherefore"),
      process: { once: () => undefined },
      console: { log: () => undefined },
    };
    try {
      await execute(code, { ...library, ...surroundings });
    } finally {
      await broker.shutdown();
    }
  });
});

describe("the tables", () => {
  /** Each name in a table's first column, and what stands in its second. */
  function table(text: string): Map<string, string> {
    return new Map(
      tableRows(text).map(([name = "", value = ""]) => [codeSpans(name)[0] ?? "", value]),
    );
  }

  test("each default that is a number is the one in force", () => {
    const said = new Map([...table(section(page, "Options")), ...table(section(page, "Limits"))]);
    for (const [group, defaults] of Object.entries(DEFAULTS)) {
      if (typeof defaults !== "object") continue;
      for (const [name, value] of Object.entries(defaults)) {
        expect([`${group}.${name}`, said.get(`${group}.${name}`)]).toEqual([
          `${group}.${name}`,
          `\`${String(value)}\``,
        ]);
      }
    }
  });

  test("each option has its row", () => {
    // A new option fails to compile here before it is missing there.
    const options: Record<keyof BrokerOptions, true> = {
      dialect: true,
      host: true,
      port: true,
      tls: true,
      queue: true,
      unhandled: true,
      keepAlive: true,
      reconnect: true,
      timeouts: true,
      limits: true,
      trace: true,
      transport: true,
      overrides: true,
      lookup: true,
      inbox: true,
    };
    const named = [...table(section(page, "Options")).keys()].map((name) => name.split(".")[0]);
    expect([...new Set(named)].sort()).toEqual(Object.keys(options).sort());
  });

  test("each option of a dialect has its row", () => {
    type Names = keyof XmppOptions | keyof LegacyOptions | keyof ComponentOptions;
    const options: Record<Names | keyof Jabberd2Options, true> = {
      jid: true,
      password: true,
      mechanisms: true,
      authzid: true,
      plaintext: true,
      domain: true,
      secret: true,
      username: true,
      bind: true,
      envelopes: true,
      relays: true,
    };
    const [, dialects = ""] = section(page, "Options").split("The dialects:");
    expect([...table(dialects).keys()]).toEqual(Object.keys(options));
  });

  test("each event has its row", () => {
    const events: Record<keyof BrokerEvents, true> = {
      connect: true,
      connecting: true,
      connected: true,
      "connect:failure": true,
      "stream:start": true,
      "stream:end": true,
      "tls:start": true,
      "tls:success": true,
      "tls:failure": true,
      "auth:start": true,
      "auth:success": true,
      "auth:failure": true,
      "bind:start": true,
      "bind:success": true,
      "bind:failure": true,
      "session:start": true,
      "session:success": true,
      "session:failure": true,
      ready: true,
      sent: true,
      received: true,
      queued: true,
      "request:start": true,
      "request:finish": true,
      "shutdown:start": true,
      "shutdown:finish": true,
      "socket:error": true,
      "socket:close": true,
      phase: true,
      delivery: true,
      returned: true,
      dropped: true,
      error: true,
      trace: true,
    };
    expect([...table(section(page, "Events")).keys()]).toEqual(Object.keys(events));
  });
});
