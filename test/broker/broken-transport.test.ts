import { expect, test } from "vitest";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { Delivery } from "../../src/contract/delivery.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import type { TransportFactory } from "../../src/transport/transport.ts";
import { xml } from "../../src/xml/element.ts";
import { QUIET } from "../quiet-runtime.ts";
import { settled, VirtualClock } from "../virtual-clock.ts";
import { bare, codeOf, HEADER } from "./line.ts";

/** Connections in memory, of which the first one throws after so many writes. */
function breaking(after: number): TransportFactory {
  let connections = 0;
  return async (target, signal) => {
    const peer = new ScriptedPeer(`C: …version='1.0'>\nS: ${HEADER}`);
    const transport = await peer.transport(target, signal);
    if (++connections > 1) return transport;
    let writes = 0;
    const write = transport.write.bind(transport);
    return Object.assign(transport, {
      write(data: string) {
        if (++writes > after) throw new TypeError("broken");
        write(data);
      },
    });
  };
}

/** The write that throws: that of the first stanza, of those behind it, of the ping. */
const PLACES = [1, 2, 3, 4];

test.each(PLACES)(
  "a transport that throws after write %i ends its link, and nothing else",
  async (after) => {
    const clock = new VirtualClock();
    const runtime = {
      connect: breaking(after),
      clock,
      crypto: webCrypto,
      ...QUIET,
    };
    const broker = new Broker(
      {
        ...{ dialect: bare, keepAlive: false, reconnect: true },
        ...{ acks: "always", unacked: "requeue", queue: { highWater: 60 } },
      },
      runtime,
    );
    await broker.connect();
    const send = (id: string): Delivery => broker.send(xml("message", { id, to: "a@example.org" }));
    const deliveries = ["a", "b", "c"].map(send);
    await settled();
    await clock.pass(1000);
    expect(broker.stats.connects.again).toBe(1);
    expect(broker.phase.name).toBe("ready");
    const ended = codeOf(broker.shutdown({ timeout: 1000 }));
    await clock.pass(1000);
    expect(await ended).toBe("resolved");
    broker.queue.clear();
    for (const { state } of deliveries) expect(state).toBe("unknown");
    expect(clock.timers).toBe(0);
  },
);

test("a transport that throws at the goodbye does not hold up shutdown", async () => {
  const clock = new VirtualClock();
  const runtime = {
    connect: breaking(1),
    clock,
    crypto: webCrypto,
    ...QUIET,
  };
  const broker = new Broker({ dialect: bare, keepAlive: false }, runtime);
  await broker.connect();
  const ended = codeOf(broker.shutdown({ timeout: 1000 }));
  await clock.pass(1000);
  expect([await ended, await broker.closed]).toEqual(["resolved", undefined]);
  expect(clock.timers).toBe(0);
});
