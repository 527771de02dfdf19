import { describe, expect, onTestFinished, test } from "vitest";
import type { Delivery, DeliveryState } from "../../../src/contract/delivery.ts";
import {
  Broker,
  type BrokerOptions,
  component,
  type Dialect,
  jabberd2,
  legacy,
  xml,
  xmpp,
} from "../../../src/node.ts";
import {
  type CutMode,
  type CutPlace,
  CuttingRelay,
  Ledger,
  type LedgerDelivery,
  LoopbackServer,
} from "../../../src/testing/index.ts";

const RECEIVER = "juliet@localhost/balcony";

async function scene(seed: number) {
  const server = await LoopbackServer.start({
    users: { juliet: "s3cret", romeo: "but soft" },
    components: { "echo.localhost": "shush" },
    router: { username: "jabberd", password: "router-secret" },
  });
  const relays: CuttingRelay[] = [];
  const brokers: Broker[] = [];
  onTestFinished(async () => {
    for (const broker of brokers) broker.halt();
    for (const relay of relays) await relay.close();
    await server.close();
  });
  const relayTo = async (port: number): Promise<CuttingRelay> => {
    const relay = await CuttingRelay.start({ to: { port }, seed });
    relays.push(relay);
    return relay;
  };
  const guest = (options: BrokerOptions): Broker => {
    const broker = new Broker({ host: "127.0.0.1", keepAlive: false, ...options });
    brokers.push(broker);
    return broker;
  };
  return { server, relayTo, guest };
}

const romeo = xmpp({ jid: "romeo@localhost/garden", password: "but soft" });

describe.each<CutMode>(["reset", "fin"])("a login that is cut by %s", (mode) => {
  test.each(["tls", "sasl", "bind", "tag", "text", "end-tag"] as const)(
    "at %s fails, and the next one succeeds",
    async (at) => {
      const { server, relayTo, guest } = await scene(3);
      const relay = await relayTo(server.ports.client);
      const tls = at === "tls" ? { ca: server.ca } : "plaintext";
      const broker = guest({ dialect: romeo, port: relay.port, tls });
      const cut = relay.cut(mode, { at });
      const error: unknown = await broker.connect().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ retryable: true });
      expect(await cut).toMatchObject({ mode, connections: 1 });
      expect(relay.accepted).toBe(1);
      await broker.connect();
      expect(broker.jid).toBe("romeo@localhost/garden");
    },
  );
});

test("a rehearsal over TLS tells how many bytes a login has, and each of them can be the last", async () => {
  const { server, relayTo, guest } = await scene(5);
  const relay = await relayTo(server.ports.clientTls);
  const tls = { policy: "direct", ca: server.ca } as const;
  const rehearsal = guest({ dialect: romeo, port: relay.port, tls });
  await rehearsal.connect();
  const { up } = relay.passed;
  rehearsal.halt();
  expect(up).toBeGreaterThan(1000);
  for (const share of [0.1, 0.5, 0.7, 0.9]) {
    const cut = relay.cut("reset", { at: { bytes: Math.floor(up * share) } });
    const broker = guest({ dialect: romeo, port: relay.port, tls });
    await expect(broker.connect()).rejects.toMatchObject({ retryable: true });
    await cut;
  }
});

/** How a sender comes to say `acked`. */
type Honesty = "honest" | "acked when written";

/** A delivery as a sender reports it that asks for a proof (a ping to the server's domain), or lies. */
class Reported implements LedgerDelivery {
  readonly #delivery: Delivery;
  readonly #honesty: Honesty;
  isProven = false;
  isOver = false;

  constructor(delivery: Delivery, honesty: Honesty) {
    this.#delivery = delivery;
    this.#honesty = honesty;
  }

  get state(): DeliveryState {
    const { state } = this.#delivery;
    if (state !== "written") return state === "queued" && this.isOver ? "unknown" : state;
    if (this.#honesty === "acked when written" || this.isProven) return "acked";
    return this.isOver ? "unknown" : "written";
  }
}

/**
 * Sends until it is cut, and never comes back: what it says of its deliveries must be true at a
 * receiver that is not cut.
 */
async function amputation(
  { dialect, port }: { dialect: Dialect; port: "client" | "component" | "router" },
  mode: CutMode,
  honesty: Honesty,
  at: CutPlace,
  seed: number,
) {
  const { server, relayTo, guest } = await scene(seed);
  const ledger = new Ledger();
  const receiver = guest({
    dialect: xmpp({ jid: RECEIVER, password: "s3cret" }),
    port: server.ports.client,
    tls: { ca: server.ca },
  });
  receiver.filter("/message[@type='chat']", ({ stanza }) => {
    ledger.arrived(stanza.attrs.id);
  });
  await receiver.connect();

  const relay = await relayTo(server.ports[port]);
  const sender = guest({ dialect, port: relay.port, tls: "plaintext" });
  await sender.connect();
  const life = new AbortController();
  const cut = relay.cut(mode, { at });
  void cut.then(() => {
    life.abort();
    relay.refuse();
  });
  const reported: Reported[] = [];
  for (let batch = 0; !life.signal.aborted; batch++) {
    const mine: Reported[] = [];
    for (let index = 0; index < 10; index++) {
      const id = `${batch}-${index}`;
      const body = xml("body", {}, "x".repeat(200));
      const delivery = new Reported(
        sender.send(xml("message", { to: RECEIVER, id, type: "chat" }, body)),
        honesty,
      );
      ledger.sent(id, delivery);
      mine.push(delivery);
    }
    reported.push(...mine);
    // The barrier: an answer proves that everything written before it has been handled.
    const ping = xml(
      "iq",
      { type: "get", to: "localhost" },
      xml("ping", { xmlns: "urn:xmpp:ping" }),
    );
    const answer = sender.request(ping, { timeout: 60_000 });
    const proof = answer.then(
      () => true,
      () => false,
    );
    const isProven = await Promise.race([proof, cut.then(() => undefined)]);
    for (const delivery of mine) delivery.isProven = isProven === true;
  }
  // Everything that passed reaches the server, and the server has handled it when the stream is gone.
  await relay.close();
  sender.halt();
  await sender.closed;
  for (const delivery of reported) delivery.isOver = true;
  while (server.connections.length > 1) await new Promise((resolve) => setImmediate(resolve));
  const last = xml("iq", { type: "get", to: "localhost" }, xml("ping", { xmlns: "urn:xmpp:ping" }));
  await receiver.request(last);
  return ledger.verdict();
}

const SENDERS = {
  xmpp: { dialect: romeo, port: "client" },
  legacy: {
    dialect: legacy({ jid: "romeo@localhost/garden", password: "but soft" }),
    port: "client",
  },
  component: {
    dialect: component({ domain: "echo.localhost", secret: "shush" }),
    port: "component",
  },
  jabberd2: {
    dialect: jabberd2({ domain: "localhost", username: "jabberd", password: "router-secret" }),
    port: "router",
  },
} as const;

const PLACES = [
  { after: "id='2-5'", inside: "text" },
  { after: "id='1-2'", inside: "end-tag" },
  { after: "id='1-9'", inside: "tag" },
  { within: 30_000 },
] as const satisfies readonly CutPlace[];

describe.each(Object.keys(SENDERS) as (keyof typeof SENDERS)[])(
  "amputated, a sender of %s",
  (name) => {
    test.each<CutMode>(["reset", "fin", "black-hole", "black-hole-up", "black-hole-down"])(
      "that waits for proofs is true through a %s",
      async (mode) => {
        for (const [seed, place] of PLACES.entries()) {
          const verdict = await amputation(SENDERS[name], mode, "honest", place, seed);
          expect(verdict, JSON.stringify(place)).toMatchObject({ isTrue: true });
          if ("after" in place) expect(verdict.states.acked).toBeGreaterThan(9);
          expect(verdict.states.unknown).toBeGreaterThan(0);
        }
      },
    );

    test.each<CutMode>(["reset", "fin", "black-hole", "black-hole-up"])(
      "that says acked when written is caught by a %s",
      async (mode) => {
        const [place] = PLACES;
        const verdict = await amputation(SENDERS[name], mode, "acked when written", place, 1);
        expect(verdict.isTrue).toBe(false);
        expect(verdict.falseAcked).toBeGreaterThan(0);
      },
    );
  },
);
