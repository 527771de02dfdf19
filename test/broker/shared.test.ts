import { expect, test } from "vitest";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Runtime } from "../../src/contract/runtime.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { QUIET } from "../quiet-runtime.ts";
import { settled, VirtualClock } from "../virtual-clock.ts";
import { bare, HEADER } from "./line.ts";

type Server = "away" | "never opens" | "up";

/** Brokers of one process and one server; `opened` counts the connections to it. */
function crowd(count: number, server: Server, options: Partial<BrokerOptions> = {}) {
  const clock = new VirtualClock();
  const made = { server, opened: 0, clock, brokers: [] as Broker[] };
  const runtime: Runtime = {
    connect(target, signal) {
      made.opened++;
      if (made.server === "away") return Promise.reject(new TypeError("refused"));
      if (made.server === "never opens") return new Promise(() => undefined);
      return new ScriptedPeer(`C: …version='1.0'>\nS: ${HEADER}`).transport(target, signal);
    },
    clock,
    crypto: webCrypto,
    ...QUIET,
  };
  for (let index = 0; index < count; index++) {
    const all = { dialect: bare, keepAlive: false, reconnect: true, ...options } as const;
    made.brokers.push(new Broker(all, runtime));
  }
  return made;
}

async function expectNothingLeft({ brokers, clock }: ReturnType<typeof crowd>): Promise<void> {
  for (const broker of brokers) broker.halt();
  await clock.pass(1);
  expect(clock.timers).toBe(0);
}

test("brokers of one process log in to one server eight at a time", async () => {
  const made = crowd(20, "never opens");
  const { brokers, clock } = made;
  for (const broker of brokers) void broker.connect();
  await settled();
  expect(made.opened).toBe(8);
  expect(brokers.every(({ phase }) => phase.name === "connecting")).toBe(true);
  // One that gives up makes room, and so do those whose time is up.
  brokers[0]?.halt();
  brokers[9]?.halt();
  await clock.pass(1);
  expect(made.opened).toBe(9);
  await clock.pass(14_999);
  expect(made.opened).toBeGreaterThanOrEqual(16);
  await expectNothingLeft(made);
});

test("a login that is over makes room for the next", async () => {
  const made = crowd(20, "up");
  await Promise.all(made.brokers.map((broker) => broker.connect()));
  expect(made.opened).toBe(20);
  await expectNothingLeft(made);
});

test("a time-out counts from the turn of a broker, and not from its wait for it", async () => {
  const made = crowd(9, "never opens", { timeouts: { connect: 1000 } });
  const last = made.brokers[8];
  for (const broker of made.brokers) void broker.connect();
  await made.clock.pass(1500);
  expect(last?.phase.name).toBe("connecting");
  expect(last?.stats.connects.failed).toBe(0);
  await expectNothingLeft(made);
});

test("without reconnect nothing is held up", async () => {
  const made = crowd(20, "never opens", { reconnect: false });
  for (const broker of made.brokers) void broker.connect();
  await settled();
  expect(made.opened).toBe(20);
  await expectNothingLeft(made);
});

test("brokers that wait for an absent server try as soon as one of them has reached it", async () => {
  const made = crowd(30, "away", { reconnect: { base: 60_000 } });
  const [first, second] = made.brokers;
  for (const broker of made.brokers) void broker.connect();
  await settled();
  second?.halt();
  expect(made.opened).toBe(30);
  made.server = "up";
  await first?.reconnect();
  await settled();
  const ready = made.brokers.filter(({ phase }) => phase.name === "ready");
  expect(ready.length).toBe(29);
  await expectNothingLeft(made);
});

test("a broker that waits for another server waits on", async () => {
  const made = crowd(2, "away", { reconnect: { base: 60_000 } });
  const [first, second] = made.brokers;
  void second?.connect({ host: "other.example" });
  await settled();
  made.server = "up";
  await first?.connect();
  await settled();
  expect(second?.phase.name).toBe("waiting");
  await expectNothingLeft(made);
});
