import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { BrokerOptions } from "../../src/broker/options.ts";
import { Broker, type Dialect, jabberd2, xmpp } from "../../src/node.ts";
import {
  type LoopbackOptions,
  type LoopbackPhase,
  LoopbackServer,
} from "../../src/testing/index.ts";
import { codeSpans, readDocument, section, tableRows } from "./document.ts";

const rows = tableRows(section(readDocument("docs/errors.md"), "When the server misbehaves"));

/** What the page says: phase, then what happens in it. */
function said(phase: string, fault: "refuses" | "cuts" | "mute" | "garbage"): string[] {
  const row = rows.find(([name]) => name === phase);
  expect(row, `there is a row ${phase}`).toBeDefined();
  const column = { refuses: 1, cuts: 2, mute: 3, garbage: 4 }[fault];
  return codeSpans(row?.[column] ?? "");
}

const open: { close(): Promise<void> | Server }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function serve(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore" },
    router: { username: "jabberd", password: "secret" },
    session: "required",
    ...options,
  });
  open.push(server);
  return server;
}

const juliet = xmpp({ jid: "juliet@verona.example/balcony", password: "wherefore" });

function guest(server: LoopbackServer, options: Partial<BrokerOptions> = {}): Broker {
  return new Broker({
    dialect: juliet,
    host: "127.0.0.1",
    port: server.ports.client,
    tls: { ca: server.ca },
    ...options,
  });
}

/** What `connect` ends in, or, once connected, what `closed` does. */
async function end(broker: Broker): Promise<string | undefined> {
  try {
    await broker.connect();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return (await broker.closed)?.code;
}

/** Each phase of the page: where the server stops there, and the event after which the broker is in it. */
const phases = {
  "stream header, features": { mute: "stream", event: "stream:start" },
  STARTTLS: { mute: "tls", event: "tls:start" },
  authentication: { mute: "auth", event: "auth:start" },
  bind: { mute: "bind", event: "bind:start" },
  session: { mute: "session", event: "session:start" },
  ready: { mute: "ready", event: "ready" },
} as const satisfies Record<string, { mute: LoopbackPhase; event: string }>;

const names = Object.keys(phases) as (keyof typeof phases)[];
const labels: Partial<Record<keyof typeof phases, string>> = {
  ready: "ready (`closed` resolves with it)",
};

/** Enough to get there, not enough to wait for what never comes. */
const soon = 150;

test.each(names)("%s: a server that stays mute", async (name) => {
  const server = await serve();
  const { mute } = phases[name];
  server.faults.mute(mute);
  const step = {
    stream: "stream",
    tls: "tls",
    auth: "auth",
    bind: "bind",
    session: "bind",
    ready: "connect",
  }[mute];
  const broker = guest(server, {
    timeouts: { [step]: soon },
    keepAlive: { interval: soon, timeout: soon },
  });
  expect(said(labels[name] ?? name, "mute")).toEqual([await end(broker)]);
});

test.each(names)("%s: a server that cuts the connection", async (name) => {
  const server = await serve();
  const { mute, event } = phases[name];
  server.faults.mute(mute);
  const broker = guest(server);
  broker.on(event, () => {
    setImmediate(() => {
      server.faults.cut();
    });
  });
  // Before the handshake and in it, STARTTLS ends differently: the page has both.
  expect(said(labels[name] ?? name, "cuts")).toContain(await end(broker));
});

test.each(names)("%s: a server that sends garbage", async (name) => {
  const server = await serve();
  const { mute, event } = phases[name];
  server.faults.mute(mute);
  const broker = guest(server);
  broker.on(event, () => {
    // Until the broker has had enough: it may not be there yet.
    const more = setInterval(() => {
      server.faults.inject("<<< this is not XML");
    }, 5);
    void broker.closed.finally(() => {
      clearInterval(more);
    });
  });
  expect(said(labels[name] ?? name, "garbage")).toEqual([await end(broker)]);
});

test("connection: a server that is not there", async () => {
  const server = await serve();
  server.faults.refuse();
  expect(said("connection", "refuses")).toEqual([await end(guest(server))]);
});

test("connection: nothing that answers", async () => {
  const server = await serve();
  const broker = guest(server, {
    timeouts: { connect: soon },
    transport: () => new Promise(() => undefined),
  });
  expect(said("connection", "mute")).toEqual([await end(broker)]);
});

/** Something that listens, and does what the test says with whoever comes. */
async function listen(greet: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(greet);
  open.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test.each([
  ["cuts", (socket: import("node:net").Socket) => socket.once("data", () => socket.destroy())],
  ["mute", (socket: import("node:net").Socket) => socket.on("error", () => socket.destroy())],
  ["garbage", (socket: import("node:net").Socket) => socket.end("<<< this is not TLS")],
] as const)("direct TLS: a server that %s", async (fault, greet) => {
  const port = await listen(greet);
  const broker = new Broker({
    dialect: juliet,
    host: "127.0.0.1",
    port,
    tls: "direct",
    timeouts: { tls: soon },
  });
  expect(said("direct TLS", fault)).toEqual([await end(broker)]);
});

test.each<[string, Dialect, "client" | "router"]>([
  ["authentication", xmpp({ jid: "juliet@verona.example", password: "wrong" }), "client"],
  [
    "bind",
    jabberd2({
      domain: "verona.example",
      username: "jabberd",
      password: "secret",
      bind: { names: ["forbidden.example"] },
    }),
    "router",
  ],
])("%s: a server that refuses", async (name, dialect, port) => {
  const router = { username: "jabberd", password: "secret", names: ["allowed.example"] };
  const server = await serve({ router });
  const broker = guest(server, { dialect, port: server.ports[port] });
  expect(said(name, "refuses")).toEqual([await end(broker)]);
});

test("direct TLS: a certificate that is not trusted", async () => {
  const server = await serve();
  const broker = guest(server, { port: server.ports.clientTls, tls: "direct" });
  expect(said("direct TLS", "refuses")).toEqual([await end(broker)]);
});

test.each(["stream header, features", "ready"] as const)("%s: a stream error", async (name) => {
  const server = await serve();
  server.faults.mute(name === "ready" ? "ready" : "features");
  const broker = guest(server);
  const when = name === "ready" ? "ready" : "stream:start";
  broker.on(when, () => {
    const error = "<not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
    setTimeout(() => {
      server.faults.inject(`<stream:error>${error}</stream:error></stream:stream>`);
    }, 50);
  });
  expect(said(labels[name as keyof typeof phases] ?? name, "refuses")).toEqual([await end(broker)]);
});
