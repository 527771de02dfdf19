import { expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import type { BrokerEvents } from "../../src/contract/events.ts";
import { xml } from "../../src/xml/element.ts";
import { a } from "../session/acks/managed-line.ts";
import { message, outcome } from "../session/acks/proof-line.ts";
import { settled } from "../virtual-clock.ts";
import {
  ask,
  ENABLE,
  FRESH,
  failed,
  managedOutage,
  PING,
  PROBE,
  resumed,
} from "./managed-outage.ts";

const CALLS: Readonly<Record<string, (broker: Broker) => Promise<unknown>>> = {
  halt: (broker) => {
    broker.halt();
    return Promise.resolve();
  },
  shutdown: (broker) => broker.shutdown(),
  connect: (broker) => broker.connect(),
  reconnect: (broker) => broker.reconnect(),
  detach: (broker) => broker.detach(),
  handOver: (broker) => broker.handOver(),
};

const EVENTS: readonly (keyof BrokerEvents)[] = [
  ...(["phase", "connect", "connected", "stream:start", "stream:end", "ready"] as const),
  ...(["socket:error", "socket:close", "reconnect:scheduled"] as const),
  ...(["shutdown:start", "shutdown:finish", "delivery", "trace"] as const),
];

/** The server on the second link. `undefined`: the first link is not cut. */
const MOMENTS: readonly [string, string | undefined][] = [
  ["while the session is live", undefined],
  ["while the session is asked for", ask(0)],
  ["while the server is probed", ask(0) + resumed(1) + PING],
  ["once the session goes on", ask(0) + resumed(1) + PROBE],
  ["once a fresh session has begun", ask(0) + failed(1)],
];

// Each event of a broker whose session is cut once, with each call in its first listener, twice, and a detach between.
test.each(
  Object.entries(CALLS).flatMap(([name, call]) =>
    MOMENTS.map((at) => [name, ...at, call] as const),
  ),
)("%s %s, from a listener of any event, leaves nothing open", async (_, __, script, call) => {
  for (const event of EVENTS) {
    const scripts = [ENABLE, script ?? "", ask(0) + resumed(1) + PROBE, FRESH];
    const timeouts = { shutdown: 3000, bind: 2000 };
    const made = managedOutage(scripts, { timeouts, unacked: "requeue", queue: { flush: "auto" } });
    const { broker, clock, servers } = made;
    await broker.connect();
    const calls: { readonly now: string }[] = [];
    let links = Number.POSITIVE_INFINITY;
    const listening = broker.on(event, () => {
      listening();
      calls.push(outcome(call(broker)));
      const detaching = broker.detach();
      calls.push(outcome(detaching), outcome(call(broker)));
      void detaching.then((state) => {
        if (state !== undefined) links = servers.length;
      });
    });
    const deliveries = ["a", "b"].map((id) => broker.send(message(id)));
    const asked = outcome(broker.request(xml("iq", { type: "get", id: "q", to: "example.org" })));
    await settled();
    made.server.say(a(1));
    await settled();
    if (script !== undefined) made.server.cut();
    for (let time = 0; time < 3; time++) await clock.pass(700);
    calls.push(outcome(call(broker)));
    await clock.pass(20_000);
    listening();
    calls.push(outcome(broker.shutdown()), outcome(broker.closed));
    await clock.pass(20_000);
    broker.queue.clear();
    await settled();
    expect([event, calls.filter(({ now }) => now === "pending").length]).toEqual([event, 0]);
    expect([event, broker.phase.name, clock.timers]).toEqual([event, "idle", 0]);
    expect([asked.now, deliveries.map(({ state }) => state)]).not.toContain("pending");
    expect(deliveries.every(({ state }) => state !== "written")).toBe(true);
    expect(servers.every(({ isOver }) => isOver)).toBe(true);
    // A session that was given on is not asked for here any more.
    const later = servers.slice(links).map(({ heard }) => heard);
    expect(later.filter((heard) => heard.includes("previd='s-1'"))).toEqual([]);
  }
});
