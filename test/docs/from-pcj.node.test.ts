import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BrokerEvents } from "../../src/contract/events.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import * as library from "../../src/node.ts";
import { LoopbackServer } from "../../src/testing/index.ts";
import { codeSpans, locate, readDocument, section, tableRows } from "./document.ts";

const { Broker, component, jabberd2, legacy, xml, xmpp } = library;
const page = readDocument("docs/from-pcj.md");

/** The rows of the table under a heading: what it is called there, what it is called here. */
function rows(heading: string): [there: string, here: string[]][] {
  return tableRows(section(page, heading)).map(([there = "", here = ""]) => [
    codeSpans(there)[0] ?? there,
    codeSpans(here),
  ]);
}

/** The names of the ancestor, from its manual and its code. */
const ancestor: Record<string, string> = {
  Arguments: `IP PORT HOSTNAME USERNAME PASSWORD RESOURCE ALIAS CONNECTIONTYPE VERSION XMLNS STREAM
    DEBUG PLAINTEXT BINDDOMAIN BINDOPTION`,
  Methods: `new wheel sock sid jid config pending queue _reset _gather_options relinquish_states`,
  "Input events": `output return_to_sender xpath_filter shutdown connect reconnect purge_queue halt`,
  "Output events": `PCJ_CONNECT PCJ_CONNECTING PCJ_CONNECTED PCJ_CONNECTFAIL PCJ_STREAMSTART
    PCJ_STREAMEND PCJ_NODESENT PCJ_NODERECEIVED PCJ_NODEQUEUED PCJ_SSLNEGOTIATE PCJ_SSLSUCCESS
    PCJ_SSLFAIL PCJ_AUTHNEGOTIATE PCJ_AUTHSUCCESS PCJ_AUTHFAIL PCJ_BINDNEGOTIATE PCJ_BINDSUCCESS
    PCJ_BINDFAIL PCJ_SESSIONNEGOTIATE PCJ_SESSIONSUCCESS PCJ_SESSIONFAIL PCJ_RTS_START
    PCJ_RTS_FINISH PCJ_READY PCJ_SHUTDOWN_START PCJ_SHUTDOWN_FINISH PCJ_SOCKETFAIL
    PCJ_SOCKETDISCONNECT`,
  Dialects: `XMPP LEGACY JABBERD14_COMPONENT JABBERD20_COMPONENT`,
  Nodes: `new setAttributes getAttributes appendChild appendText appendTextChild
    getSingleChildByTagName getChildrenHash textContent cloneNode toString findnodes stream_start
    stream_end`,
};

test.each(Object.entries(ancestor))("%s: each of the ancestor's has its row", (heading, names) => {
  expect(rows(heading).map(([there]) => there)).toEqual(names.split(/\s+/));
});

/** One run of a broker: what it was, what it reported, what it traced. */
interface Run {
  readonly broker: library.Broker;
  readonly events: string[];
  readonly trace: string[];
}

let server: LoopbackServer;
let runs: Record<"xmpp" | "legacy" | "component" | "jabberd2", Run>;
/** Every event that fired in any run, the failures included. */
const fired = new Set<string>();

function start(dialect: Dialect, port: number, options: Partial<BrokerOptions> = {}): Run {
  const trace: string[] = [];
  const events: string[] = [];
  const broker = new Broker({
    dialect,
    host: "127.0.0.1",
    port,
    trace: ({ text }) => trace.push(text),
    ...options,
  });
  for (const [, here] of rows("Output events")) {
    for (const event of here) {
      broker.on(event as keyof BrokerEvents, () => {
        events.push(event);
        fired.add(event);
      });
    }
  }
  return { broker, events, trace };
}

/** A run that cannot be: resolves with the code it ended in. */
async function failure({ broker }: Run): Promise<unknown> {
  return await broker.connect().then(
    () => "ready",
    (error: unknown) => (error as { code: unknown }).code,
  );
}

const juliet = { jid: "juliet@verona.example/balcony", password: "wherefore" };
const impatient = { timeouts: { bind: 100 } };

beforeAll(async () => {
  server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore", romeo: "but soft" },
    components: { "echo.verona.example": "secret" },
    router: { username: "jabberd", password: "secret" },
    session: "required",
  });
  const { client, component: components, router } = server.ports;
  const tls = { ca: server.ca };
  runs = {
    xmpp: start(xmpp(juliet), client, { tls }),
    legacy: start(legacy({ jid: "romeo@verona.example/orchard", password: "but soft" }), client),
    component: start(component({ domain: "echo.verona.example", secret: "secret" }), components),
    jabberd2: start(
      jabberd2({
        domain: "verona.example",
        username: "jabberd",
        password: "secret",
        bind: { names: ["news.verona.example"] },
      }),
      router,
      { tls },
    ),
  };

  // All four, each queueing, sending, receiving, asking and leaving.
  for (const { broker } of Object.values(runs)) {
    const early = broker.waitFor("/message[@id='early']");
    broker.send(xml("message", { to: "echo.verona.example" }));
    await broker.connect();
    broker.queue.clear();
    broker.send(xml("message", { to: broker.jid, id: "early" }));
    await early;
    const ping = xml("ping", { xmlns: "urn:xmpp:ping" });
    await broker.request(xml("iq", { type: "get", to: broker.jid }, ping));
  }
  await runs.component.broker.shutdown();
});

afterAll(async () => {
  for (const { broker } of Object.values(runs)) await broker.shutdown();
  await server.close();
});

describe("arguments", () => {
  const password = "p";
  const broker = (options: Partial<BrokerOptions>): library.Broker =>
    new Broker({ dialect: xmpp(juliet), ...options });

  /** Each option named on the page, given, and where it can be seen to be taken. */
  const taken: Record<string, () => unknown> = {
    host: () => broker({ host: "other.example" }).settings.host === "other.example",
    port: () => broker({ port: 5299 }).settings.port === 5299,
    dialect: () => broker({}).settings.dialect.name === "xmpp",
    "overrides.version": async () => (await header({ version: "0.9" })).includes("version='0.9'"),
    "overrides.xmlns": async () => (await header({ xmlns: "urn:x" })).includes("xmlns='urn:x'"),
    "overrides.stream": async () =>
      (await header({ stream: "urn:s" })).includes("xmlns:stream='urn:s'"),
    trace: () => runs.xmpp.trace.some((text) => text.startsWith("<stream:stream ")),
    "xmpp({ jid })": () => xmpp({ jid: "a@b.example/r", password }).domain === "b.example",
    "xmpp({ password })": () => runs.xmpp.events.includes("auth:success"),
    "legacy({ jid })": () => legacy({ jid: "a@b.example", password }).domain === "b.example",
    "legacy({ password })": () => runs.legacy.events.includes("auth:success"),
    "legacy({ plaintext })": () => legacy({ jid: "a@b.example", password, plaintext: true }),
    "component({ domain })": () =>
      component({ domain: "c.example", secret: "s" }).domain === "c.example",
    "component({ secret })": () => runs.component.events.includes("auth:success"),
    "jabberd2({ domain })": () => runs.jabberd2.broker.settings.dialect.domain === "verona.example",
    "jabberd2({ username })": () => runs.jabberd2.events.includes("auth:success"),
    "jabberd2({ password })": () => runs.jabberd2.events.includes("auth:success"),
    "jabberd2({ bind.names })": () => runs.jabberd2.broker.jid === "news.verona.example",
    "jabberd2({ bind.log })": () => binding({ log: true }),
    "jabberd2({ bind.default })": () => binding({ default: true }),
  };

  /** The stream header that goes out with these overrides. */
  async function header(overrides: NonNullable<BrokerOptions["overrides"]>): Promise<string> {
    const [near] = library.memoryPair();
    const overridden = broker({ overrides, transport: () => Promise.resolve(near) });
    const sent = new Promise<string>((resolve) => {
      overridden.on("stream:start", (start) => {
        resolve(start.header);
      });
    });
    const end = overridden.connect().catch(() => undefined);
    const text = await sent;
    overridden.halt();
    await end;
    return text;
  }

  function binding(bind: NonNullable<Parameters<typeof jabberd2>[0]["bind"]>): unknown {
    return jabberd2({ domain: "a.example", username: "u", password, bind });
  }

  test.each(rows("Arguments").flatMap(([there, here]) => here.map((name) => [there, name])))(
    "%s is taken as %s",
    async (_, name = "") => {
      expect(taken[name], `there is no check of ${name}`).toBeDefined();
      expect(await taken[name]?.()).toBeTruthy();
    },
  );
});

/** Follows a name such as `broker.queue.flush` through what the page speaks of. */
function resolve(name: string): unknown {
  const { broker } = runs.xmpp;
  const element = xml("message", {}, xml("body"));
  const context = { ...library, ...broker.settings.dialect, broker, element };
  let value: unknown = context;
  for (const part of name.split(".")) value = (value as Record<string, unknown>)[part];
  return value;
}

describe("methods, input events and nodes", () => {
  test.each(
    ["Methods", "Input events", "Nodes"].flatMap((heading) =>
      rows(heading).flatMap(([there, here]) => here.map((name) => [there, name])),
    ),
  )("%s is %s", (_, name = "") => {
    if (name.includes(":")) expect(fired).toContain(name);
    else expect(resolve(name)).toBeDefined();
  });

  test("each input event is a method", () => {
    for (const [, here] of rows("Input events")) {
      for (const name of here) expect(resolve(name), name).toBeTypeOf("function");
    }
  });
});

describe("output events", () => {
  test.each<[keyof typeof runs, string[]]>([
    ["xmpp", ["tls", "auth", "bind", "session"]],
    ["legacy", ["auth"]],
    ["component", ["auth"]],
    ["jabberd2", ["tls", "auth", "bind"]],
  ])("%s negotiates in order and is then ready", (name, layers) => {
    const login = runs[name].events.slice(0, runs[name].events.indexOf("ready") + 1);
    const steps = login.filter((event) => event !== "stream:start");
    expect(steps).toEqual([
      "queued",
      "connect",
      "connecting",
      "connected",
      ...layers.flatMap((layer) => [`${layer}:start`, `${layer}:success`]),
      "ready",
    ]);
    expect(login.filter((event) => event === "stream:start")).toHaveLength(
      layers.includes("tls") ? 3 : 1,
    );
  });

  test("a server that cannot be reached", async () => {
    const other = await LoopbackServer.start();
    other.faults.refuse();
    const run = start(xmpp(juliet), other.ports.client);
    expect(await failure(run)).toBe("CONNECT_FAILED");
    expect(run.events).toEqual(["connect", "connecting", "connect:failure", "socket:close"]);
    await other.close();
  });

  test("a certificate of an unknown authority", async () => {
    const run = start(xmpp(juliet), server.ports.client);
    expect(await failure(run)).toBe("TLS_FAILED");
    expect(run.events).toContain("tls:failure");
  });

  test("a wrong password", async () => {
    const tls = { ca: server.ca };
    const run = start(xmpp({ ...juliet, password: "wrong" }), server.ports.client, { tls });
    expect(await failure(run)).toBe("AUTH_FAILED");
    expect(run.events).toContain("auth:failure");
  });

  test.each([
    ["bind", "bind:failure"],
    ["session", "session:failure"],
  ] as const)("a server that falls silent at %s", async (phase, event) => {
    const other = await LoopbackServer.start({
      domain: "verona.example",
      users: { juliet: "wherefore" },
      session: "required",
    });
    other.faults.mute(phase);
    const run = start(xmpp(juliet), other.ports.client, { ...impatient, tls: { ca: other.ca } });
    expect(await failure(run)).toBe("TIMEOUT_BIND");
    expect(run.events).toContain(event);
    await other.close();
  });

  test("a connection that is cut", async () => {
    const other = await LoopbackServer.start({ components: { "echo.example": "secret" } });
    const run = start(
      component({ domain: "echo.example", secret: "secret" }),
      other.ports.component,
    );
    await run.broker.connect();
    other.faults.cut();
    expect(await run.broker.closed).toMatchObject({ code: "DISCONNECTED" });
    expect(run.events.slice(-2)).toEqual(["socket:error", "socket:close"]);
    await other.close();
  });

  test("a shutdown", () => {
    expect(runs.component.events.slice(-4)).toEqual([
      "shutdown:start",
      "stream:end",
      "socket:close",
      "shutdown:finish",
    ]);
  });

  // After all of the above.
  test.each(rows("Output events"))("%s fires as %s", (_, here) => {
    expect(here).toHaveLength(1);
    expect(fired).toContain(here[0]);
  });
});

test.each(rows("Dialects"))("%s is the dialect %s", (_, [name = ""]) => {
  expect(resolve(name)).toBeTypeOf("function");
  expect(runs).toHaveProperty([name, "events"], expect.arrayContaining(["ready"]));
});

test.each(rows("Examples"))("there is an example: %s", (_, [path = ""]) => {
  expect(existsSync(locate(path))).toBe(true);
});

test("there is an example for each of the four", () => {
  expect(rows("Examples")).toHaveLength(4);
});
