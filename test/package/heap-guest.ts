import { Broker, type BrokerOptions, component, jabberd2, xml, xmpp } from "../../src/node.ts";

/*
 * A program with a small heap. `heap.node.test.ts` starts it, with the name of a guest and the ports of a server, and
 * floods it. A guest says `more` when it can take a batch of twenty stanzas, and its result at the end. One that holds more than its
 * bounds allow runs out of memory.
 */

/** The ports of the server. */
type Ports = Readonly<Record<"client" | "component" | "router", number>>;

/** Ends the program with its result. */
function end(result: object): void {
  process.send?.({ result }, () => process.exit(0));
}

/** Connects to one port of the server. An end of the connection that it does not expect is the result. */
function guest(port: number, options: Pick<BrokerOptions, "dialect"> & Partial<BrokerOptions>) {
  const broker = new Broker({
    host: "127.0.0.1",
    port,
    tls: "plaintext",
    keepAlive: false,
    ...options,
  });
  void broker.closed.then((error) => {
    end({ ended: error?.message });
  });
  return broker;
}

const juliet = xmpp({ jid: "juliet@localhost/balcony", password: "secret" });
const echo = component({ domain: "echo.localhost", secret: "secret" });

/** How many stanzas there are in a batch. The server drops a guest that does not take one in ten seconds. */
const BATCH = 20;

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** A flood of batches. The next is asked for when the last has arrived. */
class Flood {
  readonly #arrived: () => number;
  #asked = 0;

  constructor(arrived: () => number) {
    this.#arrived = arrived;
  }

  /** Lets so many stanzas come in all, or as many as come before nothing has come for half a second. */
  async until(most: number, isPatient = true): Promise<void> {
    for (let [last, times] = [0, 0]; times < 100; ) {
      const arrived = this.#arrived();
      if (arrived >= most) return;
      if (arrived >= this.#asked) {
        this.#asked += BATCH;
        process.send?.("more");
      }
      times = isPatient || arrived !== last ? 0 : times + 1;
      last = arrived;
      await pause(5);
    }
  }
}

/** Each guest by its name; the result goes into the test. */
const guests: Readonly<Record<string, (ports: Ports) => Promise<object>>> = {
  async "a responder that does not answer"({ client }) {
    const broker = guest(client, { dialect: juliet });
    const waiting: (() => void)[] = [];
    let isReleased = false;
    broker.respond("/iq", () =>
      isReleased
        ? undefined
        : new Promise<undefined>((resolve) => {
            waiting.push(() => {
              resolve(undefined);
            });
          }),
    );
    await broker.connect();
    const flood = new Flood(() => broker.stats.received.iq);
    await flood.until(900, false);
    const held = waiting.length;
    isReleased = true;
    for (const answer of waiting) answer();
    await flood.until(900);
    return { held };
  },

  async "unhandled: ignore"({ client }) {
    const broker = guest(client, { dialect: juliet, unhandled: "ignore" });
    await broker.connect();
    await new Flood(() => broker.stats.received.iq).until(900);
    return {};
  },

  async "a slow iterator"({ client }) {
    const broker = guest(client, { dialect: juliet });
    await broker.connect();
    const matches = broker.stanzas("/message");
    const flood = new Flood(() => broker.stats.received.message);
    await flood.until(900, false);
    const held = broker.stats.received.message;
    const rest = flood.until(900);
    for (let n = 0; n < 900; n++) await matches.next();
    await rest;
    return { held };
  },

  async "a service whose stanzas may come back"({ router }) {
    const dialect = jabberd2({
      domain: "localhost",
      username: "jabberd",
      password: "secret",
      bind: { names: ["gate.localhost"] },
    });
    const broker = guest(router, { dialect });
    await broker.connect();
    for (let n = 0; n < 2000; n++) {
      const status = xml("status", {}, String(n).repeat(130_000 / String(n).length));
      await broker.send(xml("presence", { to: "nobody@localhost/away" }, status)).written();
    }
    return {};
  },

  async "answers with long ids"({ component }) {
    const broker = guest(component, { dialect: echo });
    broker.respond("/iq", () => undefined);
    await broker.connect();
    await new Flood(() => broker.stats.received.iq).until(2000);
    return {};
  },

  async "answers to a server that does not read"({ component }) {
    const broker = guest(component, { dialect: echo });
    let dropped = 0;
    broker.on("dropped", () => {
      dropped++;
    });
    await broker.connect();
    await new Flood(() => broker.stats.received.iq).until(3000);
    return { dropped };
  },

  async "stanzas during the login"({ client }) {
    let arrived = 0;
    const broker = guest(client, {
      dialect: juliet,
      trace({ direction, text }) {
        if (direction === "in" && text.startsWith("<message")) arrived++;
      },
    });
    broker.on("bind:start", () => void new Flood(() => arrived).until(900));
    await broker.connect().catch(() => undefined);
    // The end of the connection is the result.
    return await new Promise(() => undefined);
  },
};

const [, , name = "", ports = ""] = process.argv;
end((await guests[name]?.(JSON.parse(ports) as Ports)) ?? {});
