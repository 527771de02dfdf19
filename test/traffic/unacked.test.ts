import { describe, expect, test } from "vitest";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { TrackedDelivery } from "../../src/session/delivery/delivery.ts";
import type { Item } from "../../src/session/delivery/item.ts";
import {
  MOST_REQUEUED,
  MOST_REQUEUED_BYTES,
  StanzaQueue,
} from "../../src/traffic/outbox/stanza-queue.ts";
import { type Element, xml } from "../../src/xml/element.ts";
import { codeOf, type Line } from "../broker/line.ts";
import {
  answer,
  DIALECTS,
  hasPinged,
  nextPing,
  outcome,
  proofLine,
  says,
} from "../session/acks/proof-line.ts";
import { settled, VirtualClock } from "../virtual-clock.ts";

const requeueing = (options: Partial<BrokerOptions> = {}) =>
  proofLine({ unacked: "requeue", ...options });

const stanza = (name: string, id: string, ...children: Element[]) =>
  xml(name, { id, to: "juliet@example.net" }, ...children);

const message = (id: string) => stanza("message", id);

/** Cuts the connection in force, and waits for the end of the run. */
async function cut({ broker, server }: Line): Promise<void> {
  server.cut();
  await broker.closed;
}

/** Ends the stream with an error of that condition. */
async function ends({ broker, server }: Line, condition: string): Promise<void> {
  server.say(
    `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
  );
  await broker.closed;
}

/** The ids of the stanzas that wait, in order. */
const waiting = ({ broker }: Line) => [...broker.queue].map(({ stanza: { attrs } }) => attrs.id);

/** The ids of all stanzas that a server has heard, in order, without pings. */
const heardIds = (text: string) =>
  [...text.matchAll(/<(?:message|presence|iq)[^>]* id='([^']{1,20})'/g)].map(([, id]) => id);

describe("at the end of a session", () => {
  test("what is behind the last proof is unknown", async () => {
    const made = await proofLine({ acks: "always" });
    const { broker, server } = made;
    const states: string[] = [];
    broker.on("delivery", ({ delivery, stanza: { attrs } }) => {
      states.push(`${attrs.id} ${delivery.state}`);
    });
    const proven = broker.send(message("a"));
    await says(server, answer(await nextPing(server)));
    const open = broker.send(message("b"));
    const acked = outcome(open.acked());
    await nextPing(server);
    await cut(made);
    await settled();
    expect([proven.state, open.state, open.error?.code]).toEqual([
      "acked",
      "unknown",
      "UNACKNOWLEDGED",
    ]);
    expect(acked.now).toBe("UNACKNOWLEDGED");
    expect(states).toEqual(["a written", "a acked", "b written", "b unknown"]);
    expect(broker.stats.deliveries).toMatchObject({ acked: 1, unknown: 1 });
    expect(made.clock.timers).toBe(0);
  });

  test("what was handed over and not taken is unknown too, in order behind what was written", async () => {
    const made = await proofLine({ acks: "always" });
    const { broker, server } = made;
    const order: string[] = [];
    broker.on("delivery", ({ delivery, stanza: { attrs } }) => {
      if (delivery.state === "unknown") order.push(attrs.id ?? "");
    });
    broker.send(message("a"));
    await nextPing(server);
    server.pause();
    broker.send(message("b"));
    broker.send(message("c"));
    await settled();
    await cut(made);
    expect(order).toEqual(["a", "b", "c"]);
  });

  test("an answer that comes with the end still counts", async () => {
    const made = await proofLine({ acks: "always" });
    const { broker, server } = made;
    const first = broker.send(message("a"));
    const ping = await nextPing(server);
    const second = broker.send(message("b"));
    server.say(`${answer(ping)}</stream:stream>`);
    await broker.closed;
    expect([first.state, second.state]).toEqual(["acked", "unknown"]);
  });
});

describe("requeue", () => {
  test("puts them at the head of the queue, in order, with the same ids and the time of the first send", async () => {
    const made = await requeueing();
    const { broker, server, clock } = made;
    await clock.pass(1000);
    const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
    const acked = outcome(deliveries[1]?.acked() ?? Promise.resolve());
    await nextPing(server);
    await clock.pass(5000);
    const queued: string[] = [];
    broker.on("queued", ({ stanza: { attrs }, held }) => queued.push(`${attrs.id} ${held}`));
    await cut(made);
    broker.send(message("later"));
    expect(waiting(made)).toEqual(["a", "b", "c", "later"]);
    expect(queued).toEqual(["a true", "b true", "c true", "later true"]);
    expect(deliveries.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);
    await settled();
    expect(acked.now).toBe("pending");
    await broker.connect();
    expect(broker.queue.flush()).toBe(4);
    const ping = await nextPing(made.server);
    expect(heardIds(made.server.heard)).toEqual(["a", "b", "c", "later"]);
    const delay =
      "<delay xmlns='urn:xmpp:delay' from='me@example.org/here' stamp='2026-01-01T00:00:01.000Z'/>";
    expect(ping.before).toContain(`<message id='a' to='juliet@example.net'>${delay}</message>`);
    expect(ping.before).toContain("<message id='later' to='juliet@example.net'/>");
    await says(made.server, answer(ping));
    expect([deliveries[0]?.state, acked.now]).toEqual(["acked", "resolved"]);
    broker.halt();
  });

  test("leaves a delay that is there, the caller's element, and stanzas of others as they are", async () => {
    const made = await requeueing();
    const { broker, server } = made;
    const old = xml("delay", { xmlns: "urn:xmpp:delay", stamp: "2020-01-01T00:00:00Z" });
    const given = stanza("message", "a", old);
    broker.send(given);
    await nextPing(server);
    await cut(made);
    await broker.connect();
    broker.queue.flush();
    const { before } = await nextPing(made.server);
    expect(before.match(/<delay/g)).toHaveLength(1);
    expect(before).toContain("stamp='2020-01-01T00:00:00Z'");
    expect(given.children).toHaveLength(1);
    broker.halt();
  });

  const kinds = ["message", "presence", "iq"] as const;
  test.each([
    ["xmpp", ["message"]],
    ["legacy", ["message"]],
    ["component", ["message", "presence"]],
    ["jabberd2", ["message", "presence"]],
  ] as const)("on %s covers %s", async (name, covered) => {
    const made = await requeueing({ dialect: DIALECTS[name] });
    const { broker, server } = made;
    const deliveries = kinds.map((kind) => broker.send(stanza(kind, kind)));
    const request = codeOf(
      broker.request(xml("iq", { type: "get", to: "example.org", id: "asked" })),
    );
    await nextPing(server);
    await cut(made);
    expect(waiting(made)).toEqual(covered);
    const isCovered = (kind: string) => covered.some((each) => each === kind);
    expect(deliveries.map(({ state }) => state)).toEqual(
      kinds.map((kind) => (isCovered(kind) ? "queued" : "unknown")),
    );
    expect(await request).toBe("DISCONNECTED");
  });

  test.each([
    ["xmpp", []],
    ["component", ["q"]],
    ["jabberd2", ["q"]],
  ] as const)("on %s covers the answers of responders: %j", async (name, covered) => {
    const made = await requeueing({ dialect: DIALECTS[name] });
    const { broker, server } = made;
    broker.respond("/iq/query", () => xml("query", { xmlns: "urn:q" }));
    const to = broker.jid ?? "";
    const question = `<iq xmlns='jabber:client' type='get' id='q' from='a@example.org/b' to='${to}'><query xmlns='urn:q'/></iq>`;
    const route = `<route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' from='sm' to='${to}'>${question}</route>`;
    server.say(name === "jabberd2" ? route : question);
    await nextPing(server);
    expect(server.heard).toContain("id='q'");
    await cut(made);
    expect(waiting(made)).toEqual(covered);
  });

  test("by a function covers what it says, and a function that throws says report", async () => {
    const choose = ({ attrs }: Element) => {
      if (attrs.id === "c") throw new TypeError("no");
      return attrs.id === "b" ? "requeue" : "report";
    };
    const made = await requeueing({ unacked: choose });
    const { broker, server } = made;
    const errors: string[] = [];
    broker.on("error", ({ error, source }) => errors.push(`${error.code} ${source}`));
    for (const id of ["a", "b", "c"]) broker.send(stanza("iq", id));
    await nextPing(server);
    await cut(made);
    expect(waiting(made)).toEqual(["b"]);
    expect(errors).toEqual(["HANDLER_FAILED unacked"]);
    // An iq gets no delay.
    expect([...broker.queue][0]?.stanza.children).toEqual([]);
  });

  test("never sends a request again, whatever the function says", async () => {
    const made = await requeueing({ unacked: () => "requeue" });
    const request = codeOf(made.broker.request(stanza("message", "asked")));
    await nextPing(made.server);
    await cut(made);
    expect([await request, waiting(made)]).toEqual(["DISCONNECTED", []]);
  });

  test("gives one without a time that of the queue, from its first send on", async () => {
    const made = await requeueing({ queue: { ttl: 60_000 } });
    const delivery = made.broker.send(message("a"));
    await nextPing(made.server);
    await made.clock.pass(9000);
    await cut(made);
    await made.clock.pass(50_999);
    expect(delivery.state).toBe("queued");
    await made.clock.pass(1);
    expect([delivery.state, delivery.error?.code]).toEqual(["unknown", "EXPIRED"]);
  });

  test("is not counted against the limit of the queue", async () => {
    const made = await requeueing({ queue: { limit: 2 } });
    const { broker, server } = made;
    for (const id of ["a", "b", "c"]) broker.send(message(id));
    await nextPing(server);
    await cut(made);
    expect(broker.send(message("d")).state).toBe("queued");
    expect(broker.send(message("e")).state).toBe("queued");
    expect(broker.send(message("f")).error?.code).toBe("QUEUE_FULL");
    expect(waiting(made)).toEqual(["a", "b", "c", "d", "e"]);
  });

  test.each([
    ["removed", "REMOVED", (made: Line, key: string) => made.broker.queue.remove(key)],
    ["cleared", "REMOVED", (made: Line) => made.broker.queue.clear()],
    [
      "expired",
      "EXPIRED",
      (made: Line) => {
        made.clock.advance(60_000);
      },
    ],
    [
      "crowded out",
      "QUEUE_FULL",
      (made: Line) => made.broker.send(stanza("message", "x".repeat(450))),
    ],
  ])("once %s is unknown, since it may have arrived", async (_, code, act) => {
    const made = await requeueing({ queue: { bytes: 600, overflow: "drop-oldest" } });
    const { broker, server } = made;
    const delivery = broker.send(message("a"), { ttl: 60_000 });
    const acked = outcome(delivery.acked());
    await nextPing(server);
    await cut(made);
    expect(delivery.state).toBe("queued");
    act(made, delivery.key);
    await settled();
    expect([delivery.state, delivery.error?.code, acked.now]).toEqual(["unknown", code, code]);
    expect(made.clock.timers).toBe(0);
  });

  test("under drop-oldest, new stanzas crowd out new ones by their number", async () => {
    const made = await requeueing({ queue: { limit: 1, overflow: "drop-oldest" } });
    made.broker.send(message("a"));
    await nextPing(made.server);
    await cut(made);
    const first = made.broker.send(message("b"));
    made.broker.send(message("c"));
    expect(first.error?.code).toBe("QUEUE_FULL");
    expect(waiting(made)).toEqual(["a", "c"]);
  });

  test("happens three times, and then the stanza is unknown", async () => {
    const made = await requeueing();
    const delivery = made.broker.send(message("a"));
    for (let time = 1; time <= 3; time++) {
      await nextPing(made.server);
      await cut(made);
      expect(delivery.state).toBe("queued");
      await made.broker.connect();
      expect(made.broker.queue.flush()).toBe(1);
    }
    await nextPing(made.server);
    await cut(made);
    expect([delivery.state, delivery.error?.code]).toEqual(["unknown", "UNACKNOWLEDGED"]);
    expect(made.broker.queue.size).toBe(0);
  });

  test("a listener of the end that asks for a proof gets it later", async () => {
    const made = await requeueing();
    const { broker, server } = made;
    const delivery = broker.send(message("a"));
    await nextPing(server);
    broker.on("phase", () => void delivery.acked());
    await cut(made);
    expect(delivery.state).toBe("queued");
  });
});

describe("poison", () => {
  test.each([
    "policy-violation",
    "not-well-formed",
    "invalid-xml",
    "improper-addressing",
    "invalid-from",
    "unsupported-stanza-type",
  ])(
    "after %s they go one by one, and the one that ends a stream twice is failed",
    async (condition) => {
      const made = await requeueing();
      const deliveries = ["a", "poison", "c"].map((id) => made.broker.send(message(id)));
      await nextPing(made.server);
      await ends(made, condition);
      expect(waiting(made)).toEqual(["a", "poison", "c"]);
      for (let time = 1; time <= 2; time++) {
        await made.broker.connect();
        made.broker.queue.flush();
        made.broker.send(message(`later${time}`));
        if (time === 1) {
          const first = await nextPing(made.server);
          expect(heardIds(made.server.heard)).toEqual(["a"]);
          await says(made.server, answer(first));
        }
        await nextPing(made.server);
        expect(heardIds(made.server.heard).at(-1)).toBe("poison");
        await ends(made, condition);
      }
      expect(deliveries.map(({ state }) => state)).toEqual(["acked", "failed", "queued"]);
      const { error } = deliveries[1] ?? {};
      expect([error?.code, error?.retryable]).toEqual(["POISON", false]);
      await made.broker.connect();
      made.broker.queue.flush();
      await says(made.server, answer(await nextPing(made.server)));
      expect(deliveries[2]?.state).toBe("acked");
      await says(made.server, answer(await nextPing(made.server)));
      expect(waiting(made)).toEqual([]);
      expect(heardIds(made.server.heard)).toEqual(["c", "later1", "later2"]);
      made.broker.halt();
    },
  );

  test.each(["system-shutdown", "conflict", "reset"])("%s makes no suspects", async (condition) => {
    const made = await requeueing();
    for (const id of ["a", "b"]) made.broker.send(message(id));
    await nextPing(made.server);
    await ends(made, condition);
    await made.broker.connect();
    made.broker.queue.flush();
    await nextPing(made.server);
    expect(heardIds(made.server.heard)).toEqual(["a", "b"]);
    made.broker.halt();
  });

  test("alone from the start, it is failed at the second end", async () => {
    const made = await requeueing();
    const delivery = made.broker.send(message("a"));
    for (let time = 1; time <= 2; time++) {
      await nextPing(made.server);
      await ends(made, "policy-violation");
      if (time === 2) break;
      await made.broker.connect();
      made.broker.queue.flush();
    }
    expect([delivery.state, delivery.error?.code]).toEqual(["failed", "POISON"]);
    const { unsent, unknown } = await made.broker.shutdown();
    expect([unsent, unknown]).toEqual([[], []]);
  });

  test("where no proof is to be had, suspects go as others do, and end after three times", async () => {
    const made = await requeueing({ acks: false });
    const deliveries = ["a", "b"].map((id) => made.broker.send(message(id)));
    for (let time = 1; time <= 4; time++) {
      await settled();
      await ends(made, "policy-violation");
      if (time === 4) break;
      await made.broker.connect();
      expect(made.broker.queue.flush()).toBe(2);
      await made.server.hears("id='b'");
    }
    expect(deliveries.map(({ state }) => state)).toEqual(["unknown", "unknown"]);
  });

  test("a suspect whose proof fails lets the others go", async () => {
    const made = await requeueing();
    const deliveries = ["a", "b"].map((id) => made.broker.send(message(id)));
    await nextPing(made.server);
    await ends(made, "policy-violation");
    await made.broker.connect();
    made.broker.queue.flush();
    await nextPing(made.server);
    expect(deliveries.map(({ state }) => state)).toEqual(["written", "queued"]);
    await made.clock.pass(20_000);
    expect(deliveries.map(({ state }) => state)).toEqual(["written", "written"]);
    made.broker.halt();
  });
});

describe("a bounce on jabberd2's router", () => {
  const back = (id: string) =>
    `<route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' error='404' from='nowhere.example' to='gw.example.org'><message xmlns='jabber:client' id='${id}' to='x@nowhere.example' from='gw.example.org'/></route>`;
  const lost = () => xml("message", { id: "a", to: "x@nowhere.example" });

  test("before the proof fails the delivery, and the proof changes nothing", async () => {
    const { broker, server } = await proofLine({ dialect: DIALECTS.jabberd2, acks: "always" });
    const delivery = broker.send(lost());
    const ping = await nextPing(server);
    await says(server, back("a"));
    expect([delivery.state, delivery.error?.code]).toEqual(["failed", "NOT_ROUTED"]);
    await says(server, routed(answer(ping)));
    expect(delivery.state).toBe("failed");
    broker.halt();
  });

  test("after the proof is the event returned, and the state stays", async () => {
    const { broker, server } = await proofLine({ dialect: DIALECTS.jabberd2, acks: "always" });
    const delivery = broker.send(lost());
    const returned: unknown[] = [];
    broker.on("returned", (event) => returned.push(event.delivery, event.error.code));
    await says(server, routed(answer(await nextPing(server))));
    await says(server, back("a"));
    expect(delivery.state).toBe("acked");
    expect(returned).toEqual([delivery, "NOT_ROUTED"]);
    expect(await hasPinged(server)).toBe(false);
    broker.halt();
  });

  const routed = (text: string) =>
    `<route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' from='sm' to='gw.example.org'>${text.replace("<iq", "<iq xmlns='jabber:client'")}</route>`;
});

describe("a listener at the end of a session", () => {
  test("that sends by a key in use gets its delivery, and nothing is sent twice", async () => {
    const made = await requeueing();
    const { broker, server } = made;
    const first = broker.send(message("a"), { key: "row 1" });
    await nextPing(server);
    const again: unknown[] = [];
    broker.on("phase", ({ to }) => {
      if (to.name === "closing") again.push(broker.send(message("b"), { key: "row 1" }));
    });
    await cut(made);
    expect(again).toEqual([first]);
    expect(waiting(made)).toEqual(["a"]);
    broker.queue.clear();
    expect([first.state, broker.queue.bytes]).toEqual(["unknown", 0]);
  });

  test("that clears the queue is told of each end once", async () => {
    const made = await requeueing();
    const { broker, server } = made;
    const told: string[] = [];
    broker.on("delivery", ({ delivery, stanza: { attrs } }) => {
      told.push(`${attrs.id} ${delivery.state}`);
    });
    for (const id of ["a", "b"]) broker.send(message(id));
    await nextPing(server);
    broker.on("queued", () => void broker.queue.clear());
    await cut(made);
    expect(told).toEqual(["a written", "b written", "a unknown", "b unknown"]);
    expect(broker.stats.deliveries.unknown).toBe(2);
  });

  test("that hears of one proof and ends the session leaves the others proven", async () => {
    const { broker, server } = await requeueing();
    let id = "";
    broker.on("trace", ({ text }) => {
      id = /<iq type='get' id='([^']*)'/.exec(text)?.[1] ?? id;
    });
    server.pause();
    const deliveries = ["a", "b", "c"].map((name) => broker.send(message(name)));
    await settled();
    broker.on("delivery", ({ delivery }) => {
      if (delivery.state === "acked") broker.halt();
    });
    await says(server, `<iq type='result' id='${id}' from='example.org'/>`);
    expect(deliveries.map(({ state }) => state)).toEqual(["acked", "acked", "acked"]);
    expect(broker.queue.size).toBe(0);
  });
});

test.each([86_400_000, -86_400_000])(
  "a wall clock that is set by %i ms changes no time of a requeued stanza",
  async (jump) => {
    const made = await requeueing({ queue: { ttl: 300_000 } });
    const { broker, server, clock } = made;
    const delivery = broker.send(message("a"));
    await nextPing(server);
    clock.jump(jump);
    await cut(made);
    await clock.pass(299_999);
    expect(delivery.state).toBe("queued");
    await clock.pass(1);
    expect([delivery.state, delivery.error?.code]).toEqual(["unknown", "EXPIRED"]);
  },
);

test("a function that returns no word, or a promise that fails, is reported, and the stanza is unknown", async () => {
  const unacked = (() => Promise.reject(new TypeError("no"))) as unknown as () => "report";
  const made = await requeueing({ unacked });
  const errors: string[] = [];
  made.broker.on("error", ({ error }) => errors.push(error.code));
  const delivery = made.broker.send(message("a"));
  await nextPing(made.server);
  await cut(made);
  expect([delivery.state, errors]).toEqual(["unknown", ["HANDLER_FAILED"]]);
});

test("what waits to be sent again has a bound: the stanzas beyond it are unknown", () => {
  const clock = new VirtualClock();
  const queue = new StanzaQueue(clock, () => undefined);
  const items = (count: number, bytes: number, from: string) =>
    Array.from({ length: count }, (_, index): Item => {
      const delivery = new TrackedDelivery(`${from} ${index}`);
      const tracked = {
        ...{ sentAt: 0, since: 0, isAnswer: false, tries: 1, isSuspect: false, strikes: 0 },
      };
      const text = { stanza: message("a"), text: "", bytes, returning: undefined };
      return { delivery, ...text, expires: undefined, request: undefined, tracked, at: 0 };
    });
  expect(queue.addInFront(items(MOST_REQUEUED - 1, 1, "old")).length).toBe(MOST_REQUEUED - 1);
  const [first, ...others] = queue.addInFront(items(3, 1, "new"));
  expect([first?.delivery.key, others.length]).toEqual(["new 0", 0]);
  for (const item of queue.all()) queue.take(item);
  const large = items(3, MOST_REQUEUED_BYTES / 2, "large");
  expect(queue.addInFront(large).length).toBe(2);
  for (const item of queue.all()) queue.take(item);
  expect(queue.addInFront(large).length).toBe(2);
});
