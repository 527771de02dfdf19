// Runs alone: it counts the open handles of its process.
import { expect, test } from "vitest";
import {
  Broker,
  type BrokerOptions,
  component,
  jabberd2,
  legacy,
  xml,
  xmpp,
} from "../../src/node.ts";
import { LoopbackServer } from "../../src/testing/index.ts";

/**
 * For servers that are mute. It is longer than the event loop takes to come round, so that a timer left behind is
 * seen. The other scenes have the defaults, which no busy machine uses up.
 */
const WAIT = 60;
const IMPATIENT = {
  connect: WAIT,
  tls: WAIT,
  stream: WAIT,
  auth: WAIT,
  bind: WAIT,
  shutdown: WAIT,
};

const start = () =>
  LoopbackServer.start({
    domain: "localhost",
    users: { juliet: "balcony" },
    components: { "echo.localhost": "secret" },
    router: { username: "svc", password: "router" },
  });

type Make = (server: LoopbackServer, password?: string) => BrokerOptions;

const DIALECTS: Record<string, Make> = {
  xmpp: ({ ports, ca }, password = "balcony") => ({
    dialect: xmpp({ jid: "juliet@localhost/x", password }),
    port: ports.client,
    tls: { ca },
  }),
  "xmpp, direct TLS": ({ ports, ca }, password = "balcony") => ({
    dialect: xmpp({ jid: "juliet@localhost/d", password }),
    port: ports.clientTls,
    tls: { policy: "direct", ca },
  }),
  legacy: ({ ports }, password = "balcony") => ({
    dialect: legacy({ jid: "juliet@localhost/l", password }),
    port: ports.client,
  }),
  component: ({ ports }, secret = "secret") => ({
    dialect: component({ domain: "echo.localhost", secret }),
    port: ports.component,
  }),
  jabberd2: ({ ports, ca }, password = "router") => ({
    dialect: jabberd2({ domain: "svc.localhost", username: "svc", password }),
    port: ports.router,
    tls: { ca },
  }),
};

type Scene = (broker: Broker, server: LoopbackServer) => Promise<unknown>;

const connect: Scene = (broker) => broker.connect().catch(() => undefined);

/** Ways for a run to go and to end; each leaves the broker to be waited for with `closed`. */
const SCENES: Record<string, Scene> = {
  "a good run that is shut down": async (broker) => {
    await broker.connect();
    broker.filter("/message", () => undefined);
    await broker.shutdown();
  },
  "a run that is halted with requests, waits and iterators under way": async (broker) => {
    await broker.connect();
    const under = [
      broker.request(xml("iq", { type: "get", to: "nobody@localhost/x" })).catch(() => undefined),
      broker.waitFor("/never", { timeout: 60_000 }).catch(() => undefined),
      broker
        .stanzas("/never")
        .next()
        .catch(() => undefined),
    ];
    broker.halt();
    await Promise.all(under);
  },
  "a queue with stanzas that expire later": async (broker) => {
    const delivery = broker.send(xml("message", { to: "juliet@localhost" }), { ttl: 60_000 });
    await broker.connect();
    broker.queue.remove(delivery.key);
    await broker.shutdown();
  },
  "a connection that is cut": async (broker, server) => {
    await broker.connect();
    server.faults.cut();
    await broker.closed;
  },
  "a connection that is refused": async (broker, server) => {
    server.faults.refuse();
    await connect(broker, server);
  },
  "a run that waits for a server that is gone, and is shut down": async (broker, server) => {
    await broker.connect();
    server.faults.refuse();
    server.faults.cut();
    await new Promise<void>((resolve) => {
      broker.on("reconnect:scheduled", ({ attempt }) => {
        if (attempt > 2) resolve();
      });
    });
    await broker.shutdown();
  },
  "a run that comes back, and is halted": async (broker, server) => {
    await broker.connect();
    server.faults.cut();
    await new Promise((resolve) => broker.on("ready", resolve));
    broker.halt();
  },
  "bytes that are no XML": async (broker, server) => {
    await broker.connect();
    server.faults.inject("<<<");
    await broker.closed;
  },
  ...Object.fromEntries(
    (["connect", "stream", "features", "tls", "auth", "bind", "ready"] as const).map((phase) => [
      `a server that is mute from ${phase} on`,
      (async (broker, server) => {
        server.faults.mute(phase);
        await connect(broker, server);
        await broker.shutdown();
      }) satisfies Scene,
    ]),
  ),
};

/** The timers that this package has set and neither cleared nor seen run, and the sockets that are open. */
function watch(): { left(): string[]; stop(): void } {
  const timers = new Map<unknown, string>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const watched = <T extends unknown[]>(
    action: (...given: T) => void,
    milliseconds?: number,
    ...given: T
  ): NodeJS.Timeout => {
    const timer = set(() => {
      timers.delete(timer);
      action(...given);
    }, milliseconds);
    const frame = new TypeError().stack?.split("\n").find((line) => line.includes("/src/"));
    if (frame !== undefined) timers.set(timer, `a timer set ${frame.trim()}`);
    return timer;
  };
  globalThis.setTimeout = watched as typeof set;
  globalThis.clearTimeout = (timer) => {
    timers.delete(timer);
    clear(timer);
  };
  const sockets = () => process.getActiveResourcesInfo().filter((type) => /TCP|TLS/.test(type));
  const before = sockets().length;
  return {
    left: () => [...timers.values(), ...sockets().slice(before)],
    stop: () => {
      globalThis.setTimeout = set;
      globalThis.clearTimeout = clear;
    },
  };
}

test.each(
  Object.keys(DIALECTS).flatMap((dialect) => [
    ...Object.keys(SCENES).map((scene) => [dialect, scene] as const),
    [dialect, "a wrong password"] as const,
  ]),
)("%s: %s leaves no timer, socket or handle", async (dialect, scene) => {
  const watching = watch();
  try {
    const server = await start();
    const wrong = scene === "a wrong password";
    const options = DIALECTS[dialect]?.(server, wrong ? "wrong" : undefined);
    if (options === undefined) throw new TypeError(dialect);
    const timeouts = scene.includes("mute") ? IMPATIENT : {};
    const reconnect = scene.startsWith("a run that waits") || scene.startsWith("a run that comes");
    const broker = new Broker({ host: "127.0.0.1", timeouts, reconnect, ...options });
    await (SCENES[scene] ?? connect)(broker, server);
    await broker.closed;
    expect(broker.phase.name).toBe("idle");
    expect(broker.pending.size).toBe(0);
    await server.close();
    // A closed handle is gone once the event loop has come round, on the server's side too.
    await expect.poll(() => watching.left(), { interval: 2 }).toEqual([]);
  } finally {
    watching.stop();
  }
});
