import { createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { Broker, type Dialect, jabberd2, NS, type TraceEntry, xmpp } from "../../src/node.ts";
import {
  type LoopbackOptions,
  type LoopbackPhase,
  LoopbackServer,
} from "../../src/testing/index.ts";
import { codeSpans, readDocument, section, tableRows } from "./document.ts";

const rows = tableRows(section(readDocument("docs/errors.md"), "When the server misbehaves"));

/** The code the page gives for what happens in a phase. */
function said(phase: string, column: 1 | 2 | 3 | 4): string | undefined {
  const row = rows.find(([name]) => name === phase);
  expect(row, `there is a row ${phase}`).toBeDefined();
  return codeSpans(row?.[column] ?? "")[0];
}

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function serve(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore" },
    router: { username: "jabberd", password: "secret", names: ["allowed.example"] },
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

/** The code that `connect` ends in, or `closed` once connected. */
async function end(broker: Broker): Promise<string | undefined> {
  try {
    await broker.connect();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return (await broker.closed)?.code;
}

/**
 * Each phase, the entry of the trace with which the broker is in it, and, where the server would be
 * through with it before that can be stopped, the phase in which it is mute from the beginning.
 */
const phases: readonly [name: string, entry: string, muteAt?: LoopbackPhase][] = [
  ["stream header, features", "event stream:start"],
  ["STARTTLS", "event tls:start"],
  ["TLS handshake, direct or not", "in <proceed", "tls"],
  ["authentication", "event auth:start"],
  ["bind", "event bind:start"],
  ["session", "event session:start"],
  ["ready: `closed` resolves with it", "event ready"],
];

/** Does something once, when the trace has an entry that begins so. */
function when(entry: string, act: (entry: TraceEntry) => void): (entry: TraceEntry) => void {
  let done = false;
  return (each) => {
    if (done || !`${each.direction} ${each.text}`.startsWith(entry)) return;
    done = true;
    act(each);
  };
}

/** Enough for what never comes. */
const soon = 150;

describe.each(phases)("%s", (name, entry, muteAt) => {
  async function begin(): Promise<LoopbackServer> {
    const server = await serve();
    if (muteAt !== undefined) server.faults.mute(muteAt);
    return server;
  }

  test("a server that cuts the connection", async () => {
    const server = await begin();
    const trace = when(entry, () => {
      server.faults.mute(muteAt ?? "connect");
      setImmediate(() => {
        server.faults.cut();
      });
    });
    expect(await end(guest(server, { trace }))).toBe(said(name, 2));
  });

  test("a server that stays mute", async () => {
    const server = await begin();
    const trace = when(entry, () => {
      server.faults.mute(muteAt ?? "connect");
    });
    // Only this phase is to run out of time, whatever else this machine is doing.
    const step = said(name, 3)?.replace("TIMEOUT_", "").toLowerCase() ?? "";
    const options: Partial<BrokerOptions> =
      entry === "event ready"
        ? { keepAlive: { interval: soon, timeout: soon } }
        : { timeouts: { [step]: soon } };
    expect(await end(guest(server, { trace, ...options }))).toBe(said(name, 3));
  });

  test("a server that sends garbage", async () => {
    const server = await begin();
    const trace = when(entry, () => {
      server.faults.mute(muteAt ?? "connect");
      // More than once: the server may not have seen the connection yet.
      const more = setInterval(() => {
        server.faults.inject("<<< this is neither XML nor TLS");
      }, 5);
      void broker.closed.finally(() => {
        clearInterval(more);
      });
    });
    const broker: Broker = guest(server, { trace });
    expect(await end(broker)).toBe(said(name, 4));
  });
});

describe("a server that refuses", () => {
  test("the connection", async () => {
    const server = await serve();
    server.faults.refuse();
    expect(await end(guest(server))).toBe(said("connection", 1));
    expect(said("connection", 2)).toBe("CONNECT_FAILED");
  });

  test.each([
    ["stream header, features", "in <stream:stream"],
    ["ready: `closed` resolves with it", "event ready"],
  ])("%s: with a stream error", async (name, entry) => {
    const server = await serve();
    const trace = when(entry, () => {
      const error = `<stream:error><reset xmlns='${NS.streamErrors}'/></stream:error>`;
      server.faults.inject(`${error}</stream:stream>`);
    });
    if (entry !== "event ready") server.faults.mute("features");
    expect(await end(guest(server, { trace }))).toBe(said(name, 1));
  });

  test("STARTTLS", async () => {
    const server = await serve();
    const trace = when("event tls:start", () => {
      server.faults.mute("connect");
      server.faults.inject(`<failure xmlns='${NS.tls}'/>`);
    });
    expect(await end(guest(server, { trace }))).toBe(said("STARTTLS", 1));
  });

  test.each([
    ["client", "required"],
    ["clientTls", "direct"],
  ] as const)("the TLS handshake: its certificate is not trusted (%s, %s)", async (port, tls) => {
    const server = await serve();
    const broker = guest(server, { port: server.ports[port], tls });
    expect(await end(broker)).toBe(said("TLS handshake, direct or not", 1));
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
  ])("%s", async (name, dialect, port) => {
    const server = await serve();
    const broker = guest(server, { dialect, port: server.ports[port] });
    expect(await end(broker)).toBe(said(name, 1));
  });

  test("the session", async () => {
    const server = await serve();
    const silence = when("event session:start", () => {
      server.faults.mute("connect");
    });
    const trace = (entry: TraceEntry): void => {
      silence(entry);
      const id = /^<iq .*id='([^']+)'.*<session /.exec(entry.text)?.[1];
      if (id === undefined || entry.direction !== "out") return;
      const error = `<error type='cancel'><not-allowed xmlns='${NS.stanzaErrors}'/></error>`;
      server.faults.inject(`<iq type='error' id='${id}'>${error}</iq>`);
    };
    expect(await end(guest(server, { trace }))).toBe(said("session", 1));
  });
});

test("a connection that is never opened", async () => {
  const server = await serve();
  const transport = (): Promise<never> => new Promise(() => undefined);
  const broker = guest(server, { timeouts: { connect: soon }, transport });
  expect(await end(broker)).toBe(said("connection", 3));
});

describe("direct TLS", () => {
  /** Something that listens, and does what the test says with whoever comes. */
  async function listen(greet: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      open.push({ close: () => socket.destroy() });
      greet(socket);
    });
    open.push(server);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  test.each<[string, 2 | 3 | 4, (socket: Socket) => void]>([
    ["cuts the connection", 2, (socket) => socket.once("data", () => socket.destroy())],
    ["stays mute", 3, (socket) => socket.on("error", () => socket.destroy())],
    ["sends garbage", 4, (socket) => socket.end("<<< this is neither XML nor TLS")],
  ])("a server that %s", async (_, column, greet) => {
    const broker = new Broker({
      dialect: juliet,
      host: "127.0.0.1",
      port: await listen(greet),
      tls: "direct",
      // Only a mute server is to run out of time, whatever else this machine is doing.
      timeouts: column === 3 ? { tls: soon } : {},
    });
    expect(await end(broker)).toBe(said("TLS handshake, direct or not", column));
  });
});
