import { expect, test } from "vitest";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Runtime } from "../../src/contract/runtime.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { settled, VirtualClock } from "../virtual-clock.ts";
import { bare, HEADER } from "./line.ts";

/** Brokers of one process, and the connections that they have opened. */
function crowd(count: number, script: string | undefined, options: Partial<BrokerOptions>) {
  const clock = new VirtualClock();
  const opened: { readonly host: string; peer: ScriptedPeer | undefined }[] = [];
  const runtime: Runtime = {
    connect(target, signal) {
      const peer = script === undefined ? undefined : new ScriptedPeer(script);
      opened.push({ host: target.host, peer });
      return peer?.transport(target, signal) ?? new Promise(() => undefined);
    },
    clock,
    crypto: webCrypto,
    trace: () => undefined,
  };
  const brokers = Array.from({ length: count }, () => {
    return new Broker({ dialect: bare, keepAlive: false, reconnect: true, ...options }, runtime);
  });
  return { brokers, clock, opened };
}

test("brokers of one process log in to one server eight at a time", async () => {
  const { brokers, clock, opened } = crowd(20, undefined, {});
  for (const broker of brokers) void broker.connect();
  await settled();
  expect(opened.length).toBe(8);
  expect(brokers.every(({ phase }) => phase.name === "connecting")).toBe(true);
  // One that gives up makes room, and so do those whose time is up.
  brokers[0]?.halt();
  brokers[9]?.halt();
  await clock.pass(1);
  expect(opened.length).toBe(9);
  await clock.pass(14_999);
  expect(opened.length).toBeGreaterThanOrEqual(16);
  for (const broker of brokers) broker.halt();
  await clock.pass(1);
  expect(clock.timers).toBe(0);
});

test("a login that is over makes room for the next", async () => {
  const { brokers, opened } = crowd(20, `C: …version='1.0'>\nS: ${HEADER}`, {});
  await Promise.all(brokers.map((broker) => broker.connect()));
  expect(opened.length).toBe(20);
  for (const broker of brokers) broker.halt();
});

test("a time-out counts from the turn of a broker, and not from its wait for it", async () => {
  const { brokers, clock } = crowd(9, undefined, { timeouts: { connect: 1000 } });
  const last = brokers[8];
  for (const broker of brokers) void broker.connect();
  await clock.pass(1500);
  expect(last?.phase.name).toBe("connecting");
  expect(last?.stats.connects.failed).toBe(0);
  for (const broker of brokers) broker.halt();
});

test("without reconnect nothing is held up", async () => {
  const { brokers, opened } = crowd(20, undefined, { reconnect: false });
  for (const broker of brokers) void broker.connect();
  await settled();
  expect(opened.length).toBe(20);
  for (const broker of brokers) broker.halt();
});
