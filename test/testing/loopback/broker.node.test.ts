import { afterEach, describe, expect, test } from "vitest";
import {
  Broker,
  type BrokerOptions,
  component,
  type Dialect,
  type Element,
  jabberd2,
  legacy,
  xml,
  xmpp,
} from "../../../src/node.ts";
import type { LoopbackOptions, LoopbackPhase, LoopbackServer } from "../../../src/testing/index.ts";
import { CAST, serve } from "./scene.ts";

const brokers: Broker[] = [];
afterEach(() => {
  for (const broker of brokers.splice(0)) broker.halt();
});

function broker(options: BrokerOptions): Broker {
  const made = new Broker({ host: "127.0.0.1", ...options });
  brokers.push(made);
  return made;
}

/** One broker of each dialect, and of each way it may be protected, by name. */
const GUESTS: Readonly<
  Record<string, (server: LoopbackServer, changes?: Partial<BrokerOptions>) => Broker>
> = {
  "xmpp, STARTTLS": (server, changes) =>
    broker({
      dialect: xmpp({ jid: "juliet@localhost/starttls", password: CAST.users.juliet }),
      port: server.ports.client,
      tls: { ca: server.ca },
      ...changes,
    }),
  "xmpp, direct TLS": (server, changes) =>
    broker({
      dialect: xmpp({ jid: "romeo@localhost/direct", password: CAST.users.romeo }),
      port: server.ports.clientTls,
      tls: { policy: "direct", ca: server.ca },
      ...changes,
    }),
  "xmpp, in clear": (server, changes) =>
    broker({
      dialect: xmpp({ jid: "romeo@localhost/clear", password: CAST.users.romeo }),
      port: server.ports.client,
      tls: "plaintext",
      ...changes,
    }),
  "legacy, in clear": (server, changes) =>
    broker({
      dialect: legacy({ jid: "juliet@localhost/legacy", password: CAST.users.juliet }),
      port: server.ports.client,
      tls: "plaintext",
      ...changes,
    }),
  "legacy, direct TLS": (server, changes) =>
    broker({
      dialect: legacy({ jid: "romeo@localhost/legacy-tls", password: CAST.users.romeo }),
      port: server.ports.clientTls,
      tls: { policy: "direct", ca: server.ca },
      ...changes,
    }),
  "legacy, STARTTLS": (server, changes) =>
    broker({
      dialect: legacy({ jid: "romeo@localhost/legacy-starttls", password: CAST.users.romeo }),
      port: server.ports.client,
      tls: { policy: "required", ca: server.ca },
      ...changes,
    }),
  "component, in clear": (server, changes) =>
    broker({
      dialect: component({
        domain: "echo.localhost",
        secret: CAST.components["echo.localhost"],
      }),
      port: server.ports.component,
      tls: "plaintext",
      ...changes,
    }),
  "component, STARTTLS": (server, changes) =>
    broker({
      dialect: component({ domain: "second.localhost", secret: "another" }),
      port: server.ports.component,
      tls: { policy: "required", ca: server.ca },
      ...changes,
    }),
  "jabberd2, STARTTLS": (server, changes) =>
    broker({
      dialect: jabberd2({ domain: "svc.localhost", ...CAST.router }),
      port: server.ports.router,
      tls: { ca: server.ca },
      ...changes,
    }),
  "jabberd2, in clear": (server, changes) =>
    broker({
      dialect: jabberd2({ domain: "clear.localhost", ...CAST.router }),
      port: server.ports.router,
      tls: "plaintext",
      ...changes,
    }),
};

const DEADLINES = {
  TIMEOUT_TLS: { tls: 100 },
  TIMEOUT_STREAM: { stream: 100 },
  TIMEOUT_AUTH: { auth: 100 },
  TIMEOUT_BIND: { bind: 100 },
};

const OPTIONS: LoopbackOptions = {
  componentPort: "jabberd2",
  components: { ...CAST.components, "second.localhost": "another" },
};

describe("all dialects at the same time", () => {
  test("everybody logs in and sends a message to everybody, which arrives as it was sent", async () => {
    const server = await serve(OPTIONS);
    const guests = Object.values(GUESTS).map((make) => make(server));
    await Promise.all(guests.map((guest) => guest.connect()));
    const arrived: string[] = [];
    const expected: string[] = [];
    const all = guests.flatMap((from) => guests.map((to) => ({ from, to })));
    for (const { from, to } of all)
      expected.push(`${address(from)} → ${address(to)}: Привет 🌹 <&>`);
    const complete = new Promise<void>((resolve) => {
      for (const guest of guests) {
        guest.filter("/message/body", ({ stanza }) => {
          expect(stanza.ns).toBe("jabber:client");
          const { from = "" } = stanza.attrs;
          arrived.push(`${from} → ${address(guest)}: ${stanza.childText("body") ?? ""}`);
          if (arrived.length === expected.length) resolve();
        });
      }
    });
    for (const { from, to } of all) {
      from.send(xml("message", { from: from.jid, to: to.jid }, xml("body", {}, "Привет 🌹 <&>")));
    }
    await complete;
    expect(arrived.sort()).toEqual(expected.sort());
    await Promise.all(guests.map((guest) => guest.shutdown()));
  });

  test.each(Object.entries(GUESTS))("%s: the server answers a ping", async (_, make) => {
    const server = await serve(OPTIONS);
    const guest = make(server);
    await guest.connect();
    const ping = xml(
      "iq",
      { type: "get", to: "localhost" },
      xml("ping", { xmlns: "urn:xmpp:ping" }),
    );
    const answer = await guest.request(ping);
    expect(answer.attrs).toMatchObject({ type: "result", from: "localhost" });
    await guest.shutdown();
    expect(await guest.closed).toBeUndefined();
  });

  test.each(Object.entries(GUESTS))("%s: what has no home is an error", async (_, make) => {
    const server = await serve(OPTIONS);
    const guest = make(server);
    await guest.connect();
    const lost = xml("iq", { type: "get", to: "nobody@localhost/x" }, xml("q", { xmlns: "urn:q" }));
    await expect(guest.request(lost)).rejects.toMatchObject({
      code: "STANZA_ERROR",
      condition: "service-unavailable",
    });
  });

  test.each(Object.entries(GUESTS))("%s: split bytes change nothing", async (_, make) => {
    const server = await serve(OPTIONS);
    server.faults.split();
    const guest = make(server);
    await guest.connect();
    const heard = new Promise<Element>((resolve) => {
      guest.filter("/message/body", ({ stanza }) => {
        resolve(stanza);
      });
    });
    const body = "ёж 🌹 &".repeat(20);
    guest.send(xml("message", { from: guest.jid, to: guest.jid }, xml("body", {}, body)));
    expect((await heard).childText("body")).toBe(body);
  });

  test.each(Object.entries(GUESTS))("%s: cut, the run ends as disconnected", async (_, make) => {
    const server = await serve(OPTIONS);
    const guest = make(server);
    await guest.connect();
    const pending = guest.request(
      xml("iq", { type: "get", to: guest.jid }, xml("q", { xmlns: "urn:q" })),
    );
    const failed = expect(pending).rejects.toMatchObject({ code: "DISCONNECTED" });
    server.faults.cut();
    await failed;
    expect(await guest.closed).toMatchObject({ code: "DISCONNECTED" });
  });

  test.each(Object.entries(GUESTS))(
    "%s: closed, the run ends with system-shutdown",
    async (_, make) => {
      const server = await serve(OPTIONS);
      const guest = make(server);
      await guest.connect();
      await server.close();
      expect(await guest.closed).toMatchObject({
        code: "STREAM_ERROR",
        condition: "system-shutdown",
      });
    },
  );

  test.each(Object.entries(GUESTS))("%s: refused, it cannot be reached", async (_, make) => {
    const server = await serve(OPTIONS);
    server.faults.refuse();
    const guest = make(server);
    await expect(guest.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    await server.faults.clear();
    await guest.connect();
  });
});

describe("a server that falls silent ends in the time-out of that phase", () => {
  // Only the deadline that is meant is short: the others must not run out on a busy machine.
  test.each<[keyof typeof GUESTS, LoopbackPhase, keyof typeof DEADLINES]>([
    ["xmpp, STARTTLS", "stream", "TIMEOUT_STREAM"],
    ["xmpp, STARTTLS", "features", "TIMEOUT_STREAM"],
    ["xmpp, STARTTLS", "tls", "TIMEOUT_TLS"],
    ["xmpp, STARTTLS", "auth", "TIMEOUT_AUTH"],
    ["xmpp, STARTTLS", "bind", "TIMEOUT_BIND"],
    ["xmpp, STARTTLS", "session", "TIMEOUT_BIND"],
    ["xmpp, direct TLS", "connect", "TIMEOUT_TLS"],
    ["xmpp, direct TLS", "stream", "TIMEOUT_STREAM"],
    ["legacy, in clear", "stream", "TIMEOUT_STREAM"],
    ["legacy, in clear", "auth", "TIMEOUT_AUTH"],
    ["component, in clear", "stream", "TIMEOUT_STREAM"],
    ["component, in clear", "auth", "TIMEOUT_AUTH"],
    ["component, STARTTLS", "tls", "TIMEOUT_TLS"],
    ["jabberd2, STARTTLS", "stream", "TIMEOUT_STREAM"],
    ["jabberd2, STARTTLS", "tls", "TIMEOUT_TLS"],
    ["jabberd2, STARTTLS", "auth", "TIMEOUT_AUTH"],
    ["jabberd2, STARTTLS", "bind", "TIMEOUT_BIND"],
  ])("%s, mute at %s: %s", async (name, phase, code) => {
    const server = await serve({ ...OPTIONS, session: "required" });
    server.faults.mute(phase);
    const guest = GUESTS[name]?.(server, { timeouts: DEADLINES[code] });
    await expect(guest?.connect()).rejects.toMatchObject({ code });
  });

  test("mute when ready, a keep-alive finds the socket dead", async () => {
    const server = await serve(OPTIONS);
    const keepAlive = { interval: 30, timeout: 30 };
    const guest = GUESTS["xmpp, STARTTLS"]?.(server, { keepAlive });
    await guest?.connect();
    server.faults.mute("ready");
    expect(await guest?.closed).toMatchObject({ code: "SOCKET_DEAD" });
  });
});

test("what is injected ends the run with the parser's error", async () => {
  const server = await serve(OPTIONS);
  const guest = GUESTS["xmpp, STARTTLS"]?.(server);
  await guest?.connect();
  server.faults.inject("<!-- no comment -->");
  expect(await guest?.closed).toMatchObject({ code: "RESTRICTED_XML" });
});

test("a name in use: the client takes another, a component and a service are told", async () => {
  const server = await serve(OPTIONS);
  for (const name of ["component, in clear", "jabberd2, STARTTLS"]) {
    await GUESTS[name]?.(server).connect();
  }
  await GUESTS["xmpp, STARTTLS"]?.(server).connect();
  const { jid } = (await GUESTS["xmpp, STARTTLS"]?.(server).connect()) ?? {};
  expect(jid).toMatch(/^juliet@localhost\/(?!starttls$)./);
  const second = GUESTS["component, in clear"]?.(server).connect();
  await expect(second).rejects.toMatchObject({ code: "STREAM_ERROR", condition: "conflict" });
  const service = GUESTS["jabberd2, STARTTLS"]?.(server).connect();
  await expect(service).rejects.toMatchObject({ code: "BIND_FAILED" });
});

function address(guest: Broker): string {
  return guest.jid ?? "";
}

test.each(["xmpp, STARTTLS", "xmpp, direct TLS", "jabberd2, STARTTLS"])(
  "%s learns from maxBytes how much it may send (XEP-0478), and the server takes no more",
  async (name) => {
    const server = await serve({ maxBytes: 10_000 });
    const guest = GUESTS[name]?.(server);
    if (guest === undefined) throw new TypeError(`there is no guest ${name}`);
    await guest.connect();
    const message = (length: number) =>
      xml("message", { to: "romeo@localhost" }, "x".repeat(length));
    expect(guest.send(message(10_001)).error?.code).toBe("TOO_LARGE");
    await guest.send(message(9000)).written();
    guest.halt();
    const unaware = GUESTS[name]?.(server, { dialect: deaf(guest.settings.dialect) });
    await unaware?.connect();
    unaware?.send(message(10_001));
    expect((await unaware?.closed)?.code).toBe("STREAM_ERROR");
  },
);

/** The same dialect, which does not heed the limit. */
function deaf(dialect: Dialect): Dialect {
  return {
    ...dialect,
    async negotiate(login) {
      const { jid } = await dialect.negotiate(login);
      return { jid };
    },
  };
}
