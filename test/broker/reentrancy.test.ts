import { expect, test } from "vitest";
import type { BrokerEvents } from "../../src/contract/events.ts";
import { xml } from "../../src/xml/element.ts";
import { settled } from "../virtual-clock.ts";
import { bare, codeOf, type Line, line, readyLine } from "./line.ts";

/** A broker whose servers close their streams in answer to ours. */
function polite(): Line {
  const made = line();
  made.broker.on("stream:end", () => {
    made.server.say("</stream:stream>");
  });
  return made;
}

/** Long enough for everything in memory to come to rest. */
const rest = settled;

/** The runs told by the events: each from its `connect` to its `socket:close`. */
function runsOf(names: readonly string[]): string[][] {
  const runs: string[][] = [];
  for (const name of names) {
    if (name === "connect" || runs.length === 0) runs.push([]);
    runs.at(-1)?.push(name);
  }
  return runs;
}

const EVENTS: readonly (keyof BrokerEvents)[] = [
  ...(["connect", "connecting", "connected", "stream:start", "ready"] as const),
  ...(["shutdown:start", "stream:end", "socket:close", "shutdown:finish"] as const),
];
const PHASES = ["connecting", "negotiating", "ready", "closing", "idle"];
const CALLS = ["halt", "shutdown", "connect", "reconnect"] as const;

type Hook = (made: Line, action: () => void) => void;
const HOOKS: [string, Hook][] = [
  ...EVENTS.map((event): [string, Hook] => [
    event,
    ({ broker }, action) => void broker.on(event, action, { once: true }),
  ]),
  ...PHASES.map((name): [string, Hook] => [
    `phase ${name}`,
    ({ broker }, action) => {
      const undo = broker.on("phase", ({ to }) => {
        if (to.name !== name) return;
        undo();
        action();
      });
    },
  ]),
];
const CASES = HOOKS.flatMap(([where, hook]) => CALLS.map((call) => [call, where, hook] as const));

test.each(CASES)("%s may be called in the event %s", async (call, where, hook) => {
  const made = polite();
  const { broker } = made;
  let called: Promise<unknown> | undefined;
  hook(made, () => {
    called = codeOf(Promise.resolve(broker[call]()));
  });
  const first = broker.closed;
  const connected = codeOf(broker.connect());
  await connected;
  await rest();
  if (called === undefined) await broker.shutdown();
  await called;
  await rest();

  // A call that ends the run leaves it ended; a call that connects leaves it connected.
  const isUp = broker.phase.name === "ready";
  expect(broker.phase.name).toBe(isUp ? "ready" : "idle");
  if (call === "halt" || call === "shutdown") expect(isUp).toBe(false);
  if (call === "reconnect") {
    const isRefused = (await called) === "ABORTED";
    expect(isUp).toBe(!isRefused);
    expect(isRefused).toBe(["shutdown:start", "stream:end", "phase closing"].includes(where));
  }
  if (isUp) await broker.shutdown();
  expect(await first).toBeUndefined();

  const names = made.names();
  for (const run of runsOf(names)) {
    expect(run[0]).toBe("connect");
    expect(run.filter((name) => name === "socket:close").length).toBe(1);
    const after = run.slice(run.indexOf("socket:close") + 1);
    expect(after.filter((name) => name !== "shutdown:finish")).toEqual([]);
  }
  expect(names.filter((name) => name === "shutdown:start").length).toBe(
    names.filter((name) => name === "shutdown:finish").length,
  );

  // And it can be used again.
  expect(await codeOf(broker.connect())).toBe("resolved");
  broker.halt();
  expect(await broker.closed).toBeUndefined();
});

/** Where a program may hear that the server has ended the stream. */
const ENDINGS: [string, Hook][] = [
  ...(["stream:end", "request:finish", "socket:error"] as const).map((event): [string, Hook] => [
    event,
    ({ broker }, action) => void broker.on(event, action, { once: true }),
  ]),
  ...HOOKS.filter(([where]) => where === "phase closing"),
];

test.each(
  ENDINGS.flatMap(([where, hook]) =>
    (["connect", "reconnect"] as const).map((call) => [call, where, hook] as const),
  ),
)("%s called in %s, as the server ends the stream, is a run of its own", async (call, _, hook) => {
  const made = await readyLine();
  const { broker, servers } = made;
  const first = codeOf(broker.request(xml("iq", { type: "get", id: "first" })));
  let called: Promise<unknown> | undefined;
  hook(made, () => {
    called = broker[call]();
  });
  made.server.say("</stream:stream>");
  expect(await first).toMatch(/DISCONNECTED|ABORTED/);
  await called;
  await rest();

  expect(servers.length).toBe(2);
  expect(broker.phase.name).toBe("ready");
  const [, ...ofTheNext] = made.names().join(" ").split("connecting");
  expect(ofTheNext.join()).not.toContain("socket:");
  await broker.send(xml("message", { id: "on the new one" })).written();
  await made.server.hears("<message id='on the new one'/>");
  broker.halt();
});

test("what is asked while a run ends is not ended with it", async () => {
  const made = await readyLine({ queue: { flush: "auto" } });
  const { broker } = made;
  let second: Promise<unknown> | undefined;
  const first = broker.request(xml("iq", { type: "get", id: "first" })).catch(() => {});
  broker.on(
    "request:finish",
    () => {
      second = codeOf(broker.request(xml("iq", { type: "get", id: "second" })));
    },
    { once: true },
  );
  made.server.cut();
  await first;
  await broker.closed;
  await broker.connect();
  await made.server.hears("id='second'/>");
  made.server.say("<iq type='result' id='second'/>");
  expect(await second).toBe("resolved");
  broker.halt();
});

test("what is sent behind our closing tag waits for the next connection", async () => {
  const { broker, server, names } = await readyLine();
  let state = "";
  broker.on("stream:end", () => {
    ({ state } = broker.send(xml("message", { id: "late" })));
  });
  server.say("</stream:stream>");
  await broker.closed;
  expect(state).toBe("queued");
  expect(broker.queue.size).toBe(1);
  expect(names()).not.toContain("sent");
  expect(server.heard).not.toContain("late");
});

test("connect called as a shutdown begins waits for its end", async () => {
  const made = polite();
  const { broker, servers } = made;
  await broker.connect();
  let again: Promise<unknown> | undefined;
  broker.on("shutdown:start", () => {
    again = broker.connect();
  });
  await broker.shutdown();
  await again;
  expect(servers.length).toBe(2);
  expect(broker.phase.name).toBe("ready");
  broker.halt();
});

test("shutdown called again while it begins is the same shutdown", async () => {
  const { broker, names } = polite();
  await broker.connect();
  let inner: Promise<unknown> | undefined;
  broker.on("shutdown:start", () => {
    inner = broker.shutdown();
  });
  await broker.shutdown();
  await inner;
  expect(names().filter((name) => name === "shutdown:start")).toEqual(["shutdown:start"]);
});

test("who shuts down last has the last word", async () => {
  const { broker, servers } = polite();
  await broker.connect();
  const first = broker.shutdown();
  const again = codeOf(broker.connect());
  await broker.shutdown();
  await first;
  expect(await again).toBe("ABORTED");
  expect(broker.phase.name).toBe("idle");
  expect(servers.length).toBe(1);
});

test("a run that begins before the last one's shutdown is over has an end of its own", async () => {
  const made = polite();
  const { broker } = made;
  await broker.connect();
  const done = broker.shutdown();
  broker.halt();
  const connecting = broker.connect();
  await done;
  await connecting;
  expect(broker.phase.name).toBe("ready");
  made.server.cut();
  expect((await broker.closed)?.code).toBe("DISCONNECTED");
});

test("what failed is told before the connection is gone, also when the server is quicker", async () => {
  const made = line({
    dialect: {
      ...bare,
      async negotiate(session) {
        await session.open();
        session.report("auth:start", { mechanism: "X" });
        await session.next();
        return { jid: "me@example.org/here" };
      },
    },
  });
  made.broker.on("auth:start", () => {
    made.server.cut();
  });
  expect(await codeOf(made.broker.connect())).toBe("DISCONNECTED");
  await rest();
  expect(made.names().slice(-2)).toEqual(["auth:failure", "socket:close"]);
});

test("nothing of an attempt that was dropped is told in the next one", async () => {
  const made = line({}, false);
  const { broker } = made;
  const dropped = codeOf(broker.connect());
  await rest();
  const next = codeOf(broker.reconnect());
  expect(await dropped).toBe("ABORTED");
  await rest();
  broker.halt();
  await next;
  expect(runsOf(made.names())).toEqual([
    ["connect", "connecting", "connected", "stream:start", "socket:close"],
    ["connect", "connecting", "connected", "stream:start", "socket:close"],
  ]);
});
