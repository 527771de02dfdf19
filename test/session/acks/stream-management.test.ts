import { describe, expect, test } from "vitest";
import type { BrokerEvents } from "../../../src/contract/events.ts";
import { ACK_EVERY, ACK_WAIT, MOST_WAITING } from "../../../src/session/acks/handled-count.ts";
import { MOST_UNPROVEN, MOST_UNPROVEN_BYTES } from "../../../src/session/acks/unproven-list.ts";
import { xml } from "../../../src/xml/element.ts";
import { codeOf, type Line } from "../../broker/line.ts";
import { a, heard, managedDialect, managedLine, outline, R } from "./managed-line.ts";
import { hasPinged, message, outcome, says } from "./proof-line.ts";

/** Lets the server say that many messages. */
const messages = (count: number, from = 1): string =>
  Array.from({ length: count }, (_, index) => `<message id='m${from + index}'/>`).join("");

/** The elements that the broker dropped, and the ways of proof that it gave up. */
function problems({ broker }: Line): string[] {
  const told: string[] = [];
  broker.on("dropped", ({ stanza, error }) => told.push(`${stanza.name}: ${error.message}`));
  broker.on("ack:unavailable", ({ to, way, error }: BrokerEvents["ack:unavailable"]) => {
    told.push(`${way} ${to} ${error.code}`);
  });
  return told;
}

describe("outward", () => {
  test("the question leaves with the last write of a turn, and the answer proves what it counts", async () => {
    const { broker, server } = await managedLine();
    const one = broker.send(message("a"));
    const two = broker.send(message("b"));
    const acked = outcome(one.acked());
    expect(outline(await heard(server))).toBe("a b r");
    expect([one.state, acked.now]).toEqual(["written", "pending"]);
    await says(server, a(1));
    expect([one.state, one.ackedBy, acked.now]).toEqual(["acked", "stream-management", "resolved"]);
    expect(two.state).toBe("written");
    // Not all of it was proven: the next question leaves at once.
    expect(outline(await heard(server))).toBe("r");
    await says(server, a(2));
    expect(two.state).toBe("acked");
    expect(await heard(server)).toBe("");
    expect(broker.stats.deliveries).toMatchObject({ acked: 2, unknown: 0 });
    broker.halt();
  });

  test.each([a(0), a("x"), `<a xmlns='urn:xmpp:sm:3'/>`])(
    "an answer that proves nothing (%s) is not followed by a question at once",
    async (nothing) => {
      const { broker, server, clock } = await managedLine();
      const delivery = broker.send(message("a"));
      expect(outline(await heard(server))).toBe("a r");
      for (let time = 0; time < 50; time++) await says(server, nothing);
      expect(outline(await heard(server))).toBe("");
      await clock.pass(ACK_WAIT);
      expect(outline(await heard(server))).toBe("r");
      await says(server, a(1));
      expect(delivery.state).toBe("acked");
      broker.halt();
      expect(clock.timers).toBe(0);
    },
  );

  test("one question is open at a time", async () => {
    const { broker, server } = await managedLine();
    broker.send(message("a"));
    expect(outline(await heard(server))).toBe("a r");
    broker.send(message("b"));
    broker.send(message("c"));
    expect(outline(await heard(server))).toBe("b c");
    await says(server, a(1));
    expect(outline(await heard(server))).toBe("r");
    broker.halt();
  });

  test("an answer measures the round trip, and no ping is sent", async () => {
    const { broker, server, clock } = await managedLine({ acks: "always" });
    broker.send(message("a"));
    await heard(server);
    await clock.pass(7);
    await says(server, a(1));
    expect(broker.stats.roundTrip).toBe(7);
    expect(await hasPinged(server)).toBe(false);
    broker.halt();
  });

  test("a stanza of the broker's own counts: the answer to a ping", async () => {
    const { broker, server } = await managedLine();
    await says(
      server,
      "<iq type='get' id='p' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq>",
    );
    const delivery = broker.send(message("a"));
    expect(outline(await heard(server))).toBe("p r a");
    await says(server, a(1));
    expect(delivery.state).toBe("written");
    await says(server, a(2));
    expect(delivery.state).toBe("acked");
    broker.halt();
  });

  test("the keep-alive's probe counts", async () => {
    const { broker, server, clock } = await managedLine({
      keepAlive: { interval: 1000, timeout: 5000 },
    });
    await clock.pass(1000);
    expect(outline(await heard(server))).toMatch(/^[0-9a-f]{32} r$/);
    const delivery = broker.send(message("a"));
    await says(server, a(1));
    expect(delivery.state).toBe("written");
    broker.halt();
  });

  test("an element that is no stanza does not count, and nothing proves it", async () => {
    const { broker, server } = await managedLine();
    const nonza = broker.send(xml("active", { xmlns: "urn:xmpp:csi:0" }));
    const delivery = broker.send(message("a"));
    expect(await codeOf(nonza.acked())).toBe("ACK_UNAVAILABLE");
    await says(server, a(1));
    expect([nonza.state, delivery.state]).toEqual(["written", "acked"]);
    broker.halt();
  });

  test("a key that the caller gave is known until its proof", async () => {
    const { broker, server } = await managedLine();
    const first = broker.send(message("a"), { key: "row 1" });
    await heard(server);
    expect(broker.send(message("a"), { key: "row 1" })).toBe(first);
    await says(server, a(1));
    expect(broker.send(message("a"), { key: "row 1" })).not.toBe(first);
    broker.halt();
  });

  test("acked() of the broker waits for everything that was written", async () => {
    const { broker, server } = await managedLine();
    broker.send(message("a"));
    broker.send(message("b"));
    const all = outcome(broker.acked());
    await says(server, a(1));
    expect(all.now).toBe("pending");
    await says(server, a(2));
    expect(all.now).toBe("resolved");
    broker.halt();
  });

  test("deliveries without a proof are unknown when the session ends", async () => {
    const { broker, server } = await managedLine();
    const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
    await heard(server);
    await says(server, a(1));
    server.cut();
    await broker.closed;
    expect(deliveries.map(({ state }) => state)).toEqual(["acked", "unknown", "unknown"]);
    expect(deliveries[1]?.error?.code).toBe("UNACKNOWLEDGED");
  });

  test.each([
    ["deliveries", MOST_UNPROVEN, "x"],
    ["bytes", MOST_UNPROVEN_BYTES / 200_000, "x".repeat(200_000)],
  ])("send waits behind the most %s without a proof", async (_, most, body) => {
    const queue = { highWater: MOST_UNPROVEN_BYTES, bytes: 2 * MOST_UNPROVEN_BYTES };
    const { broker, server } = await managedLine({ queue });
    for (let sent = 0; sent < most + 10; sent++) broker.send(xml("message", { id: "m" }, body));
    await heard(server);
    const waiting = broker.queue.size;
    expect(waiting).toBeGreaterThan(0);
    expect(waiting).toBeLessThanOrEqual(12);
    await says(server, a(20));
    expect(broker.queue.size).toBe(0);
    broker.halt();
  });
});

describe("an <a/> of the server's", () => {
  test.each([
    ["without a number", `<a xmlns='urn:xmpp:sm:3'/>`, "<a/> came without a number"],
    ["that is no number", a("two"), "<a/> came without a number"],
    ["that is negative", a("-1"), "<a/> came without a number"],
    ["beyond 32 bits", a("4294967296"), "<a/> came without a number"],
    ["that goes back", a(0), "<a h='0'/> takes back 1 that were acknowledged"],
  ])("%s is dropped with its reason, and the next one counts", async (_, bad, reason) => {
    const made = await managedLine();
    const { broker, server, clock } = made;
    const told = problems(made);
    broker.send(message("a"));
    await heard(server);
    await says(server, a(1));
    const delivery = broker.send(message("b"));
    await heard(server);
    await says(server, bad);
    expect(told).toEqual([expect.stringContaining(reason)]);
    expect([delivery.state, broker.phase.name]).toEqual(["written", "ready"]);
    await clock.pass(ACK_WAIT);
    expect(outline(await heard(server))).toBe("r");
    await says(server, a(2));
    expect(delivery.state).toBe("acked");
    broker.halt();
  });

  test("that counts more than was sent proves nothing, then or later; the stream goes on", async () => {
    const made = await managedLine();
    const { broker, server } = made;
    const told = problems(made);
    const delivery = broker.send(message("a"));
    const acked = outcome(delivery.acked());
    const all = outcome(broker.acked());
    await heard(server);
    await says(server, a(3));
    expect(told).toEqual([
      expect.stringContaining("<a h='3'/> counts 2 more than were sent"),
      "stream-management example.org ACK_UNAVAILABLE",
    ]);
    expect([delivery.state, acked.now, all.now]).toEqual([
      ...["written", "ACK_UNAVAILABLE", "ACK_UNAVAILABLE"],
    ]);
    const later = broker.send(message("b"));
    expect(await codeOf(later.acked())).toBe("ACK_UNAVAILABLE");
    expect(outline(await heard(server))).toBe("b");
    await says(server, a(2));
    expect([later.state, broker.phase.name]).toEqual(["written", "ready"]);
    // Its own questions are still answered.
    await says(server, messages(1) + R);
    expect(outline(await heard(server))).toBe("a1");
    server.cut();
    await broker.closed;
    expect([delivery.state, later.state]).toEqual(["unknown", "unknown"]);
  });

  test("that counts too many does not hold send up: the oldest are let go", async () => {
    const { broker, server } = await managedLine();
    await says(server, a(1));
    const first = broker.send(message("first"));
    for (let sent = 0; sent < MOST_UNPROVEN; sent++) broker.send(message("m"));
    await heard(server);
    expect(broker.queue.size).toBe(0);
    expect([first.state, first.error?.code]).toEqual(["unknown", "ACK_UNAVAILABLE"]);
    broker.halt();
  });

  test("may end the session from a listener: what it proves is proven all the same", async () => {
    const { broker, server } = await managedLine();
    broker.on("delivery", ({ delivery }) => {
      if (delivery.state === "acked") broker.halt();
    });
    const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
    await heard(server);
    await says(server, a(2));
    expect(deliveries.map(({ state }) => state)).toEqual(["acked", "acked", "unknown"]);
  });
});

describe("inward", () => {
  test("each question is answered with the number of stanzas before it", async () => {
    const { broker, server } = await managedLine();
    await says(server, R);
    await says(server, messages(2) + R + messages(1, 3) + R);
    await says(server, ` <presence/><iq type='result' id='stray'/>${R}`);
    expect(outline(await heard(server))).toBe("a0 a2 a3 a5");
    broker.halt();
  });

  test("a flood of questions gets a bounded number of answers until they are taken, and then one", async () => {
    const { broker, server } = await managedLine();
    server.pause();
    for (let time = 0; time < 20; time++) await says(server, R.repeat(1000));
    await says(server, `<message id='m1'/>${R}`);
    server.resume();
    const told = outline(await heard(server)).split(" ");
    expect(told.length).toBeLessThanOrEqual(MOST_WAITING + 1);
    // The last question is answered, too.
    expect(told.at(-1)).toBe("a1");
    await says(server, R);
    expect(outline(await heard(server))).toBe("a1");
    broker.halt();
  });

  test(`the server is told unasked after ${ACK_EVERY} stanzas, and when it is idle`, async () => {
    const { broker, server, clock } = await managedLine();
    await says(server, messages(ACK_EVERY));
    expect(await heard(server)).toBe("");
    await says(server, messages(ACK_EVERY + 1));
    expect(outline(await heard(server))).toBe("a50 a100");
    await clock.pass(ACK_WAIT);
    expect(outline(await heard(server))).toBe("a101");
    await clock.pass(10 * ACK_WAIT);
    expect(await heard(server)).toBe("");
    expect(clock.timers).toBe(0);
    broker.halt();
  });

  test("the server is told before the goodbye of a shutdown", async () => {
    const { broker, server, clock } = await managedLine();
    await says(server, messages(2));
    const done = broker.shutdown();
    expect(await server.hears("</stream:stream>")).toContain(a(2));
    server.say("</stream:stream>");
    await done;
    expect(clock.timers).toBe(0);
  });

  test("the server is told before our half of its own goodbye", async () => {
    const { broker, server } = await managedLine();
    await says(server, messages(2));
    server.say("</stream:stream>");
    expect(await server.hears("</stream:stream>")).toContain(a(2));
    await broker.closed;
  });

  test("stanzas that come during a shutdown are not counted, nor those behind them", async () => {
    const { broker, server } = await managedLine();
    let release = (): void => undefined;
    broker.filter("/message", () => new Promise<void>((resolve) => (release = resolve)));
    await says(server, messages(1));
    const done = broker.shutdown();
    await says(server, `${messages(1, 2)}<iq type='result' id='x'/>${R}`);
    expect(outline(await heard(server))).toBe("a1");
    release();
    await server.hears("</stream:stream>");
    server.say("</stream:stream>");
    await done;
  });

  test("the server is told before reading pauses, which it does only at the bound of bytes", async () => {
    const { broker, server } = await managedLine({ inbox: { stanzas: 1, bytes: 100_000 } });
    broker.filter("/message", () => new Promise<void>(() => undefined));
    await says(server, messages(10));
    expect(await heard(server)).toBe("");
    const body = "x".repeat(60_000);
    await says(server, `<message id='big'><body>${body}</body></message>`);
    expect(await heard(server)).toBe("");
    await says(server, `<message id='big'><body>${body}</body></message>`);
    expect(outline(await heard(server))).toBe("a12");
    broker.halt();
  });

  test("the answer to a request of ours counts, and so does a stanza that is dropped", async () => {
    const { broker, server } = await managedLine();
    const asked = broker.request(xml("iq", { type: "get", id: "q", to: "example.org" }));
    await heard(server);
    await says(server, `<iq type='result' id='q' from='example.org'/><message id=''/>${R}`);
    await asked;
    expect(outline(await heard(server))).toBe("a2");
    broker.halt();
  });
});

test("with `acks: false` a dialect is told that no stream management is wanted", async () => {
  const wanted: string[] = [];
  const dialect = managedDialect();
  for (const acks of ["auto", "always", false] as const) {
    const { broker } = await managedLine({
      acks,
      dialect: {
        ...dialect,
        negotiate(login) {
          wanted.push(login.settings.management);
          return dialect.negotiate(login);
        },
      },
    });
    broker.halt();
  }
  expect(wanted).toEqual(["acks", "acks", "none"]);
});

test("a login whose server refused stream management is proven by pings", async () => {
  const { broker, server } = await managedLine({
    dialect: managedDialect({ enabled: false, h: 3 }),
    acks: "always",
  });
  broker.send(message("a"));
  expect(await hasPinged(server)).toBe(true);
  broker.halt();
});
