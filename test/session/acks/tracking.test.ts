import { describe, expect, test } from "vitest";
import { MOST_UNPROVEN, MOST_UNPROVEN_BYTES } from "../../../src/session/acks/unproven-list.ts";
import { xml } from "../../../src/xml/element.ts";
import { codeOf, line } from "../../broker/line.ts";
import { settled } from "../../virtual-clock.ts";
import { answer, hasPinged, message, nextPing, outcome, proofLine, says } from "./proof-line.ts";

const large = (id: string) => xml("message", { id }, xml("body", {}, "x".repeat(200_000)));

describe("a delivery is tracked", () => {
  test.each([
    ["with acks always", { acks: "always" }],
    ["with unacked requeue", { unacked: "requeue" }],
    ["with unacked by a function", { unacked: () => "report" as const }],
  ] as const)("%s", async (_, options) => {
    const { broker, server } = await proofLine(options);
    const delivery = broker.send(message("a"));
    await says(server, answer(await nextPing(server)));
    expect(delivery.state).toBe("acked");
    broker.halt();
  });

  test("while `delivery` has a listener, and each change is told and counted", async () => {
    const { broker, server } = await proofLine();
    const states: string[] = [];
    const undo = broker.on("delivery", ({ delivery, stanza }) => {
      states.push(`${stanza.attrs.id} ${delivery.state} ${delivery.ackedBy ?? "-"}`);
    });
    const stanza = message("a");
    broker.send(stanza);
    stanza.attrs.id = "changed";
    await says(server, answer(await nextPing(server)));
    expect(states).toEqual(["a written -", "a acked barrier"]);
    expect(broker.stats.deliveries).toMatchObject({ written: 1, acked: 1 });
    undo();
    broker.send(message("b"));
    expect(await hasPinged(server)).toBe(false);
    broker.halt();
  });

  test("if it was asked about while it waited in the queue", async () => {
    const made = line({ acks: "auto", queue: { flush: "auto" } }, true, false);
    const delivery = made.broker.send(message("a"));
    const acked = outcome(delivery.acked());
    await made.broker.connect();
    await says(made.server, answer(await nextPing(made.server)));
    expect([delivery.state, acked.now]).toEqual(["acked", "resolved"]);
    made.broker.halt();
  });

  test("under the key that the caller gave: the same key sends nothing again", async () => {
    const { broker, server } = await proofLine({ acks: "always" });
    const first = broker.send(message("a"), { key: "row 1" });
    const ping = await nextPing(server);
    expect(broker.send(message("a"), { key: "row 1" })).toBe(first);
    await says(server, answer(ping));
    expect(first.state).toBe("acked");
    expect(broker.send(message("a"), { key: "row 1" })).not.toBe(first);
    broker.halt();
  });
});

describe("acked()", () => {
  test("of an untracked one, after its session, is UNACKNOWLEDGED", async () => {
    const { broker, server } = await proofLine();
    const delivery = broker.send(message("a"));
    await delivery.written();
    server.cut();
    await broker.closed;
    expect(delivery.state).toBe("written");
    expect(await codeOf(delivery.acked())).toBe("UNACKNOWLEDGED");
    expect([delivery.state, delivery.error?.code]).toEqual(["unknown", "UNACKNOWLEDGED"]);
    expect(broker.stats.deliveries.unknown).toBe(1);
  });

  test("of one that failed rejects as written() does", async () => {
    const { broker } = await proofLine();
    const delivery = broker.send(xml("message", { to: "\uffff" }));
    expect(await codeOf(delivery.acked())).toBe("ILLEGAL_XML");
    broker.halt();
  });

  test("twice is settled twice, and after the fact as well", async () => {
    const { broker, server } = await proofLine();
    const delivery = broker.send(message("a"));
    const twice = [outcome(delivery.acked()), outcome(delivery.acked())];
    await says(server, answer(await nextPing(server)));
    const after = outcome(delivery.acked());
    const written = outcome(delivery.written());
    await settled();
    expect([...twice, after, written].map(({ now }) => now)).toEqual(Array(4).fill("resolved"));
    broker.halt();
  });

  test("that nobody awaits ends no process", async () => {
    const { broker, server } = await proofLine();
    void broker.send(message("a")).acked();
    void broker.acked();
    await nextPing(server);
    server.cut();
    await broker.closed;
    await settled();
  });

  test("with acks false is ACK_UNAVAILABLE, and no ping is sent", async () => {
    const { broker, server } = await proofLine({ acks: false });
    const events: unknown[] = [];
    broker.on("ack:unavailable", (event) => events.push(event));
    const delivery = broker.send(message("a"));
    expect(await codeOf(delivery.acked())).toBe("ACK_UNAVAILABLE");
    expect(await codeOf(broker.acked())).toBe("ACK_UNAVAILABLE");
    expect(await hasPinged(server)).toBe(false);
    expect(events).toEqual([]);
    broker.halt();
  });
});

describe("broker.acked()", () => {
  test("resolves at once where nothing was sent, and where nothing waits for a proof", async () => {
    const { broker, server } = await proofLine();
    await broker.acked();
    broker.send(message("a"));
    const all = outcome(broker.acked());
    const ping = await nextPing(server);
    expect(all.now).toBe("pending");
    await says(server, answer(ping));
    expect(all.now).toBe("resolved");
    await broker.acked();
    broker.halt();
    await settled();
    await broker.acked();
  });

  test("waits for what moves behind the socket, and not for what is held", async () => {
    const { broker, server } = await proofLine({ queue: { highWater: 1000 } });
    server.pause();
    const deliveries = ["a", "b", "c"].map((id) => broker.send(large(id)));
    const all = outcome(broker.acked());
    broker.send(large("later"));
    await settled();
    expect(broker.queue.size).toBe(3);
    server.resume();
    const ping = await nextPing(server);
    expect(ping.before).toContain("id='c'");
    await says(server, answer(ping));
    expect(all.now).toBe("resolved");
    expect(deliveries.map(({ state }) => state)).toEqual(["written", "written", "written"]);
    broker.halt();
  });

  test("goes on when the last that moved is taken back", async () => {
    const { broker, server } = await proofLine({ queue: { highWater: 1000 } });
    server.pause();
    broker.send(large("a"));
    const last = broker.send(large("b"));
    const all = outcome(broker.acked());
    broker.queue.remove(last.key);
    await settled();
    server.resume();
    await says(server, answer(await nextPing(server)));
    expect(all.now).toBe("resolved");
    expect(broker.send(message("c")).state).toBe("queued");
    await server.hears("id='c'");
    broker.halt();
  });

  test.each([
    ["written", 1_000_000],
    ["moves", 1000],
  ])("rejects with UNACKNOWLEDGED when the session ends while it is %s", async (_, highWater) => {
    const { broker, server } = await proofLine({ queue: { highWater } });
    if (highWater === 1000) server.pause();
    broker.send(large("a"));
    broker.send(large("b"));
    const all = outcome(broker.acked());
    await settled();
    expect(all.now).toBe("pending");
    server.cut();
    await broker.closed;
    await settled();
    expect(all.now).toBe("UNACKNOWLEDGED");
  });
});

describe("at most so much is unproven", () => {
  test("10,000 stanzas: then send queues, and a proof lets the next go", async () => {
    const { broker, server } = await proofLine({ acks: "always" });
    const deliveries = Array.from({ length: MOST_UNPROVEN + 5 }, (_, n) =>
      broker.send(xml("presence", { id: String(n) })),
    );
    const ping = await nextPing(server);
    expect(broker.queue.size).toBe(5);
    expect(await hasPinged(server)).toBe(false);
    await says(server, answer(ping));
    expect(broker.queue.size).toBe(0);
    expect(deliveries[MOST_UNPROVEN - 1]?.state).toBe("acked");
    await says(server, answer(await nextPing(server)));
    expect(deliveries.at(-1)?.state).toBe("acked");
    broker.halt();
  });

  test("16 MiB: then send queues, and a proof lets the next go", async () => {
    const queue = { bytes: 64 * 1024 * 1024, highWater: 64 * 1024 * 1024 };
    const { broker, server } = await proofLine({ acks: "always", queue });
    const fit = Math.ceil(MOST_UNPROVEN_BYTES / large("0").toString().length);
    const deliveries = Array.from({ length: fit + 3 }, (_, n) => broker.send(large(`${n}`)));
    expect(broker.queue.size).toBeGreaterThan(0);
    expect(broker.queue.size).toBeLessThanOrEqual(3);
    await says(server, answer(await nextPing(server)));
    expect(broker.queue.size).toBe(0);
    await says(server, answer(await nextPing(server)));
    expect(new Set(deliveries.map(({ state }) => state))).toEqual(new Set(["acked"]));
    broker.halt();
  });

  test("where no proof is to be had, the oldest are let go as unknown, and nothing waits", async () => {
    const { broker } = await proofLine({ acks: false, unacked: "requeue" });
    const deliveries = Array.from({ length: MOST_UNPROVEN + 5 }, (_, n) =>
      broker.send(xml("presence", { id: String(n) })),
    );
    await settled();
    expect(broker.queue.size).toBe(0);
    const states = deliveries.map(({ state }) => state);
    expect(states.slice(0, 6)).toEqual([
      "unknown",
      "unknown",
      "unknown",
      "unknown",
      "unknown",
      "written",
    ]);
    expect(deliveries[0]?.error?.code).toBe("ACK_UNAVAILABLE");
    expect(broker.stats.deliveries.unknown).toBe(5);
    broker.halt();
  });

  test("where no proof is to be had, the last 16 MiB are kept", async () => {
    const queue = { bytes: 64 * 1024 * 1024, highWater: 64 * 1024 * 1024 };
    const { broker } = await proofLine({ acks: false, unacked: "requeue", queue });
    const deliveries = Array.from({ length: 120 }, (_, n) => broker.send(large(`${n}`)));
    const kept = deliveries.filter(({ state }) => state === "queued");
    expect(deliveries.slice(-kept.length)).toEqual(kept);
    const bytes = kept.length * large("0").toString().length;
    expect(bytes).toBeLessThanOrEqual(MOST_UNPROVEN_BYTES + 256 * 1024);
    expect(bytes).toBeGreaterThan(MOST_UNPROVEN_BYTES - 1024 * 1024);
    broker.halt();
  });

  test("once both ways have failed, what waited for the bound goes out", async () => {
    const { broker, server, clock } = await proofLine({ acks: "always" });
    for (let n = 0; n < MOST_UNPROVEN + 5; n++) broker.send(xml("presence", { id: String(n) }));
    await nextPing(server);
    expect(broker.queue.size).toBe(5);
    await clock.pass(10_000);
    await nextPing(server);
    expect(broker.queue.size).toBe(5);
    await clock.pass(10_000);
    expect(broker.queue.size).toBe(0);
    await server.hears(`id='${MOST_UNPROVEN + 4}'`);
    broker.halt();
  });
});
