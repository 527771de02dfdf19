import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import type { MemoryTransport } from "../../src/transport/memory.ts";
import { xml } from "../../src/xml/element.ts";
import { settled } from "../virtual-clock.ts";
import { bare, codeOf, HEADER, line, readyLine } from "./line.ts";

test("nothing connects before connect", () => {
  const { servers, broker } = line();
  expect(servers).toEqual([]);
  expect(broker.phase).toEqual({ name: "idle" });
});

test("connect reports each step and resolves with the address", async () => {
  const { broker, names } = line();
  await expect(broker.connect()).resolves.toEqual({ jid: "me@example.org/here", resumed: false });
  expect(names()).toEqual(["connect", "connecting", "connected", "stream:start", "ready"]);
  expect(broker.phase).toEqual({ name: "ready", jid: "me@example.org/here", resumed: false });
  expect(broker.jid).toBe("me@example.org/here");
  expect(broker.streamId).toBe("s1");
  broker.halt();
});

test("the phase goes from step to step, each change told once", async () => {
  const { broker, clock } = line({ timeouts: { shutdown: 20 } });
  const path: string[] = [];
  broker.on("phase", ({ from, to }) => path.push(`${from.name}>${to.name}`));
  await broker.connect();
  const done = broker.shutdown();
  await clock.pass(20);
  await done;
  expect(path).toEqual([
    "idle>connecting",
    "connecting>negotiating",
    "negotiating>ready",
    "ready>closing",
    "closing>idle",
  ]);
});

test("who was given the signal of an attempt is told of the end of its run", async () => {
  const signals: AbortSignal[] = [];
  const { broker } = line({
    transport: (target, signal) => {
      signals.push(signal);
      return new ScriptedPeer(`C: …version='1.0'>\nS: ${HEADER}`).transport(target, signal);
    },
  });
  await broker.connect();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  broker.halt();
  expect(signals.map(({ reason }: { reason: unknown }) => reason)).toEqual([
    expect.objectContaining({ code: "ABORTED" }),
  ]);
});

test("a dialect that keeps the signal of its session is told of the end of its run", async () => {
  const signals: AbortSignal[] = [];
  const dialect: Dialect = {
    ...bare,
    async negotiate(session) {
      signals.push(session.signal);
      await session.open();
      return { jid: "me@example.org/here" };
    },
  };
  const { broker } = line({ dialect });
  await broker.connect();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  broker.halt();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
});

test("connect twice is one connection and one promise", async () => {
  const { broker, servers } = line();
  const first = broker.connect();
  expect(broker.connect()).toBe(first);
  await first;
  await broker.connect();
  expect(servers.length).toBe(1);
  broker.halt();
});

test("connect elsewhere while connecting is BUSY", async () => {
  const { broker } = line();
  const first = broker.connect();
  expect(await codeOf(broker.connect({ host: "other.example" }))).toBe("BUSY");
  await first;
  broker.halt();
});

test("reconnect closes the stream and goes to a new address, which stays in force", async () => {
  const { broker, server, servers, events } = await readyLine();
  const waiting = codeOf(broker.waitFor("/message"));
  const again = broker.reconnect({ host: "other.example", port: 7777 });
  await server.hears("</stream:stream>");
  server.say("</stream:stream>");
  await again;
  expect(servers.length).toBe(2);
  expect(events).toContainEqual(["connect", { host: "other.example", port: 7777 }]);
  await broker.reconnect();
  expect(events.at(-5)).toEqual(["connect", { host: "other.example", port: 7777 }]);
  broker.halt();
  // It waited for a stanza of the run, which reconnecting does not end.
  expect(await waiting).toBe("ABORTED");
});

test("shutdown closes the stream, waits for the other side and then for the socket", async () => {
  const { broker, server, names } = await readyLine();
  const { closed } = broker;
  const done = broker.shutdown();
  await server.hears("</stream:stream>");
  expect(broker.phase.name).toBe("closing");
  server.say("</stream:stream>");
  await done;
  expect(names()).toEqual(["shutdown:start", "stream:end", "socket:close", "shutdown:finish"]);
  expect(await closed).toBeUndefined();
  expect(broker.phase.name).toBe("idle");
  expect(server.isOver).toBe(true);
});

test("shutdown does not wait longer than it may for a server that says nothing", async () => {
  const { broker, clock, server } = await readyLine();
  const done = broker.shutdown({ timeout: 20 });
  await clock.pass(19);
  expect(broker.phase.name).toBe("closing");
  await clock.pass(1);
  expect(broker.phase.name).toBe("idle");
  await done;
  expect(await broker.closed).toBeUndefined();
  expect(server.unread).toBe("</stream:stream>");
});

test("shutdown lets responders finish their answers first", async () => {
  const { broker, server } = await readyLine();
  let release: () => void = () => undefined;
  broker.respond("/iq", async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  server.say("<iq type='get' id='q' from='a@b/c'><query xmlns='urn:x'/></iq>");
  await settled();
  const done = broker.shutdown();
  release();
  const last = await server.hears("</stream:stream>");
  expect(last).toContain("<iq type='result' id='q' to='a@b/c'/></stream:stream>");
  server.say("</stream:stream>");
  await done;
});

test("a responder that shuts down gives its answer first", async () => {
  const { broker, server } = await readyLine();
  broker.respond("/iq", async () => {
    void broker.shutdown();
    await settled();
  });
  server.say("<iq type='get' id='q' from='a@b/c'><query xmlns='urn:x'/></iq>");
  expect(await server.hears("</stream:stream>")).toContain("<iq type='result' id='q'");
  server.say("</stream:stream>");
  expect(await broker.closed).toBeUndefined();
});

test("a responder that waits for the shutdown itself leaves it time for the goodbye", async () => {
  const { broker, clock, server } = await readyLine();
  broker.respond("/iq", async () => {
    await Promise.resolve();
    await broker.shutdown({ timeout: 200 });
  });
  server.say("<iq type='get' id='q' from='a@b/c'><query xmlns='urn:x'/></iq>");
  await settled();
  expect(server.unread).toBe("");
  await clock.pass(199);
  expect(server.unread).toBe("</stream:stream>");
  expect(broker.phase.name).toBe("closing");
  server.say("</stream:stream>");
  expect(await broker.closed).toBeUndefined();
});

test("shutdown and halt may be called twice, at any phase, from anywhere", async () => {
  for (const end of ["shutdown", "halt"] as const) {
    const idle = line();
    await idle.broker[end]();
    expect(idle.broker.phase.name).toBe("idle");

    const connecting = line();
    const first = codeOf(connecting.broker.connect());
    await Promise.all([connecting.broker[end](), connecting.broker[end]()]);
    expect(await first).toBe("ABORTED");
    expect(await connecting.broker.closed).toBeUndefined();

    const negotiating = line({}, false);
    const second = codeOf(negotiating.broker.connect());
    await settled();
    expect(negotiating.broker.phase).toEqual({ name: "negotiating", step: "stream" });
    await negotiating.broker[end]();
    expect(await second).toBe("ABORTED");
    expect(await negotiating.broker.closed).toBeUndefined();

    const ready = await readyLine({ timeouts: { shutdown: 20 } });
    ready.broker.on("socket:close", () => void ready.broker[end]());
    const ended = Promise.all([ready.broker[end](), ready.broker[end]()]);
    await ready.clock.pass(20);
    await ended;
    expect(ready.broker.phase.name).toBe("idle");
  }
});

test("halt is over at once and says nothing to the server", async () => {
  const { broker, server, names } = await readyLine();
  broker.halt();
  expect(broker.phase.name).toBe("idle");
  expect(names()).toEqual(["socket:close"]);
  await settled();
  expect(server.unread).toBe("");
  expect(server.isOver).toBe(true);
});

test("connect may follow shutdown, halt and a failure, also while it is under way", async () => {
  const { broker, clock, servers, server } = await readyLine();
  const going = broker.shutdown({ timeout: 20 });
  const again = broker.connect();
  await clock.pass(20);
  await going;
  await again;
  expect(servers.length).toBe(2);
  expect(server).not.toBe(servers[1]);
  broker.halt();
  await broker.connect();
  servers[2]?.cut();
  expect((await broker.closed)?.code).toBe("DISCONNECTED");
  await broker.connect();
  expect(servers.length).toBe(4);
  broker.halt();
});

test.each([
  ["the connection is cut", "", "DISCONNECTED", true],
  ["the server closes its stream", "</stream:stream>", "DISCONNECTED", true],
  [
    "a stream error",
    "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Replaced</text></stream:error></stream:stream>",
    "STREAM_ERROR",
    false,
  ],
  ["bad XML", "<a><b></a>", "NOT_WELL_FORMED", true],
  ["a comment", "<!-- x -->", "RESTRICTED_XML", true],
  ["an entity", "<message>&foo;</message>", "RESTRICTED_XML", true],
  ["a stanza beyond the limits", `<a b='${"x".repeat(70_000)}'/>`, "POLICY_VIOLATION", true],
])("%s ends the run in a typed error, once", async (_, said, code, retryable) => {
  const { broker, server, names } = await readyLine();
  const pending = codeOf(broker.request(xml("iq", { type: "get" })));
  if (said === "") server.cut();
  else server.say(said);
  const error = await broker.closed;
  expect(error?.code).toBe(code);
  expect(error?.retryable).toBe(retryable);
  expect(await pending).toBe(code);
  expect(names().filter((name) => name === "socket:error")).toEqual(["socket:error"]);
  expect(names().at(-1)).toBe("socket:close");
  expect(broker.phase.name).toBe("idle");
  expect(broker.jid).toBeUndefined();
});

test("what is not well-formed is answered with the condition the RFC names", async () => {
  const { broker, server } = await readyLine();
  server.say("<a b='1' b='2'/>");
  expect(await server.hears("</stream:stream>")).toBe(
    "<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>",
  );
  await broker.closed;
});

test("see-other-host says where to go, and is not followed", async () => {
  const { broker, server, servers } = await readyLine();
  server.say(
    "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[2001:db8::1]:9222</see-other-host></stream:error>",
  );
  expect(await broker.closed).toMatchObject({
    code: "STREAM_ERROR",
    condition: "see-other-host",
    otherHost: "[2001:db8::1]:9222",
  });
  expect(servers.length).toBe(1);
});

test("a server that answers with something else than a stream is refused", async () => {
  const { broker, servers } = line({}, false);
  const connecting = codeOf(broker.connect());
  await settled();
  servers[0]?.say("<html xmlns='http://www.w3.org/1999/xhtml'>");
  expect(await connecting).toBe("PROTOCOL_ERROR");
  expect((await broker.closed)?.code).toBe("PROTOCOL_ERROR");
});

test("a mute server ends in the time-out of the phase", async () => {
  const { broker, clock } = line({ timeouts: { stream: 20 } }, false);
  const connecting = codeOf(broker.connect());
  await clock.pass(19);
  expect(broker.phase.name).toBe("negotiating");
  await clock.pass(1);
  expect(await connecting).toBe("TIMEOUT_STREAM");
  expect((await broker.closed)?.code).toBe("TIMEOUT_STREAM");
});

test("a transport that never opens ends in TIMEOUT_CONNECT, and is dropped if it comes late", async () => {
  const opened: { destroy(): void }[] = [];
  let late: () => void = () => undefined;
  const { broker, clock } = line({
    timeouts: { connect: 20 },
    transport: () =>
      new Promise((resolve) => {
        late = () => {
          resolve({
            destroy() {
              opened.push(this);
            },
          } as MemoryTransport);
        };
      }),
  });
  const connecting = codeOf(broker.connect());
  await clock.pass(19);
  expect(broker.phase.name).toBe("connecting");
  await clock.pass(1);
  expect(await connecting).toBe("TIMEOUT_CONNECT");
  late();
  await settled();
  expect(opened.length).toBe(1);
});

test("a transport that fails is CONNECT_FAILED with its cause", async () => {
  const cause = new TypeError("no route");
  const { broker, events } = line({ transport: () => Promise.reject(cause) });
  await expect(broker.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED", cause });
  expect(events.map(([name]) => name)).toEqual([
    "connect",
    "connecting",
    "connect:failure",
    "socket:close",
  ]);
});

test("a dialect whose negotiation never ends is bounded by its deadline, and its late end is ignored", async () => {
  let finish: (value: { jid: string }) => void = () => undefined;
  const { broker, clock } = line({
    timeouts: { auth: 20 },
    dialect: {
      name: "slow",
      domain: "example.org",
      contentNamespace: "jabber:client",
      version: "1.0",
      ports: { plain: 5222 },
      tls: "plaintext",
      async negotiate(session) {
        await session.open();
        session.report("auth:start", { mechanism: "SLOW" });
        return await new Promise((resolve) => {
          finish = resolve;
        });
      },
    },
  });
  const connecting = codeOf(broker.connect());
  await clock.pass(19);
  expect(broker.phase.name).toBe("negotiating");
  await clock.pass(1);
  expect(await connecting).toBe("TIMEOUT_AUTH");
  finish({ jid: "late@example.org" });
  await broker.closed;
  expect(broker.phase.name).toBe("idle");
});

test("what arrives in the same read as the end of the login is delivered in order", async () => {
  const { broker, servers } = line({}, false);
  const got: unknown[] = [];
  broker.filter("/message", ({ stanza }) => got.push(stanza.attrs.id));
  const connecting = broker.connect();
  await settled();
  const many = Array.from({ length: 300 }, (_, n) => `<message id='${n}'/>`).join("");
  servers[0]?.say(HEADER + many);
  await connecting;
  await settled();
  expect(got).toEqual(Array.from({ length: 300 }, (_, n) => String(n)));
  broker.halt();
});

test("await using shuts the broker down", async () => {
  const made = line();
  {
    await using broker = made.broker;
    await broker.connect();
    void made.server.hears("</stream:stream>").then(() => {
      made.server.say("</stream:stream>");
    });
  }
  expect(made.broker.phase.name).toBe("idle");
});

test("a refusal with the end of the stream in the same read is the refusal, not the end", async () => {
  const { broker, servers } = line(
    {
      dialect: {
        ...bare,
        async negotiate(session) {
          await session.open();
          const answer = await session.next();
          await Promise.resolve();
          throw new BrokerError("BIND_FAILED", answer.name);
        },
      },
    },
    false,
  );
  for (const end of ["", "<stream:error><reset xmlns='urn:x'/></stream:error>"]) {
    const connecting = codeOf(broker.connect());
    await settled();
    servers.at(-1)?.say(`${HEADER}<failure/>${end}</stream:stream>`);
    expect(await connecting).toBe("BIND_FAILED");
    await broker.closed;
  }
});

test("nothing is written behind our closing tag", async () => {
  const { broker, server } = await readyLine();
  const done = broker.shutdown();
  await server.hears("</stream:stream>");
  server.say("<iq type='get' id='q' from='a@b/c'><query xmlns='urn:x'/></iq></stream:stream>");
  await done;
  expect(server.unread).toBe("");
});

test("who ends the run in a filter hears no more of what arrived with it", async () => {
  const { broker, servers } = line({}, false);
  const seen: unknown[] = [];
  broker.filter("/message", ({ stanza }) => {
    seen.push(stanza.attrs.id);
    broker.halt();
  });
  for (const login of [true, false]) {
    const connecting = broker.connect();
    await settled();
    const server = servers.at(-1);
    server?.say(login ? `${HEADER}<message id='1'/><message id='2'/>` : HEADER);
    await connecting;
    if (!login) server?.say("<message id='3'/><message id='4'/>");
    await broker.closed;
  }
  expect(seen).toEqual(["1", "3"]);
});
