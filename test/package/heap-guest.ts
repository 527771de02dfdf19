import { Broker, type BrokerOptions, component, jabberd2, xml, xmpp } from "../../src/node.ts";

/*
 * A program with a small heap. `heap.node.test.ts` starts it, with the name of a guest and the ports of a server, and
 * floods it. A guest says `more` when it can take a batch, and its result at the end. One that holds more than its
 * bounds allow runs out of memory.
 */

/** The ports of the server. */
type Ports = Readonly<Record<"client" | "component" | "router", number>>;

/** Asks for the next batch. */
function more(): void {
  process.send?.("more");
}

/** Connects to one port of the server. */
function guest(port: number, options: Pick<BrokerOptions, "dialect"> & Partial<BrokerOptions>) {
  return new Broker({ host: "127.0.0.1", port, tls: "plaintext", keepAlive: false, ...options });
}

const juliet = xmpp({ jid: "juliet@localhost/balcony", password: "secret" });
const echo = component({ domain: "echo.localhost", secret: "secret" });

/** Waits until a number has stood still for half a second, above zero, and returns it. */
async function still(count: () => number): Promise<number> {
  let [last, times] = [0, 0];
  while (times < 5) {
    await pause(100);
    const next = count();
    times = next > 0 && next === last ? times + 1 : 0;
    last = next;
  }
  return last;
}

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Waits for a number. */
async function until(count: () => number, wanted: number): Promise<void> {
  while (count() < wanted) await pause(20);
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
    more();
    const held = await still(() => waiting.length);
    isReleased = true;
    for (const end of waiting) end();
    await until(() => broker.stats.received.iq, 900);
    return { held };
  },

  async "unhandled: ignore"({ client }) {
    const broker = guest(client, { dialect: juliet, unhandled: "ignore" });
    await broker.connect();
    more();
    await until(() => broker.stats.received.iq, 900);
    return {};
  },

  async "a slow iterator"({ client }) {
    const broker = guest(client, { dialect: juliet });
    await broker.connect();
    const matches = broker.stanzas("/message");
    more();
    await matches.next();
    const held = await still(() => broker.stats.received.message);
    for (let n = 1; n < 900; n++) await matches.next();
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
    for (let batch = 1; batch <= 20; batch++) {
      more();
      await until(() => broker.stats.received.iq, batch * 100);
      await broker.queue.room();
    }
    return {};
  },

  async "answers to a server that does not read"({ component }) {
    const broker = guest(component, { dialect: echo });
    let dropped = 0;
    broker.on("dropped", () => {
      dropped++;
    });
    await broker.connect();
    for (let batch = 1; batch <= 6; batch++) {
      more();
      await until(() => broker.stats.received.iq, batch * 500);
    }
    return { dropped };
  },

  async "stanzas during the login"({ client }) {
    const broker = guest(client, { dialect: juliet });
    broker.on("bind:start", more);
    const error = await broker.connect().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const { code, message } = (error ?? {}) as { code?: string; message?: string };
    return { code, message };
  },
};

const [, , name = "", ports = ""] = process.argv;
const result = await guests[name]?.(JSON.parse(ports) as Ports);
process.send?.({ result }, () => process.exit(0));
