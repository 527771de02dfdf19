import { describe, expect, test } from "vitest";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { a, heard, outline } from "../session/acks/managed-line.ts";
import { message, outcome } from "../session/acks/proof-line.ts";
import { settled } from "../virtual-clock.ts";
import { codeOf, line } from "./line.ts";
import { ask, ENABLE, FRESH, failed, managedOutage, PROBE, resumed } from "./managed-outage.ts";

const END = "</stream:stream>";

/** A broker that has lost its connection, and waits for its next try; `later`: the servers that follow. */
async function waiting(later: readonly string[], options: Partial<BrokerOptions> = {}) {
  const made = managedOutage([ENABLE, ...later], options);
  const { broker } = made;
  await broker.connect();
  const delivery = broker.send(message("a"));
  await settled();
  made.server.cut();
  await settled();
  expect(broker.phase.name).toBe("waiting");
  made.told.length = 0;
  return { ...made, servers: made.servers, delivery };
}

describe("shutdown of a broker that waits", () => {
  test("resumes the session, and says goodbye to it", async () => {
    const { broker, servers, clock, delivery, told } = await waiting([ask(0) + resumed(0) + PROBE]);
    const events: string[] = [];
    broker.on("ready", () => events.push("ready"));
    broker.on("received", () => events.push("received"));
    const done = outcome(broker.shutdown());
    await settled();
    const server = servers[1];
    expect(outline((await server?.hears("<r")) ?? "")).toBe("a r");
    // It is not taken in, so that the server keeps it for the next session.
    server?.say(`<message id='1'/>${a(2)}`);
    const text = (await server?.hears(END)) ?? "";
    expect(outline(text)).toBe("a1");
    server?.say(END);
    await settled();
    expect([done.now, delivery.state, events]).toEqual(["resolved", "acked", []]);
    expect(told).toEqual(["closing", "idle"]);
    expect([await broker.closed, clock.timers]).toEqual([undefined, 0]);
  });

  test.each<[string, later: string[], wanted: string]>([
    ["whose session is gone", [ask(0) + failed(1)], "acked"],
    ["whose session is gone, without h", [ask(0) + failed()], "unknown"],
  ])("says goodbye to the fresh session of one %s", async (_, later, wanted) => {
    const { broker, servers, delivery, clock } = await waiting(later);
    const done = outcome(broker.shutdown());
    await settled();
    await servers[1]?.hears(END);
    servers[1]?.say(END);
    await settled();
    expect([done.now, delivery.state, clock.timers]).toEqual(["resolved", wanted, 0]);
  });

  test.each<[string, later: string[]]>([
    ["whose server is mute", [ask(0)]],
    ["whose server ends the connection", [`${ask(0)}\nS: (cut)`]],
  ])("makes one try for one %s, within its time", async (_, later) => {
    const { broker, servers, clock, delivery } = await waiting(later);
    const started = clock.now();
    const done = outcome(broker.shutdown({ timeout: 2000 }));
    for (let step = 0; step < 25 && done.now === "pending"; step++) await clock.pass(100);
    expect(clock.now() - started).toBeLessThanOrEqual(2000 + 500);
    expect([done.now, delivery.state, servers.length]).toEqual(["resolved", "unknown", 2]);
    await clock.pass(10_000);
    expect([servers.length, clock.timers]).toEqual([2, 0]);
  });

  test("goes on with the try that is under way", async () => {
    const { broker, servers, clock } = await waiting([ask(0)]);
    await clock.pass(1000);
    expect(broker.phase).toEqual({ name: "negotiating", step: "resume" });
    const done = outcome(broker.shutdown());
    servers[1]?.say("<resumed xmlns='urn:xmpp:sm:3' previd='s-1' h='1'/>");
    const text = (await servers[1]?.hears("</iq>")) ?? "";
    const id = /<iq[^>]* id='(\w+)'/.exec(text)?.[1] ?? "";
    servers[1]?.say(`<iq type='result' id='${id}' from='example.org'/>`);
    await servers[1]?.hears(END);
    servers[1]?.say(END);
    await settled();
    expect([done.now, servers.length]).toEqual(["resolved", 2]);
  });

  test("makes no try where the session cannot be resumed, nor for halt", async () => {
    const none = ENABLE.replace("resume='true' id", "id");
    const made = managedOutage([none, FRESH]);
    await made.broker.connect();
    made.server.cut();
    await settled();
    await made.broker.shutdown();
    expect(made.servers.length).toBe(1);
    const halted = await waiting([ask(0)]);
    halted.broker.halt();
    await settled();
    expect([halted.servers.length, halted.clock.timers, halted.broker.phase.name]).toEqual([
      ...([1, 0] as const),
      "idle",
    ]);
  });

  test("is ended at once by halt", async () => {
    const { broker, clock } = await waiting([ask(0)]);
    const done = outcome(broker.shutdown());
    await settled();
    broker.halt();
    await settled();
    expect([done.now, broker.phase.name, clock.timers]).toEqual(["resolved", "idle", 0]);
  });
});

describe("reconnect to another address", () => {
  test("closes the stream in order, and begins a fresh session there", async () => {
    const made = managedOutage([ENABLE, FRESH]);
    const { broker, targets, told, clock } = made;
    await broker.connect();
    const { server } = made;
    server.say("<message id='1'/>");
    const delivery = broker.send(message("a"));
    await settled();
    told.length = 0;
    const again = outcome(broker.reconnect({ host: "other.example" }));
    const meanwhile = broker.send(message("b"));
    const text = await server.hears(END);
    expect(outline(text)).toBe("a r a1");
    expect(targets.length).toBe(1);
    server.say(a(1) + END);
    await settled();
    expect([again.now, delivery.state, meanwhile.state]).toEqual(["resolved", "acked", "written"]);
    expect(targets.map(({ host }) => host)).toEqual(["example.org", "other.example"]);
    expect(broker.phase).toMatchObject({ name: "ready", resumed: false });
    expect(told.slice(0, 2)).toEqual(["closing", "connecting"]);
    expect(outline(await heard(made.server))).toBe("b r");
    broker.halt();
    expect(clock.timers).toBe(0);
  });

  test("waits for the server's goodbye no longer than a shutdown may last", async () => {
    const made = managedOutage([ENABLE, FRESH]);
    const { broker, clock } = made;
    await broker.connect();
    const again = outcome(broker.reconnect({ host: "other.example" }));
    await clock.pass(4999);
    expect(again.now).toBe("pending");
    await clock.pass(1);
    await settled();
    expect(again.now).toBe("resolved");
    broker.halt();
  });

  test.each(["halt", "shutdown", "detach"] as const)("is called off by %s", async (end) => {
    const made = managedOutage([ENABLE, FRESH]);
    const { broker, clock } = made;
    await broker.connect();
    const again = outcome(broker.reconnect({ host: "other.example" }));
    await settled();
    const ended = outcome(Promise.resolve(broker[end]()));
    await clock.pass(1000);
    expect([again.now, ended.now, made.servers.length]).toEqual(["ABORTED", "resolved", 1]);
    expect([broker.phase.name, clock.timers]).toEqual(["idle", 0]);
  });

  test("goes where the last call says, and connect waits for that", async () => {
    const made = line();
    const { broker } = made;
    await broker.connect();
    const { server } = made;
    const first = outcome(broker.reconnect({ host: "one.example" }));
    const second = outcome(broker.reconnect({ host: "two.example" }));
    const connecting = broker.connect();
    expect(await codeOf(broker.connect({ host: "three.example" }))).toBe("BUSY");
    await server.hears(END);
    server.say(END);
    await connecting;
    expect([first.now, second.now]).toEqual(["resolved", "resolved"]);
    expect(made.servers.length).toBe(2);
    broker.halt();
  });

  test("drops the connection to the same address, and resumes", async () => {
    const made = managedOutage([ENABLE, ask(0) + resumed(0) + PROBE]);
    const { broker } = made;
    await broker.connect();
    const { server } = made;
    expect((await broker.reconnect()).resumed).toBe(true);
    expect(await heard(server)).not.toContain(END);
    broker.halt();
  });
});
