import { describe, expect, test } from "vitest";
import {
  Broker,
  type BrokerEvents,
  type BrokerOptions,
  type Delivery,
  xml,
  xmpp,
} from "../../src/node.ts";
import { type CutMode, CuttingRelay, Ledger } from "../../src/testing/index.ts";
import { ACCOUNTS, type RealServer } from "../servers/server.ts";
import { address, message, question } from "./stage.ts";

/** The doors, by their protection. */
const DOORS = [
  ["STARTTLS", "required"],
  ["direct TLS", "direct"],
] as const;

/** The policy of each door. In clear the relay sees where it cuts. */
const POLICIES = { required: "required", direct: "direct", optional: "plaintext" } as const;
type DoorName = keyof typeof POLICIES;

/** How many messages go, and after how many of them all connections are cut. */
const MESSAGES = 240;
const CUT_EVERY = 40;
const CUTS: readonly CutMode[] = ["reset", "fin"];
/** How many messages go in 10 ms. More at a time fill whole TLS records, which Prosody reads in two halves. */
const PACE = { prosody: 1, ejabberd: 4 } as const;

/** A client that comes back soon, of that account. `port`: a relay before the door. */
function client(
  server: RealServer,
  door: DoorName,
  user: "alice" | "bob",
  options: Partial<BrokerOptions> = {},
): Broker {
  const { port, domain } = server.clients[door];
  return new Broker({
    dialect: xmpp({ jid: `${user}@${domain}`, password: ACCOUNTS[user] }),
    host: "127.0.0.1",
    port,
    tls: { policy: POLICIES[door], ca: server.ca },
    reconnect: { base: 20, cap: 200 },
    keepAlive: false,
    ...options,
  });
}

/** Notes for each `ready` whether the session went on. */
function noted(broker: Broker): boolean[] {
  const resumed: boolean[] = [];
  broker.on("ready", (ready: BrokerEvents["ready"]) => resumed.push(ready.resumed));
  return resumed;
}

/**
 * Messages that come to ejabberd while it resumes their receiver may overtake those that it has kept: the new process of
 * the session gets them before the old one has passed on its own.
 */
const byNumber = (one: string, other: string) => Number(one.slice(1)) - Number(other.slice(1));

const isReady = (broker: Broker) =>
  expect.poll(() => broker.phase.name, { timeout: 20_000 }).toBe("ready");

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The sessions that come after cuts inside a stanza, in clear: Prosody reads on inside it. */
const HALF_STANZAS = { prosody: false, ejabberd: true } as const;

/** The states of deliveries that the server has handled, without telling, before it ended. */
const ENDED = {
  prosody: { stop: "acked", kill: "unknown" },
  ejabberd: { stop: "unknown", kill: "unknown" },
} as const;

/** Registers the tests of stream management (XEP-0198) on a server that has it. */
export function management(name: "prosody" | "ejabberd", server: () => RealServer): void {
  describe.each(DOORS)("stream management over %s", (_, door) => {
    test("is told whether the client is in use, after each login", async () => {
      const told: string[] = [];
      const trace: BrokerOptions["trace"] = ({ direction, text }) => {
        if (direction === "out" && text.includes("urn:xmpp:csi:0")) told.push(text);
      };
      await using broker = client(server(), door, "alice", { trace });
      broker.setActive(false);
      await broker.connect();
      expect((await broker.reconnect()).resumed).toBe(true);
      broker.setActive(true);
      await broker.send(message(address(broker), "to myself")).acked();
      expect(told.map((text) => /^<(\w+)/.exec(text)?.[1])).toEqual([
        ...["inactive", "inactive", "active"],
      ]);
    });

    test("proves a delivery, and a session that is cut is resumed", async () => {
      const { port } = server().clients[door];
      await using relay = await CuttingRelay.start({ to: { port } });
      await using broker = client(server(), door, "alice", { port: relay.port });
      const resumed = noted(broker);
      await broker.connect();
      const delivery = broker.send(message(address(broker), "to myself"));
      await delivery.acked();
      expect(delivery.ackedBy).toBe("stream-management");
      const { jid } = broker;
      await relay.cut("fin");
      await expect.poll(() => resumed).toEqual([false, true]);
      expect(broker.phase).toEqual({ name: "ready", jid, resumed: true });
    });

    test.each(["the sender is cut", "both sides are cut"] as const)(
      "loses and doubles nothing, and keeps the order, where %s",
      {
        timeout: 60_000,
      },
      async (which) => {
        const { port } = server().clients[door];
        await using relay = await CuttingRelay.start({ to: { port } });
        await using sender = client(server(), door, "alice", { port: relay.port });
        const isCut = which === "both sides are cut";
        await using receiver = client(server(), door, "bob", isCut ? { port: relay.port } : {});
        const resumed = [noted(sender), noted(receiver)];
        const arrived: string[] = [];
        receiver.filter("/message[@id]", ({ stanza }) => void arrived.push(stanza.attrs.id ?? ""));
        await Promise.all([sender.connect(), receiver.connect()]);
        receiver.send(xml("presence"));
        await receiver.acked();
        const to = address(receiver);
        const deliveries: Delivery[] = [];
        const sent: string[] = [];
        let cuts = 0;
        const areBack = () =>
          expect
            .poll(() => resumed.map((ready) => ready.length), { timeout: 20_000 })
            .toEqual([cuts + 1, isCut ? cuts + 1 : 1]);
        while (sent.length < MESSAGES) {
          const id = `m${sent.length}`;
          sent.push(id);
          deliveries.push(sender.send(message(to, "x".repeat(100), id)));
          // Messages go on while the brokers come back; the next cut waits for that.
          if (sent.length % CUT_EVERY === 0) {
            await areBack();
            await relay.cut(CUTS[cuts++ % CUTS.length] ?? "fin");
          }
          if (sent.length % PACE[name] === 0) await pause(10);
        }
        await areBack();
        await Promise.all(deliveries.map((delivery) => delivery.acked()));
        await expect
          .poll(() => arrived.length, { timeout: 10_000 })
          .toBeGreaterThanOrEqual(MESSAGES);
        if (isCut && name === "ejabberd") arrived.sort(byNumber);
        expect(arrived).toEqual(sent);
        const wanted = [false, ...Array<boolean>(cuts).fill(true)];
        expect(resumed).toEqual([wanted, isCut ? wanted : [false]]);
      },
    );

    test("keeps requests, waitFor and presence over a cut and over reconnect()", async () => {
      const { port } = server().clients[door];
      await using relay = await CuttingRelay.start({ to: { port } });
      await using peer = client(server(), door, "bob", { unhandled: "ignore" });
      const broker = client(server(), door, "alice", { port: relay.port });
      const gone: string[] = [];
      peer.filter("/presence", ({ stanza }) => gone.push(stanza.attrs.type ?? "available"));
      await Promise.all([peer.connect(), broker.connect()]);
      broker.send(xml("presence", { to: address(peer) }));
      const asked = peer.waitFor("/iq[query]");
      const answer = broker.request(question(address(peer)));
      const late = broker.waitFor("/message[body='late']");
      const { stanza } = await asked;
      await relay.cut("reset");
      peer.send(message(address(broker), "late"));
      await late;
      expect((await broker.reconnect()).resumed).toBe(true);
      peer.send(xml("iq", { type: "result", id: stanza.attrs.id, to: stanza.attrs.from }));
      expect((await answer).attrs.type).toBe("result");
      await broker.acked();
      await peer.acked();
      expect(gone).toEqual(["available"]);
      await broker.shutdown();
      await expect.poll(() => gone).toEqual(["available", "unavailable"]);
    });

    test("resumes a session whose connection has gone silent", async () => {
      const { port } = server().clients[door];
      await using relay = await CuttingRelay.start({ to: { port } });
      const keepAlive = { interval: 200, timeout: 300 };
      await using broker = client(server(), door, "alice", { port: relay.port, keepAlive });
      const resumed = noted(broker);
      await broker.connect();
      await relay.cut("black-hole");
      const delivery = broker.send(message(address(broker), "into the hole"));
      await delivery.acked();
      expect(resumed).toEqual([false, true]);
    });
  });

  test.each(["tag", "text", "end-tag"] as const)(
    "a cut inside a %s, in clear: the verdicts are true",
    async (inside) => {
      const { port } = server().clients.optional;
      await using relay = await CuttingRelay.start({ to: { port } });
      await using receiver = client(server(), "optional", "bob");
      await using sender = client(server(), "optional", "alice", {
        port: relay.port,
        timeouts: { bind: 1000 },
      });
      const ledger = new Ledger();
      receiver.filter("/message[@id]", ({ stanza }) => {
        ledger.arrived(stanza.attrs.id ?? "");
      });
      const resumed = noted(sender);
      await Promise.all([sender.connect(), receiver.connect()]);
      const deliveries: Delivery[] = [];
      const cut = relay.cut("fin", { at: { after: "id='m7'", inside } });
      for (let count = 0; count < 20; count++) {
        const id = `m${count}`;
        const delivery = sender.send(message(address(receiver), "x".repeat(100), id));
        deliveries.push(delivery);
        ledger.sent(id, delivery);
      }
      await cut;
      await Promise.allSettled(deliveries.map((delivery) => delivery.acked()));
      await expect.poll(() => resumed, { timeout: 5000 }).toEqual([false, HALF_STANZAS[name]]);
      // An acked message may still be on its way to the receiver.
      await expect.poll(() => ledger.verdict().isTrue, { timeout: 5000 }).toBe(true);
      const { doubled, states } = ledger.verdict();
      expect([doubled, states.acked]).toEqual([0, HALF_STANZAS[name] ? 20 : 7]);
    },
  );

  test.each(["stop", "kill"] as const)(
    "the server ends (%s) and is there again: a fresh session, and the verdicts are true",
    { timeout: 60_000 },
    async (how) => {
      const { port } = server().clients.required;
      await using relay = await CuttingRelay.start({ to: { port } });
      await using receiver = client(server(), "required", "bob");
      await using sender = client(server(), "required", "alice", {
        port: relay.port,
        keepAlive: { interval: 300, timeout: 300 },
      });
      const arrived: string[] = [];
      receiver.filter("/message[@id]", ({ stanza }) => void arrived.push(stanza.attrs.id ?? ""));
      const resumed = noted(sender);
      await Promise.all([sender.connect(), receiver.connect()]);
      // The server handles the messages, and cannot say so.
      await relay.cut("black-hole-down");
      const ids = ["m0", "m1", "m2"];
      const deliveries = ids.map((id) => sender.send(message(address(receiver), "x", id)));
      await expect.poll(() => arrived).toEqual(ids);
      await server()[how]();
      await server().restart();
      await Promise.all([isReady(sender), isReady(receiver)]);
      await expect.poll(() => resumed).toEqual([false, false]);
      const state = ENDED[name][how];
      expect(deliveries.map((delivery) => delivery.state)).toEqual([state, state, state]);
      expect(arrived).toEqual(ids);
    },
  );
}
