import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { StoredEntry } from "../../src/contract/store.ts";
import { storeCases } from "../../src/stores/conformance.ts";
import { xml } from "../../src/xml/element.ts";
import { codeOf, type Line, line } from "../broker/line.ts";
import { a as handled, managedDialect } from "../session/acks/managed-line.ts";
import {
  answer,
  DIALECTS,
  hasPinged,
  message,
  nextPing,
  outcome,
  says,
} from "../session/acks/proof-line.ts";
import { MemoryPlace } from "../stores/memory-place.ts";
import { settled } from "../virtual-clock.ts";

type Options = Partial<BrokerOptions>;

/** A broker with a store on that place, not connected. */
function durable(place: MemoryPlace, { queue, ...options }: Options = {}): Line {
  return line({ acks: "auto", queue: { store: place.store(), ...queue }, ...options }, true, false);
}

async function connected(place: MemoryPlace, options: Options = {}): Promise<Line> {
  const made = durable(place, options);
  await made.broker.connect();
  await settled();
  return made;
}

/** The ids of the stanzas that a server has heard and no test has taken. */
const heard = ({ server }: Line) =>
  [...server.unread.matchAll(/<(?:message|presence|iq)[^>]* id='([^']{1,20})'/g)].map(
    ([, id]) => id,
  );

/** The server answers the ping that is under way. */
async function prove({ server }: Line): Promise<void> {
  await says(server, answer(await nextPing(server)));
}

/** A process ends without a word. */
function kill(made: Line, place: MemoryPlace): void {
  place.kill();
  made.broker.halt();
}

const entry = (key: string, more: Partial<StoredEntry> = {}): StoredEntry => ({
  key,
  kind: "message",
  text: `<message id='${key}' to='juliet@example.net'><body>hi</body></message>`,
  sent: Date.UTC(2025, 11, 31),
  tries: 0,
  ...more,
});

const many = (count: number) => Array.from({ length: count }, (_, index) => entry(`old${index}`));

function placeWith(...entries: StoredEntry[]): MemoryPlace {
  const place = new MemoryPlace();
  place.entries = entries;
  return place;
}

test.each(storeCases(() => new MemoryPlace()).map(({ name, run }) => [name, run] as const))(
  "of the place in memory: %s",
  async (_name, run) => {
    await run();
  },
);

describe.each(Object.entries(DIALECTS))("with a store, on %s", (_name, dialect) => {
  test("nothing reaches the wire before it is stored", async () => {
    const place = new MemoryPlace();
    const made = await connected(place, { dialect });
    made.broker.send(message("before"));
    await settled();
    place.hold();
    const delivery = made.broker.send(message("a"));
    const stored = outcome(delivery.stored());
    // A proof lets go what waits behind the socket.
    await prove(made);
    expect([heard(made), stored.now, delivery.state]).toEqual([[], "pending", "queued"]);
    place.letGo();
    await settled();
    expect([heard(made), stored.now, delivery.state]).toEqual([["a"], "resolved", "written"]);
  });

  test("what is proven leaves the store, and the next process sends the rest again in order", async () => {
    const place = new MemoryPlace();
    const made = await connected(place, { dialect });
    made.broker.send(message("a"));
    await settled();
    await prove(made);
    for (const id of ["b", "c", "d"]) made.broker.send(message(id), { key: `key of ${id}` });
    await settled();
    expect(place.keys).toEqual(["key of b", "key of c", "key of d"]);
    kill(made, place);
    const next = await connected(place, { dialect });
    next.broker.send(message("e"));
    await settled();
    expect(heard(next)).toEqual(["b", "c", "d", "e"]);
    while (await hasPinged(next.server)) await prove(next);
    expect(await codeOf(next.broker.acked())).toBe("resolved");
    expect(place.keys).toEqual([]);
    next.broker.halt();
  });

  test("what comes from an earlier process says so, with the time of its first send", async () => {
    const place = placeWith();
    const first = await connected(place, { dialect });
    first.broker.send(message("a"), { key: "a" });
    await settled();
    first.server.cut();
    kill(first, place);
    const made = await connected(place, { dialect });
    await made.server.hears("<message");
    const own = dialect.account ?? dialect.domain;
    expect(await made.server.hears("/>")).toContain(
      `from='${own}' stamp='2026-01-01T00:00:00.000Z'`,
    );
  });
});

describe("a store", () => {
  test("is opened by connect, for the dialect and its address, and closed at the end", async () => {
    const place = new MemoryPlace();
    const made = await connected(place, { dialect: DIALECTS.xmpp });
    made.broker.halt();
    await made.broker.closed;
    expect(place.calls).toEqual(["open xmpp me@example.org", "close"]);
  });

  test("is opened by send, and the next connect goes on with it", async () => {
    const place = new MemoryPlace();
    const made = durable(place);
    await made.broker.send(message("a")).stored();
    expect(place.calls.map((call) => call.split(" ")[0])).toEqual(["open", "append"]);
    await made.broker.connect();
    await settled();
    expect(heard(made)).toEqual(["a"]);
    expect(place.calls).toHaveLength(2);
  });

  test("is closed before closed settles, so that the next broker can open it", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    made.server.cut();
    await made.broker.closed;
    await connected(place);
    expect(place.calls.map((call) => call.split(" ")[0])).toEqual(["open", "close", "open"]);
  });

  test("that send has opened is closed by shutdown", async () => {
    const place = new MemoryPlace();
    const made = durable(place);
    await made.broker.send(message("a")).stored();
    const { unsent } = await made.broker.shutdown();
    expect(unsent.map(({ state }) => state)).toEqual(["queued"]);
    expect(place.calls.at(-1)).toBe("close");
    expect(place.entries).toHaveLength(1);
  });

  test.each([
    "STORE_LOCKED",
    "STORE_DAMAGED",
    "STORE_VERSION",
    "STORE_FOREIGN",
    "STORE_FAILED",
  ] as const)(
    "that cannot be opened rejects connect with %s, and can be opened later",
    async (code) => {
      const place = new MemoryPlace();
      place.refusal = new BrokerError(code);
      const made = durable(place, { reconnect: true });
      const delivery = made.broker.send(message("a"));
      expect(await codeOf(made.broker.connect())).toBe(code);
      await settled();
      expect([delivery.state, delivery.error?.code]).toEqual(["failed", code]);
      expect([made.broker.phase.name, made.servers.length]).toEqual(["idle", 0]);
      place.refusal = undefined;
      await made.broker.connect();
    },
  );

  test("that is being opened when the broker is shut down ends connect with ABORTED", async () => {
    const place = new MemoryPlace();
    const made = durable(place);
    const connecting = codeOf(made.broker.connect());
    await made.broker.shutdown();
    expect(await connecting).toBe("ABORTED");
    await settled();
    expect(place.calls.at(-1)).toBe("close");
    expect(made.servers).toHaveLength(0);
  });

  test.each([
    ["acks: false", { acks: false }],
    ["a store without append", { queue: { store: { open() {} } } }],
    ["a store that is a directory", { queue: { store: "/var/lib" } }],
  ])("is refused with %s", (_name, options) => {
    const place = new MemoryPlace();
    const given = { queue: { store: place.store() }, ...options } as Options;
    expect(() => line(given)).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });

  test("makes flush auto and unacked requeue, and sets no ttl, unless they are given", () => {
    const settingsOf = (options: Options = {}) =>
      durable(new MemoryPlace(), { reconnect: true, ...options }).broker.settings;
    const { queue, unacked } = settingsOf();
    expect([queue.flush, queue.ttl, unacked]).toEqual(["auto", undefined, "requeue"]);
    const given = settingsOf({ queue: { flush: "manual", ttl: 7 }, unacked: "report" });
    expect([given.queue.flush, given.queue.ttl, given.unacked]).toEqual(["manual", 7, "report"]);
  });
});

test("without a store, stored rejects with NO_STORE", async () => {
  const made = line();
  expect(await codeOf(made.broker.send(message("a")).stored())).toBe("NO_STORE");
});

describe("what is sent", () => {
  test("in one turn is stored by one call, and what is sent meanwhile by the next", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    place.calls.length = 0;
    place.hold();
    for (const key of ["a", "b"]) made.broker.send(message(key), { key });
    await settled();
    for (const key of ["c", "d"]) made.broker.send(message(key), { key });
    await settled();
    place.letGo();
    await settled();
    expect(place.calls).toEqual(["append a b", "append c d"]);
    await prove(made);
    expect(place.calls.slice(2)).toEqual(["remove a b c d"]);
    expect(heard(made)).toEqual([]);
  });

  test("as an answer is not stored, and a request keeps its place behind what is", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    made.broker.respond("/iq", () => undefined);
    place.hold();
    made.broker.send(message("a"));
    void made.broker.request(xml("iq", { type: "get", id: "b", to: "example.net" })).catch(() => 0);
    const reply = made.broker.send(xml("iq", { type: "result", id: "c", to: "example.net" }));
    await settled();
    expect(heard(made)).toEqual([]);
    place.letGo();
    await settled();
    expect(heard(made)).toEqual(["a", "b", "c"]);
    expect(place.entries.map(({ text }) => / id='(.)'/.exec(text)?.[1])).toEqual(["a"]);
    expect(await codeOf(reply.stored())).toBe("NO_STORE");
  });

  test("keeps its own keys apart from those of earlier processes", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    made.broker.send(message("a"));
    await settled();
    kill(made, place);
    const next = await connected(place);
    next.broker.send(message("b"));
    await settled();
    expect(new Set(place.keys).size).toBe(2);
    expect(heard(next)).toEqual(["a", "b"]);
  });

  test("and taken back leaves the store", async () => {
    const place = new MemoryPlace();
    const made = durable(place);
    const delivery = made.broker.send(message("a"));
    await delivery.stored();
    made.broker.queue.remove(delivery.key);
    const other = made.broker.send(message("b"));
    made.broker.queue.clear();
    await settled();
    expect([place.keys, delivery.state, other.state]).toEqual([[], "failed", "failed"]);
    expect(await codeOf(delivery.stored())).toBe("resolved");
    expect(await codeOf(other.stored())).toBe("REMOVED");
  });

  test("and taken back while it is being stored leaves the store too", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    place.hold();
    const delivery = made.broker.send(message("a"));
    await settled();
    made.broker.queue.remove(delivery.key);
    place.letGo();
    await settled();
    expect([place.keys, heard(made)]).toEqual([[], []]);
  });

  test("with the key of a stanza that was proven in this turn is stored", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    made.broker.send(message("first"), { key: "a" });
    await settled();
    const once = made.broker.on("delivery", ({ delivery: { state } }) => {
      if (state !== "acked") return;
      once();
      made.broker.send(message("second"), { key: "a" });
    });
    await prove(made);
    expect(place.entries.map(({ text }) => text)).toEqual([expect.stringContaining("second")]);
  });
});

describe("a stanza that ends while the store is closed", () => {
  /** A broker that was shut down with two stanzas in its queue and in the store. */
  async function shutDown(place: MemoryPlace, options: Options = {}): Promise<Line> {
    const made = durable(place, options);
    for (const key of ["a", "b"]) made.broker.send(message(key), { key, ttl: 60_000 });
    await settled();
    await made.broker.shutdown();
    expect([place.keys, place.calls.at(-1)]).toEqual([["a", "b"], "close"]);
    place.calls.length = 0;
    return made;
  }

  const ends = [
    ["by remove", ({ broker }: Line) => broker.queue.remove("b"), "remove b", ["a"]],
    ["by clear", ({ broker }: Line) => broker.queue.clear(), "remove a b", []],
    ["by its ttl", ({ clock }: Line) => clock.pass(60_000), "remove a b", []],
  ] as const;

  test.each(ends)("%s leaves it, and the store is closed again", async (_, end, call, left) => {
    const place = new MemoryPlace();
    const made = await shutDown(place);
    void end(made);
    await settled();
    expect(place.calls).toEqual([expect.stringContaining("open"), call, "close"]);
    expect(place.keys).toEqual(left);
    const next = await connected(place);
    expect(heard(next)).toEqual(left);
    // (The one that is left has its ttl.)
    expect(made.clock.timers).toBe(left.length);
  });

  test.each(ends)("%s and the store that does not open says so", async (_, end, call, left) => {
    const place = new MemoryPlace();
    const made = await shutDown(place);
    const told: string[] = [];
    made.broker.on("error", ({ error, source }) => told.push(`${source}: ${error.code}`));
    place.refusal = new BrokerError("STORE_LOCKED");
    void end(made);
    await settled();
    expect(told).toEqual(["the store: STORE_LOCKED"]);
    expect(place.keys).toEqual(["a", "b"]);
    // The next opening removes it all the same.
    place.refusal = undefined;
    await made.broker.connect();
    await settled();
    expect(place.calls).toContain(call);
    expect(heard(made)).toEqual(left);
    made.broker.halt();
  });

  test.each(ends)("%s and the store that removes nothing says so", async (_, end) => {
    const place = new MemoryPlace();
    const refuse = () => Promise.reject(new Error("input/output error"));
    const made = await shutDown(place, { queue: { store: { ...place.store(), remove: refuse } } });
    const told: string[] = [];
    made.broker.on("error", ({ error, source }) => told.push(`${source}: ${error.message}`));
    void end(made);
    await settled();
    expect(told).toEqual([expect.stringContaining("input/output error")]);
    expect([place.keys, place.calls.at(-1)]).toEqual([["a", "b"], "close"]);
  });

  test("and the store that answers no more is given up", async () => {
    const place = new MemoryPlace();
    const store = { ...place.store() };
    const made = await shutDown(place, { queue: { store } });
    store.open = () => new Promise<never>(() => undefined);
    const told: string[] = [];
    made.broker.on("error", ({ error }) => told.push(error.code));
    made.broker.queue.clear();
    await made.clock.pass(5000);
    expect([told, made.clock.timers]).toEqual([["STORE_FAILED"], 0]);
  });

  test.each([
    ["connect", ({ broker }: Line) => broker.connect(), []],
    ["send", ({ broker }: Line) => broker.send(message("c"), { key: "c" }).stored(), ["c"]],
  ])("and %s at once leaves the store open", async (_, use, keys) => {
    const place = new MemoryPlace();
    const made = await shutDown(place);
    made.broker.queue.clear();
    await use(made);
    await settled();
    expect([place.keys, place.calls.includes("close")]).toEqual([keys, false]);
    made.broker.halt();
  });

  test("as the store closes leaves it before, or by another opening", async () => {
    for (let turn = 0; turn < 12; turn++) {
      const place = new MemoryPlace();
      const made = await connected(place, { queue: { flush: "manual" } });
      made.server.cut();
      await made.broker.closed;
      made.broker.send(message("a"), { key: "a" });
      await settled();
      const ended = made.broker.shutdown();
      for (let passed = 0; passed < turn; passed++) await Promise.resolve();
      made.broker.queue.clear();
      await ended;
      await settled();
      expect([turn, place.keys, place.calls.at(-1)]).toEqual([turn, [], "close"]);
    }
  });

  test("as a request has no place in it", async () => {
    const place = new MemoryPlace();
    const made = await shutDown(place);
    const controller = new AbortController();
    const asked = made.broker.request(xml("iq", { type: "get", id: "r" }), {
      signal: controller.signal,
    });
    controller.abort();
    expect(await codeOf(asked)).toBe("ABORTED");
    await settled();
    expect([place.calls, place.keys]).toEqual([[], ["a", "b"]]);
  });
});

describe("the end of a session", () => {
  test("has what is unproven sent again, unless unacked says otherwise", async () => {
    for (const [unacked, state, keys] of [
      [undefined, "queued", ["a"]],
      ["report", "unknown", []],
    ] as const) {
      const place = new MemoryPlace();
      const made = await connected(place, { unacked });
      const delivery = made.broker.send(message("a"), { key: "a" });
      await settled();
      made.server.cut();
      await made.broker.closed;
      expect([delivery.state, place.keys]).toEqual([state, keys]);
    }
  });

  test("and the next connect send it once, by the same delivery", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    const delivery = made.broker.send(message("a"), { key: "a" });
    await settled();
    made.server.cut();
    await made.broker.closed;
    await made.broker.connect();
    await settled();
    expect(heard(made)).toEqual(["a"]);
    await prove(made);
    expect([delivery.state, place.keys, made.broker.queue.size]).toEqual(["acked", [], 0]);
  });
});

describe("what an earlier process has left", () => {
  test("is found by its key", async () => {
    const place = placeWith(entry("row 1"), entry("row 2"));
    const made = await connected(place);
    const delivery = made.broker.send(message("other"), { key: "row 2" });
    expect(await codeOf(delivery.stored())).toBe("resolved");
    expect(heard(made)).toEqual(["row 1", "row 2"]);
    await prove(made);
    expect(delivery.state).toBe("acked");
  });

  test("takes the place of what was sent with its key before the store was read", async () => {
    const place = placeWith(entry("row 1"), entry("row 2"));
    const made = durable(place);
    const first = made.broker.send(message("new"), { key: "a" });
    const second = made.broker.send(message("another"), { key: "row 2" });
    await made.broker.connect();
    await settled();
    expect(heard(made)).toEqual(["row 1", "row 2", "new"]);
    expect([...place.keys].sort()).toEqual(["a", "row 1", "row 2"]);
    await prove(made);
    expect([first.state, second.state, place.keys]).toEqual(["acked", "acked", []]);
  });

  test("expires by the wall clock, and is unknown then: it may have been sent", async () => {
    const now = Date.UTC(2026, 0, 1);
    const place = placeWith(
      entry("stale", { expires: now - 1 }),
      entry("soon", { expires: now + 1000 }),
      entry("late", { expires: now + 5000 }),
    );
    const made = durable(place, { queue: { flush: "manual" } });
    const states: string[] = [];
    made.broker.on("delivery", ({ delivery: { key, state, error } }) => {
      states.push(`${key} ${state} ${error?.code}`);
    });
    await made.broker.connect();
    await made.clock.pass(1000);
    expect(states).toEqual(["stale unknown EXPIRED", "soon unknown EXPIRED"]);
    made.broker.queue.flush();
    await settled();
    expect([heard(made), place.keys]).toEqual([["late"], ["late"]]);
  });

  test("is stored with the wall clock's end of its ttl", async () => {
    const place = new MemoryPlace();
    const made = durable(place);
    await made.clock.pass(500);
    await made.broker.send(message("a"), { ttl: 1500 }).stored();
    expect(place.entries[0]).toMatchObject({
      sent: made.clock.wall(),
      expires: made.clock.wall() + 1500,
      kind: "message",
      tries: 0,
    });
  });

  test("that cannot be sent any more fails, and leaves the store", async () => {
    const place = placeWith(entry("bad", { text: "<message>" }), entry("good"));
    const made = durable(place);
    const failed: unknown[] = [];
    made.broker.on("delivery", ({ delivery: { key, error } }) => {
      if (error !== undefined) failed.push(`${key} ${error.code}`);
    });
    await made.broker.connect();
    await settled();
    expect(failed).toEqual(["bad NOT_WELL_FORMED"]);
    expect([heard(made), place.keys]).toEqual([["good"], ["good"]]);
  });

  test("waits for flush where that is manual", async () => {
    const place = placeWith(entry("a"), entry("b"));
    const made = await connected(place, { queue: { flush: "manual" } });
    expect(heard(made)).toEqual([]);
    expect(made.broker.queue.size).toBe(2);
    expect(made.broker.queue.flush()).toBe(2);
    await settled();
    expect(heard(made)).toEqual(["a", "b"]);
  });
});

describe("what is proven leaves the store", () => {
  test("by stream management, as far as the server counts", async () => {
    const place = new MemoryPlace();
    const made = await connected(place, { dialect: managedDialect() });
    for (const id of ["a", "b", "c"]) made.broker.send(message(id), { key: id });
    await settled();
    expect([heard(made), place.keys]).toEqual([
      ["a", "b", "c"],
      ["a", "b", "c"],
    ]);
    await says(made.server, handled(2));
    expect(place.keys).toEqual(["c"]);
    kill(made, place);
    const next = await connected(place, { dialect: managedDialect() });
    expect(heard(next)).toEqual(["c"]);
    await says(next.server, handled(1));
    expect(place.keys).toEqual([]);
  });

  test("by the echo, where the server answers no ping", async () => {
    const place = new MemoryPlace();
    const made = await connected(place, { dialect: DIALECTS.component });
    made.broker.send(message("a"), { key: "a" });
    await settled();
    // An answer whose addresses are not swapped proves nothing.
    const ping = await nextPing(made.server);
    await says(
      made.server,
      answer(ping, { type: "error", from: "gw.example.org", to: "example.org" }),
    );
    expect(place.keys).toEqual(["a"]);
    const echo = await nextPing(made.server);
    await says(made.server, answer(echo, { type: "get" }));
    expect(place.keys).toEqual([]);
  });
});

describe("a store that holds more than memory", () => {
  const COUNT = 13_000;

  test("is read as its stanzas are proven, in order, and what is new goes behind", async () => {
    const place = placeWith(...many(COUNT));
    const made = durable(place);
    await made.broker.connect();
    made.broker.send(message("new"), { key: "new" });
    const acked = outcome(made.broker.acked());
    await settled();
    const ids: (string | undefined)[] = [];
    let most = 0;
    while (await hasPinged(made.server)) {
      most = Math.max(most, place.read - ids.length);
      const ping = await nextPing(made.server);
      ids.push(...[...ping.before.matchAll(/<message id='([^']*)'/g)].map(([, id]) => id));
      expect(acked.now).toBe("pending");
      await says(made.server, answer(ping));
    }
    expect(ids).toEqual([...many(COUNT).map(({ key }) => key), "new"]);
    expect(most).toBeLessThanOrEqual(11_001);
    expect([acked.now, place.keys]).toEqual(["resolved", []]);
  });

  test("is not proven before all of it is read, also where nothing new was sent", async () => {
    const place = placeWith(...many(COUNT));
    const made = durable(place);
    await made.broker.connect();
    const acked = outcome(made.broker.acked());
    await settled();
    while (await hasPinged(made.server)) {
      expect(acked.now).toBe("pending");
      await prove(made);
    }
    expect([acked.now, place.keys]).toEqual(["resolved", []]);
  });

  test("is not read further while nothing goes out", async () => {
    const place = placeWith(...many(5000));
    const made = await connected(place, { queue: { flush: "manual" } });
    expect([place.read, made.broker.queue.size]).toEqual([1000, 1000]);
    made.broker.send(message("new"), { key: "new" });
    await settled();
    expect([heard(made), place.keys.at(-1)]).toEqual([[], "new"]);
    made.broker.halt();
    await made.broker.closed;
    expect([place.calls.at(-1), place.keys.length]).toEqual(["close", 5001]);
  });
});

describe("a store that takes nothing", () => {
  const full = () => Object.assign(new Error("no space left"), { code: "ENOSPC" });

  test("fails the deliveries, and the broker goes on", async () => {
    const place = new MemoryPlace();
    const made = await connected(place);
    place.failure = full();
    const failed = made.broker.send(message("a"));
    expect(await codeOf(failed.stored())).toBe("STORE_FAILED");
    expect([failed.state, failed.error?.code, heard(made)]).toEqual(["failed", "STORE_FAILED", []]);
    place.failure = undefined;
    const next = made.broker.send(message("b"));
    await settled();
    expect([next.state, heard(made)]).toEqual(["written", ["b"]]);
    expect(made.broker.phase.name).toBe("ready");
  });

  test("ends the run where it says stop, and no reconnect follows", async () => {
    const place = new MemoryPlace();
    const made = await connected(place, { queue: { store: place.store("stop") }, reconnect: true });
    place.failure = full();
    const failed = made.broker.send(message("a"));
    expect((await made.broker.closed)?.code).toBe("STORE_FAILED");
    expect([failed.state, made.broker.phase.name]).toEqual(["failed", "idle"]);
  });

  test("lets stanzas go without it where it says memory", async () => {
    const place = new MemoryPlace();
    const made = await connected(place, { queue: { store: place.store("memory") } });
    place.failure = full();
    const delivery = made.broker.send(message("a"));
    expect(await codeOf(delivery.stored())).toBe("STORE_FAILED");
    await settled();
    expect([delivery.state, heard(made), place.keys]).toEqual(["written", ["a"], []]);
    await prove(made);
    expect(delivery.state).toBe("acked");
  });
});
