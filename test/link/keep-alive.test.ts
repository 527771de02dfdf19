import { describe, expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import { xml } from "../../src/xml/element.ts";
import { bare, HEADER, line, readyLine } from "../broker/line.ts";
import { settled } from "../virtual-clock.ts";

const decoder = new TextDecoder();
const interval = 60_000;
const timeout = 20_000;
const keepAlive = { interval, timeout };

test("an idle stream is probed, and any answer keeps it", async () => {
  const { broker, clock, server, names } = await readyLine({ keepAlive });
  for (let round = 0; round < 3; round++) {
    clock.advance(interval - 1);
    expect(server.heard.split("<ping").length - 1).toBe(round);
    clock.advance(1);
    const ping = await server.hears("</iq>");
    expect(ping).toMatch(
      /^<iq type='get' id='[0-9a-f]{32}' to='example.org'><ping xmlns='urn:xmpp:ping'\/><\/iq>$/,
    );
    clock.advance(timeout - 1);
    const id = /id='([^']*)'/.exec(ping)?.[1] ?? "";
    server.say(`<iq type='error' id='${id}' from='example.org'/>`);
    await server.delivered();
  }
  clock.advance(1);
  expect(broker.phase.name).toBe("ready");
  // The probes were sent; what answers them is no stanza for the program.
  expect(names().filter((name) => name === "received")).toEqual([]);
  broker.halt();
});

test("a stream that stays silent ends in SOCKET_DEAD", async () => {
  const { broker, clock, server } = await readyLine({ keepAlive });
  clock.advance(interval);
  await server.hears("</iq>");
  clock.advance(timeout - 1);
  expect(broker.phase.name).toBe("ready");
  clock.advance(1);
  // Bytes that may have arrived are read first.
  clock.advance(1);
  expect(await broker.closed).toMatchObject({ code: "SOCKET_DEAD", retryable: true });
});

test("an answer that a busy process has not read yet keeps the stream", async () => {
  const { broker, clock, server } = await readyLine({ keepAlive });
  clock.advance(interval);
  const ping = await server.hears("</iq>");
  const id = /id='([^']*)'/.exec(ping)?.[1] ?? "";
  server.say(`<iq type='result' id='${id}' from='example.org'/>`);
  clock.advance(timeout);
  await server.delivered();
  clock.advance(1);
  expect(broker.phase.name).toBe("ready");
  broker.halt();
});

test("white space is a sign of life: a stream on which only that comes is probed, since we are silent, and lives", async () => {
  const { broker, clock, server, names } = await readyLine({ keepAlive });
  for (let round = 0; round < 60; round++) {
    clock.advance(interval / 6);
    server.say(" ");
    await server.delivered();
  }
  expect(server.heard.split("<ping").length - 1).toBe(10);
  expect(names()).toEqual([]);
  expect(broker.phase.name).toBe("ready");
  broker.halt();
});

test("a busy stream is not probed", async () => {
  const { broker, clock, server } = await readyLine({ keepAlive });
  for (let round = 0; round < 60; round++) {
    clock.advance(interval / 6);
    server.say(" ");
    await broker.send(xml("presence")).written();
    await server.delivered();
  }
  expect(server.heard).not.toContain("<ping");
  broker.halt();
});

test("a backlog of which nothing is taken for the time-out is dead", async () => {
  const { broker, clock, server } = await readyLine({ keepAlive, queue: { highWater: 1 } });
  server.pause();
  for (let n = 0; n < 3; n++) broker.send(xml("message", { id: String(n) }));
  // Nothing is taken: a backlog of which nothing drains for the time-out is dead.
  for (let round = 0; round < 12 && broker.phase.name === "ready"; round++) {
    clock.advance(timeout);
    await settled();
  }
  expect(await broker.closed).toMatchObject({ code: "SOCKET_DEAD" });
  expect((await broker.closed)?.message).toMatch(/nothing of \d+ bytes was taken/);
});

test("a backlog that a slow peer takes bit by bit is life, and a probe behind it has its time", async () => {
  const [near, far] = memoryPair();
  let heard = "";
  far.start({
    // It reads one piece, and no more until it is told to.
    data: (bytes) => {
      if (heard === "") far.write(HEADER);
      else far.pause();
      heard += decoder.decode(bytes);
    },
    leaving: () => undefined,
    taken: () => undefined,
    end: () => undefined,
    close: () => undefined,
  });
  const { broker, clock } = line({ keepAlive, transport: () => Promise.resolve(near) });
  await broker.connect();
  for (let n = 0; n < 24; n++) broker.send(xml("message", {}, "x".repeat(50_000)));
  await settled();
  const rounds = () => clock.now() / (timeout - 1);
  // A piece in each time-out: twenty pieces take longer than an interval and a time-out together.
  while (!heard.includes("<ping")) {
    far.resume();
    await settled();
    clock.advance(timeout - 1);
    await settled();
    expect(broker.phase.name).toBe("ready");
  }
  expect(rounds()).toBeGreaterThan((interval + 2 * timeout) / timeout);
  broker.halt();
});

test("a component asks itself, through the server, and answers itself unseen", async () => {
  const { broker, clock, server, names } = await readyLine({
    keepAlive,
    dialect: {
      ...bare,
      async negotiate(session) {
        await session.open();
        return { jid: "echo.example.org" };
      },
    },
  });
  clock.advance(interval);
  const ping = await server.hears("</iq>");
  expect(ping).toContain("to='echo.example.org' from='echo.example.org'");
  server.say(ping);
  expect(await server.hears("/>")).toMatch(
    /^<iq type='result' id='[0-9a-f]{32}' to='echo.example.org' from='echo.example.org'\/>$/,
  );
  expect(names().filter((name) => name === "received")).toEqual([]);
  broker.halt();
});

test("a run that has ended is not probed", async () => {
  const { broker, clock } = await readyLine({ keepAlive });
  broker.halt();
  expect(clock.timers).toBe(0);
});

describe("a server that names its idle time (XEP-0478)", () => {
  const idle = (idleSeconds: number): Dialect => ({
    ...bare,
    async negotiate(login) {
      return { ...(await bare.negotiate(login)), idleSeconds };
    },
  });

  test.each<[idleSeconds: number, interval: number, probed: number]>([
    [60, 300_000, 45_000],
    [1, 300_000, 750],
    [600, 60_000, 60_000],
    [Number.MAX_SAFE_INTEGER, 60_000, 60_000],
  ])("of %s s is probed with an interval of %s after %s ms", async (idleSeconds, own, probed) => {
    const times = { interval: own, timeout: 20_000 };
    const { broker, clock, server } = await readyLine({
      keepAlive: times,
      dialect: idle(idleSeconds),
    });
    await clock.pass(probed - 1);
    expect(server.unread).toBe("");
    await clock.pass(1);
    expect(server.unread).toContain("<ping");
    broker.halt();
  });

  test("is not probed with keepAlive: false", async () => {
    const { broker, clock, server } = await readyLine({ keepAlive: false, dialect: idle(10) });
    await clock.pass(60_000);
    expect(server.unread).toBe("");
    broker.halt();
  });

  test("ends the login in BAD_OPTION where the number cannot be", async () => {
    const { broker } = line({ dialect: idle(0) });
    await expect(broker.connect()).rejects.toMatchObject({ code: "BAD_OPTION" });
  });
});
