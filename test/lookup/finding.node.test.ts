// Runs alone: it counts the open handles of its process.
import { Resolver } from "node:dns/promises";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { nodeCrypto } from "../../src/base/crypto/node-crypto.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { xmpp } from "../../src/dialect/xmpp.ts";
import type { Dns } from "../../src/lookup/dns.ts";
import { nodeDns } from "../../src/lookup/node-dns.ts";
import { racing } from "../../src/lookup/race.ts";
import { srvLookup } from "../../src/lookup/srv.ts";
import { Broker as NodeBroker } from "../../src/node.ts";
import { LoopbackServer } from "../../src/testing/loopback/server.ts";
import { connectTcp } from "../../src/transport/tcp.ts";
import { QUIET } from "../quiet-runtime.ts";
import { eventually, leftOver, listen, target, undo, undoAll } from "../transport/loopback.ts";
import { type DnsAnswer, DnsServer } from "./dns-server.ts";

/** Node's DNS with a name server of our own: it is asked for addresses too. */
async function dnsOf(answers: Readonly<Record<string, DnsAnswer>>): Promise<Dns> {
  const server = new DnsServer(answers);
  const address = await server.listen();
  undo(() => {
    server.close();
  });
  const resolver = () => {
    const made = new Resolver({ timeout: 30_000, tries: 1 });
    made.setServers([address]);
    return made;
  };
  return {
    ...nodeDns(resolver),
    addresses: (host, family) =>
      (family === 6 ? resolver().resolve6(host) : resolver().resolve4(host)).catch(() => []),
  };
}

/** A port of 127.0.0.1 at which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const DOMAIN = "capulet.example";

async function loopback(): Promise<LoopbackServer> {
  const server = await LoopbackServer.start({ domain: DOMAIN, users: { juliet: "wherefore" } });
  undo(() => server.close());
  return server;
}

function brokerOn(dns: Dns, options: Partial<BrokerOptions>) {
  const steps: string[] = [];
  const runtime = {
    connect: racing({ connect: connectTcp, dns, clock: systemClock }),
    lookup: srvLookup({ dns, clock: systemClock }),
    clock: systemClock,
    crypto: nodeCrypto,
    ...QUIET,
  };
  const dialect = xmpp({ jid: `juliet@${DOMAIN}`, password: "wherefore" });
  const broker = new Broker({ dialect, ...options }, runtime);
  broker.on("connecting", ({ host }) => steps.push(`connecting ${host}`));
  broker.on("address:start", ({ host }) => steps.push(`try ${host}`));
  broker.on("address:failure", ({ host, error }) => steps.push(`${host} ${error.code}`));
  broker.on("connect:failure", ({ error }) => steps.push(error.code));
  broker.on("tls:failure", ({ error }) => steps.push(error.code));
  broker.on("tls:start", () => steps.push("tls"));
  broker.on("ready", () => steps.push("ready"));
  return { broker, steps };
}

test("an account finds its server behind dead endpoints, under the name of its domain", async () => {
  const server = await loopback();
  // A stranger's server: its certificate is for another domain.
  const stranger = await LoopbackServer.start({ domain: "montague.example" });
  undo(() => stranger.close());
  const dns = await dnsOf({
    [`SRV _xmpps-client._tcp.${DOMAIN}`]: [
      { kind: "SRV", data: `1 0 ${await closedPort()} gone.hoster.example` },
      { kind: "SRV", data: `2 0 ${stranger.ports.clientTls} stranger.hoster.example` },
    ],
    [`SRV _xmpp-client._tcp.${DOMAIN}`]: [
      { kind: "SRV", data: `3 0 5222 nowhere.hoster.example` },
      { kind: "SRV", data: `4 0 ${server.ports.client} chat.hoster.example` },
    ],
    "gone.hoster.example": [{ kind: "A", data: "127.0.0.1" }],
    "stranger.hoster.example": [{ kind: "A", data: "127.0.0.1" }],
    "A chat.hoster.example": [
      { kind: "CNAME", data: "chat.capulet.example" },
      { kind: "A", name: "chat.capulet.example", data: "127.0.0.1" },
    ],
  });
  const { broker, steps } = brokerOn(dns, { tls: { ca: [server.ca, stranger.ca] } });
  await broker.connect();
  expect(steps).toEqual([
    "connecting gone.hoster.example",
    "try 127.0.0.1",
    "127.0.0.1 CONNECT_FAILED",
    "CONNECT_FAILED",
    "connecting stranger.hoster.example",
    "try 127.0.0.1",
    "tls",
    "TLS_FAILED",
    "connecting nowhere.hoster.example",
    "CONNECT_FAILED",
    "connecting chat.hoster.example",
    "try 127.0.0.1",
    "tls",
    "ready",
  ]);
  await broker.shutdown();
});

test("a dead first address costs 250 ms at most, and leaves no socket", async () => {
  const server = await loopback();
  // Addresses of 2001:db8::/32 belong to no machine. The system refuses it or is silent, as its routes are.
  const dns = await dnsOf({
    [`SRV _xmpps-client._tcp.${DOMAIN}`]: [
      { kind: "SRV", data: `1 0 ${server.ports.clientTls} chat.hoster.example` },
    ],
    "AAAA chat.hoster.example": [{ kind: "AAAA", data: "2001:db8::1" }],
    "A chat.hoster.example": [{ kind: "A", data: "127.0.0.1" }],
  });
  const { broker, steps } = brokerOn(dns, { tls: { ca: server.ca } });
  await broker.connect();
  expect(steps.filter((step) => step.startsWith("try"))).toEqual([
    "try 2001:db8::1",
    "try 127.0.0.1",
  ]);
  await broker.shutdown();
  await undoAll();
  await eventually(leftOver).toEqual([]);
});

test("a race that is given up leaves no socket", async () => {
  const abort = new AbortController();
  const dns = {
    addresses: (_host: string, family: number) =>
      Promise.resolve(family === 4 ? ["192.0.2.1"] : ["2001:db8::1"]),
  };
  const connect = racing({ connect: connectTcp, dns, clock: systemClock });
  const racingTo = connect(target(5222, {}, "chat.example"), abort.signal);
  abort.abort(new TypeError("enough"));
  await expect(racingTo).rejects.toThrow("enough");
  await eventually(leftOver).toEqual([]);
});

test("Node's broker needs no host for an account of this machine", async () => {
  const server = await LoopbackServer.start({
    domain: "localhost",
    users: { juliet: "wherefore" },
  });
  undo(() => server.close());
  const broker = new NodeBroker({
    dialect: xmpp({ jid: "juliet@localhost", password: "wherefore" }),
    port: server.ports.client,
    tls: { ca: server.ca },
  });
  const tried: string[] = [];
  broker.on("address:start", ({ host }) => tried.push(host));
  await broker.connect();
  expect(tried).toContain("127.0.0.1");
  await broker.shutdown();
});
