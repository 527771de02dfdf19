import { describe, expect, test } from "vitest";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { deferred } from "../../src/base/deferred.ts";
import { Lifecycle } from "../../src/broker/lifecycle.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { SessionState } from "../../src/contract/session-state.ts";
import type { OutboxStore, StoredEntry } from "../../src/contract/store.ts";
import { xml } from "../../src/xml/element.ts";
import { QUIET } from "../quiet-runtime.ts";
import { a, heard, outline, R } from "../session/acks/managed-line.ts";
import { message, outcome } from "../session/acks/proof-line.ts";
import { MemoryPlace } from "../stores/memory-place.ts";
import { settled, VirtualClock } from "../virtual-clock.ts";
import {
  ask,
  ENABLE,
  FRESH,
  failed,
  JID,
  managed,
  managedOutage,
  PROBE,
  resumed,
} from "./managed-outage.ts";

const END = "</stream:stream>";

/** The text of a message on the wire. */
function text(id: string): string {
  return `<message id='${id}' to='juliet@example.net'/>`;
}

const texts = (state: SessionState | undefined): unknown[] | undefined =>
  state?.unacked.map((entry) => entry?.text);

/** A ready broker with a session that can be resumed. */
async function live(later: readonly string[] = [], options: Partial<BrokerOptions> = {}) {
  const made = managedOutage([ENABLE, ...later], options);
  await made.broker.connect();
  return made;
}

/** A broker with the state of another's; it has gone through JSON. */
function next(
  session: SessionState | undefined,
  scripts: readonly string[],
  options: Partial<BrokerOptions> = {},
) {
  const carried = JSON.parse(JSON.stringify(session)) as SessionState;
  const made = managedOutage(scripts, { session: carried, reconnect: false, ...options });
  const told: string[] = [];
  made.broker.on("delivery", ({ delivery, stanza }) => {
    told.push(`${stanza.attrs.id ?? ""} ${delivery.state}`);
  });
  return Object.assign(made, { deliveries: told });
}

const STATE: SessionState = {
  version: 1,
  account: "me@example.org",
  jid: JID,
  id: "s-1",
  max: 60,
  detachedAt: Date.UTC(2026, 0, 1),
  h: 2,
  acked: 1,
  unacked: [{ text: text("b"), key: "row 2" }, null, { text: text("c") }],
};

describe("detach", () => {
  test("waits for proofs, tells what was handled, and ends without a goodbye", async () => {
    const { broker, server, clock } = await live();
    const closed = outcome(broker.closed);
    server.say("<message id='1'/><message id='2'/>");
    const delivery = broker.send(message("a"));
    await settled();
    const detaching = broker.detach();
    await settled();
    expect(broker.phase.name).toBe("closing");
    server.say(a(1));
    const state = await detaching;
    expect(delivery.state).toBe("acked");
    expect(state).toEqual({
      version: 1,
      account: "me@example.org",
      jid: JID,
      id: "s-1",
      max: 60,
      detachedAt: clock.wall(),
      h: 2,
      acked: 1,
      unacked: [],
    });
    const wire = await heard(server);
    expect(outline(wire)).toBe("a r a2");
    expect(wire).not.toContain(END);
    await settled();
    expect([closed.now, broker.phase.name, clock.timers]).toEqual(["resolved", "idle", 0]);
  });

  test("lists what has no proof in time, with keys, times and the broker's own", async () => {
    const { broker, server, clock } = await live([], { unacked: "requeue" });
    const sentAt = clock.wall();
    const deliveries = [broker.send(message("a"), { key: "row 1" }), broker.send(message("b"))];
    server.say(`<iq type='get' id='p' from='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await settled();
    const detaching = broker.detach();
    await clock.pass(5000);
    const state = await detaching;
    expect(state?.unacked).toEqual([
      { text: text("a"), key: "row 1", sentAt, tries: 0 },
      { text: text("b"), sentAt, tries: 0 },
      { text: "<iq type='result' id='p' to='example.org'/>", sentAt, tries: 0 },
    ]);
    // They go on elsewhere: nothing is sent again here, whatever `unacked` says.
    expect(deliveries.map(({ state: now }) => now)).toEqual(["unknown", "unknown"]);
    expect(deliveries[0]?.error?.message).toContain("detached");
    expect(broker.queue.size).toBe(0);
  });

  test("takes in nothing more: the server sends it again to the next process", async () => {
    const { broker, server } = await live();
    const got: string[] = [];
    broker.filter("/message", ({ stanza }) => void got.push(stanza.attrs.id ?? ""));
    server.say("<message id='1'/>");
    await settled();
    broker.send(message("a"));
    const detaching = broker.detach();
    server.say("<message id='2'/>");
    await settled();
    server.say(a(1));
    expect([(await detaching)?.h, got]).toEqual([1, ["1"]]);
  });

  test("leaves in the queue what was sent after it, and ends requests as ABORTED", async () => {
    const { broker, server, clock } = await live();
    const asked = outcome(broker.request(xml("iq", { type: "get", id: "q", to: "example.org" })));
    await settled();
    const detaching = broker.detach();
    const late = broker.send(message("late"));
    await settled();
    server.say(a(1));
    await clock.pass(5000);
    expect((await detaching)?.unacked).toEqual([]);
    expect([asked.now, late.state, [...broker.queue].length]).toEqual(["ABORTED", "queued", 1]);
  });

  test.each<[string, (made: Awaited<ReturnType<typeof live>>) => unknown]>([
    [
      "waits for its next try",
      async ({ server }) => {
        server.cut();
        await settled();
      },
    ],
    [
      "asks for its session",
      async ({ server, clock }) => {
        server.cut();
        await clock.pass(1000);
      },
    ],
    [
      "hears the end of its connection",
      ({ broker, server }) => {
        const detached = new Promise((resolve) => {
          broker.on("socket:error", () => {
            resolve(broker.detach());
          });
        });
        server.cut();
        return detached;
      },
    ],
  ])("gives the state of a broker that %s", async (_, lead) => {
    const made = await live([ask(0), ask(0)]);
    const { broker, clock } = made;
    broker.send(message("a"));
    await settled();
    await lead(made);
    const state = await broker.detach();
    expect(state).toMatchObject({ id: "s-1", h: 0, acked: 0 });
    expect(texts(state)).toEqual([text("a")]);
    await settled();
    expect([await broker.closed, clock.timers]).toEqual([undefined, 0]);
  });

  test("counts the probe of a login that it ends", async () => {
    const probing = `${ask(0)}${resumed(1)}
  C: <iq …type='get' id='{probe}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
    const { broker, server, clock } = await live([probing]);
    broker.send(message("a"));
    broker.send(message("b"));
    await settled();
    server.cut();
    await clock.pass(1000);
    const state = await broker.detach();
    expect(state?.acked).toBe(1);
    expect(texts(state)).toEqual([undefined, text("b")]);
    expect(state?.unacked[0]).toBe(null);
  });

  test.each<[string, Partial<BrokerOptions>, script: string]>([
    ["a session that the server does not keep", {}, ENABLE.replace("resume='true' id", "id")],
    [
      "a broker that does not reconnect",
      { reconnect: false },
      ENABLE.replace(" resume='true'", ""),
    ],
  ])("ends %s in order, and gives nothing", async (_, options, script) => {
    const made = managedOutage([script], options);
    const { broker } = made;
    await broker.connect();
    const { server } = made;
    const detaching = broker.detach();
    await server.hears(END);
    server.say(END);
    expect(await detaching).toBe(undefined);
    expect(broker.phase.name).toBe("idle");
  });

  test("gives nothing where the broker is idle, and where a shutdown came first", async () => {
    const idle = managedOutage([ENABLE]);
    expect(await idle.broker.detach()).toBe(undefined);
    const { broker, server } = await live();
    const shutting = broker.shutdown();
    const detaching = broker.detach();
    await server.hears(END);
    server.say(END);
    expect([await detaching, await shutting]).toEqual([undefined, { unsent: [], unknown: [] }]);
  });

  test("decides before a later shutdown, connect, reconnect or detach", async () => {
    const { broker, server, servers } = await live([ENABLE]);
    const first = broker.detach();
    const second = broker.detach();
    const shutting = broker.shutdown();
    const again = outcome(broker.reconnect());
    const connecting = broker.connect();
    const state = await first;
    expect(state?.id).toBe("s-1");
    expect(await second).toBe(state);
    expect(await shutting).toEqual({ unsent: [], unknown: [] });
    expect(again.now).toBe("ABORTED");
    expect((await connecting).resumed).toBe(false);
    expect([servers.length, (await heard(server)).includes(END)]).toEqual([2, false]);
    broker.halt();
  });

  test("gives the state also where halt, or the server, ends the connection meanwhile", async () => {
    for (const end of ["halt", "cut", "close"] as const) {
      const { broker, server, clock } = await live();
      broker.send(message("a"));
      await settled();
      const detaching = broker.detach();
      await settled();
      if (end === "halt") broker.halt();
      else if (end === "cut") server.cut();
      else server.say(END);
      const state = await detaching;
      expect([end, state?.unacked.length]).toEqual([end, 1]);
      await clock.pass(1000);
      expect(clock.timers).toBe(0);
    }
  });

  test("is safe in every listener and handler", async () => {
    const { broker, server, clock } = await live();
    const states: (SessionState | undefined)[] = [];
    const leave = () => {
      void broker.detach().then((state) => states.push(state));
    };
    broker.on("phase", leave);
    broker.on("socket:close", leave);
    broker.on("stream:end", leave);
    broker.filter("/message", async () => {
      states.push(await broker.detach());
    });
    server.say("<message id='1'/>");
    await clock.pass(5000);
    expect(new Set(states.filter((state) => state !== undefined)).size).toBe(1);
    expect(states.length).toBeGreaterThan(1);
  });
});

describe("session", () => {
  test("is resumed in the first login, and its stanzas are written again and proven", async () => {
    const made = next(STATE, [ask(2) + resumed(1) + PROBE]);
    const { broker, deliveries } = made;
    expect((await broker.connect()).resumed).toBe(true);
    const { server } = made;
    expect([broker.jid, outline(await heard(server))]).toEqual([JID, "b c r"]);
    const key = broker.send(message("other"), { key: "row 2" });
    const all = outcome(broker.acked());
    server.say(a(4));
    await settled();
    expect([key.state, all.now]).toEqual(["acked", "resolved"]);
    expect(deliveries).toEqual(["b acked", "c acked"]);
    server.say(`<message id='3'/>${R}`);
    await settled();
    // The answer to the probe counts.
    expect(outline(await heard(server))).toBe("a4");
    broker.halt();
  });

  test("counts what the server had handled before, the broker's own as well", async () => {
    const made = next(STATE, [ask(2) + resumed(3) + PROBE]);
    const { broker, deliveries } = made;
    await broker.connect();
    expect([deliveries, outline(await heard(made.server))]).toEqual([["b acked"], "c r"]);
    broker.halt();
  });

  test.each<[string, script: string, unacked: "report" | "requeue", told: string[]]>([
    ["with h", ask(2) + failed(2), "report", ["b acked", "c unknown"]],
    ["without h", ask(2) + failed(), "report", ["b unknown", "c unknown"]],
    ["with h, and requeue", ask(2) + failed(2), "requeue", ["b acked", "c queued", "c written"]],
  ])(
    "that is gone (<failed/> %s) leaves its stanzas to `unacked`",
    async (_, script, unacked, told) => {
      const made = next(STATE, [script], { unacked, queue: { flush: "auto" } });
      const { broker, deliveries } = made;
      expect((await broker.connect()).resumed).toBe(false);
      await settled();
      expect(deliveries).toEqual(told);
      broker.halt();
    },
  );

  test("is kept for the next connect where none could ask for it", async () => {
    const made = next(STATE, ["\nS: (cut)", ask(2) + resumed(1) + PROBE]);
    const { broker, clock } = made;
    const first = outcome(broker.connect());
    await clock.pass(1000);
    expect(first.now).toBe("DISCONNECTED");
    expect(clock.timers).toBe(0);
    expect((await broker.connect()).resumed).toBe(true);
    broker.halt();
  });

  test("is given on by a broker that has not connected", async () => {
    const { broker } = next(STATE, [FRESH]);
    const row = broker.send(message("other"), { key: "row 2" });
    expect(row.state).toBe("written");
    const state = await broker.detach();
    expect(state).toMatchObject({ id: "s-1", h: 2, acked: 1 });
    expect(state?.unacked).toEqual([
      { text: text("b"), key: "row 2", sentAt: STATE.detachedAt, tries: 0 },
      null,
      { text: text("c"), sentAt: STATE.detachedAt, tries: 0 },
    ]);
    expect(row.state).toBe("unknown");
    expect(await broker.detach()).toBe(state);
  });

  test("goes from process to process", async () => {
    const first = await live();
    first.broker.send(message("a"));
    await settled();
    const leaving = first.broker.detach();
    await first.clock.pass(5000);
    let state = await leaving;
    for (let time = 0; time < 3; time++) {
      const { broker, clock } = next(state, [ask(time) + resumed(time) + PROBE]);
      expect((await broker.connect()).resumed).toBe(true);
      const detaching = broker.detach();
      await clock.pass(5000);
      state = await detaching;
    }
    // In front is the probe of the last login.
    expect(texts(state)).toEqual([undefined, text("a")]);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["another version", { version: 2 }, /session\.version must be 1, got 2/],
    ["no version", { version: undefined }, /session\.version must be 1/],
    ["another account", { account: "you@example.org" }, /session\.account must be me@example\.org/],
    ["another domain", { account: "me@example.com" }, /session\.account must be me@example\.org/],
    ["no address", { jid: "@" }, /session\.jid must be an address/],
    ["no id", { id: "" }, /session\.id must be a text/],
    ["a counter beyond 32 bits", { h: 2 ** 32 }, /session\.h must be a whole number/],
    ["a counter that is no number", { acked: "1" }, /session\.acked must be a whole number/],
    ["no list", { unacked: {} }, /session\.unacked must be a list/],
    ["too many", { unacked: Array.from({ length: 20_001 }, () => null) }, /at most 20000/],
    [
      "too much",
      { unacked: [{ text: "x".repeat(64 * 1024 * 1024 + 1) }] },
      /the texts of session\.unacked have 67108865 characters/,
    ],
    ["an entry that is none", { unacked: [1] }, /session\.unacked\[0\] must be an object/],
    ["half a stanza", { unacked: [{ text: "<message>" }] }, /session\.unacked\[0\]\.text must be/],
    ["two stanzas", { unacked: [{ text: "<message/><message/>" }] }, /must be the text of one/],
    [
      "a declaration",
      { unacked: [{ text: "<?xml version='1.0'?><message/>" }] },
      /must be the text/,
    ],
    ["a comment", { unacked: [{ text: "<!-- --><message/>" }] }, /must be the text of one/],
    [
      "a key twice",
      { unacked: ["a", "b"].map((id) => ({ text: text(id), key: "row" })) },
      /session\.unacked\[1\]\.key must be the only one/,
    ],
    ["an id that XML cannot carry", { id: "s\u0000" }, /session\.id must be a text of characters/],
    ["half a character", { id: "s\ud800" }, /session\.id must be a text of characters/],
    ["the address of a service", { jid: "example.org" }, /session\.jid must be an address/],
    ["no resource", { jid: "me@example.org" }, /session\.jid must be an address/],
    ["no stanza", { unacked: [null, { text: "<a xmlns='x'/>" }] }, /unacked\[1\]\.text must be/],
  ])("with %s is BAD_OPTION", (_, change, message) => {
    const session: SessionState = { ...STATE, ...change };
    let thrown: unknown;
    try {
      managedOutage([ENABLE], { session });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "BAD_OPTION" });
    expect(String(thrown)).toMatch(message);
  });

  test("does not stay in the settings with its stanzas", () => {
    const clock = new VirtualClock();
    const connect = () => Promise.reject(new TypeError("refused"));
    const runtime = {
      connect,
      clock,
      crypto: webCrypto,
      ...QUIET,
    };
    const { settings } = new Lifecycle({ dialect: managed, session: STATE }, runtime);
    expect([settings.session?.id, settings.session?.unacked]).toEqual(["s-1", []]);
  });

  test("is not asked for by a connect that waits for the store when detach gives it on", async () => {
    const opening = deferred<{ entries: AsyncIterable<StoredEntry> }>();
    let closed = 0;
    const store: OutboxStore = {
      open: () => opening.promise,
      append: () => Promise.resolve(),
      remove: () => Promise.resolve(),
      close: () => {
        closed++;
        return Promise.resolve();
      },
    };
    const { broker, targets } = next(STATE, [FRESH], { queue: { store } });
    const connecting = outcome(broker.connect());
    const detaching = broker.detach();
    opening.resolve({ entries: (async function* () {})() });
    expect(await detaching).toMatchObject({ id: "s-1" });
    await settled();
    expect([connecting.now, targets.length, closed]).toEqual(["ABORTED", 0, 1]);
  });

  test("and its store send what both have once, and the proof takes it out of the store", async () => {
    const place = new MemoryPlace();
    const options = { queue: { store: place.store() } };
    const { broker: old, clock } = await live([], options);
    old.send(message("a"), { key: "row 1" });
    await settled();
    const detaching = old.detach();
    await clock.pass(5000);
    const session = await detaching;
    expect([session?.unacked.length, place.keys, place.calls.at(-1)]).toEqual([
      ...[1, ["row 1"], "close"],
    ]);
    const made = next(session, [ask(0) + resumed(0) + PROBE], options);
    await made.broker.connect();
    expect(outline(await heard(made.server))).toBe("a r");
    made.server.say(a(2));
    await settled();
    expect([place.keys, made.deliveries]).toEqual([[], ["a acked"]]);
    made.broker.halt();
  });

  test("needs acks, and a dialect that does not know its account takes the domain", () => {
    expect(() => managedOutage([ENABLE], { session: STATE, acks: false })).toThrow(/acks must be/);
    const dialect = { ...managed, account: undefined };
    managedOutage([ENABLE], { session: STATE, dialect });
    const other = { ...dialect, domain: "example.com" };
    expect(() => managedOutage([ENABLE], { session: STATE, dialect: other })).toThrow(/account/);
  });
});
