import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerEvents } from "../../src/contract/events.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Runtime } from "../../src/contract/runtime.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { QUIET } from "../quiet-runtime.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** The header a server answers ours with. */
export const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='example.org' version='1.0'>";

/** A dialect that has nothing to negotiate: a client that is who it says. */
export const bare: Dialect = {
  name: "bare",
  domain: "example.org",
  contentNamespace: "jabber:client",
  version: "1.0",
  ports: { plain: 5222, direct: 5223 },
  tls: "plaintext",
  async negotiate(session) {
    await session.open();
    return { jid: "me@example.org/here" };
  },
};

/** A server that answers the broker's header with its own, and then says only what a test has it say. */
const OPENING = `
  C: …version='1.0'>
  S: ${HEADER}`;

/** A broker on a line in memory, and the servers its connections reached, newest last. */
export interface Line {
  readonly broker: Broker;
  /** The broker's clock: no deadline passes unless the test moves it. */
  readonly clock: VirtualClock;
  readonly servers: ScriptedPeer[];
  /** The server of the connection in force. */
  readonly server: ScriptedPeer;
  /** Every event so far, but `phase`, `trace`. */
  readonly events: [keyof BrokerEvents, unknown][];
  readonly names: () => string[];
}

const NAMES: (keyof BrokerEvents)[] = [
  ...(["connect", "connecting", "connected", "connect:failure"] as const),
  ...(["stream:start", "stream:end", "tls:start", "tls:success", "tls:failure"] as const),
  ...(["auth:start", "auth:success", "auth:failure"] as const),
  ...(["bind:start", "bind:success", "bind:failure"] as const),
  ...(["session:start", "session:success", "session:failure", "ready"] as const),
  ...(["sent", "received", "queued", "request:start", "request:finish"] as const),
  ...(["shutdown:start", "shutdown:finish", "socket:error", "socket:close"] as const),
  ...(["delivery", "error"] as const),
];

/**
 * Makes a broker whose every connection reaches a new server. `answers`: that server opens its stream. `listens`: the
 * line listens to events.
 */
export function line(options: Partial<BrokerOptions> = {}, answers = true, listens = true): Line {
  const servers: ScriptedPeer[] = [];
  const clock = new VirtualClock();
  const runtime: Runtime = {
    connect(target, signal) {
      const server = new ScriptedPeer(answers ? OPENING : "");
      servers.push(server);
      return server.transport(target, signal);
    },
    clock,
    crypto: webCrypto,
    ...QUIET,
  };
  // (The line listens to `delivery`, so with proofs the broker would ask for one of each stanza.)
  const given: BrokerOptions = { dialect: bare, keepAlive: false, acks: false, ...options };
  const broker = new Broker(given, runtime);
  const events: Line["events"] = [];
  for (const name of listens ? NAMES : []) {
    broker.on(name, (payload) => {
      events.push([name, payload]);
    });
  }
  return {
    broker,
    clock,
    servers,
    events,
    names: () => events.map(([name]) => name),
    get server() {
      const server = servers.at(-1);
      if (server === undefined) throw new TypeError("nothing has connected");
      return server;
    },
  };
}

/** The same, connected and ready, with what led there forgotten. */
export async function readyLine(options: Partial<BrokerOptions> = {}): Promise<Line> {
  const made = line(options);
  await made.broker.connect();
  made.events.length = 0;
  return made;
}

/** The code of what a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return "resolved";
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
