import { Resolver } from "node:dns/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { nodeCrypto } from "../../src/base/crypto/node-crypto.ts";
import { isBrokerError } from "../../src/base/errors.ts";
import { Broker } from "../../src/broker/broker.ts";
import { component } from "../../src/dialect/component.ts";
import { xmpp } from "../../src/dialect/xmpp.ts";
import type { Endpoint, Lookup } from "../../src/lookup/endpoint.ts";
import { nodeDns } from "../../src/lookup/node-dns.ts";
import { srvLookup } from "../../src/lookup/srv.ts";
import { codeOf } from "../broker/line.ts";
import { QUIET } from "../quiet-runtime.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { type DnsAnswer, DnsServer } from "./dns-server.ts";

const DIRECT = "SRV _xmpps-client._tcp.example.org";
const STARTTLS = "SRV _xmpp-client._tcp.example.org";

const servers: DnsServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Node's DNS, asking a server with these answers. */
async function serving(answers: Readonly<Record<string, DnsAnswer>>, clock: Clock = systemClock) {
  const server = new DnsServer(answers);
  servers.push(server);
  const address = await server.listen();
  // Only a mute server is waited for in vain. The answers of others may be late on a busy machine.
  const timeout = Object.values(answers).includes("mute") ? 3_000 : 30_000;
  const dns = nodeDns(() => {
    const resolver = new Resolver({ timeout, tries: 1 });
    resolver.setServers([address]);
    return resolver;
  });
  return { server, dns, lookup: srvLookup({ dns, clock }) };
}

const srv = (data: string) => ({ kind: "SRV", data }) as const;
const MANY = Array.from({ length: 2_000 }, (_, n) => srv(`${n % 10} 1 5222 s${n}`));
const LIES = Buffer.from([0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 0xc0]);

const shown = (list: readonly Endpoint[]) =>
  list.map(
    ({ tls, host, port, priority, weight }) => `${tls} ${priority} ${weight} ${port} ${host}`,
  );

describe("a DNS server on loopback", () => {
  test.each<[string, Readonly<Record<string, DnsAnswer>>, readonly string[] | "LOOKUP_FAILED"]>([
    [
      "gives records of both services",
      { [DIRECT]: [srv("5 10 5223 a.example.org")], [STARTTLS]: [srv("5 90 5222 b.example.org.")] },
      ["direct 5 10 5223 a.example.org", "starttls 5 90 5222 b.example.org"],
    ],
    ["has no such name", {}, []],
    ["has the name, and no records", { [DIRECT]: [], [STARTTLS]: [] }, []],
    [
      "says: not here",
      { [DIRECT]: [srv("0 0 0 .")], [STARTTLS]: [srv("0 0 0 .")] },
      "LOOKUP_FAILED",
    ],
    [
      "leads to another name (CNAME)",
      {
        [STARTTLS]: [
          { kind: "CNAME", data: "xmpp.hoster.example" },
          { kind: "SRV", name: "xmpp.hoster.example", data: "1 2 5222 chat.hoster.example" },
        ],
      },
      ["starttls 1 2 5222 chat.hoster.example"],
    ],
    [
      "has an answer that is too long for UDP",
      { [DIRECT]: { overTcp: [srv("1 1 5223 a.example.org")] }, [STARTTLS]: [] },
      ["direct 1 1 5223 a.example.org"],
    ],
    [
      "answers with records of another kind",
      { [DIRECT]: [{ kind: "A", data: "192.0.2.1" }], [STARTTLS]: [{ kind: "TXT", data: "x" }] },
      [],
    ],
    ["fails (SERVFAIL)", { [DIRECT]: { code: 2 }, [STARTTLS]: { code: 2 } }, "LOOKUP_FAILED"],
    ["refuses", { [DIRECT]: { code: 5 }, [STARTTLS]: { code: 5 } }, "LOOKUP_FAILED"],
    [
      "answers with bytes that are none",
      { [DIRECT]: { bytes: LIES }, [STARTTLS]: { bytes: LIES } },
      "LOOKUP_FAILED",
    ],
    ["is mute", { [DIRECT]: "mute", [STARTTLS]: "mute" }, "LOOKUP_FAILED"],
    [
      "is mute for one",
      { [DIRECT]: "mute", [STARTTLS]: [srv("1 1 5222 b.example.org")] },
      ["starttls 1 1 5222 b.example.org"],
    ],
  ])("%s", async (_what, answers, expected) => {
    const { lookup } = await serving(answers);
    const { signal } = new AbortController();
    const [result] = await Promise.allSettled([lookup("example.org", { signal })]);
    if (result.status === "fulfilled") expect(shown(result.value)).toEqual(expected);
    else expect(isBrokerError(result.reason) && result.reason.code).toBe(expected);
  });

  test("is asked over TCP for an answer that UDP cuts", async () => {
    const { server, lookup } = await serving({ [DIRECT]: { overTcp: MANY.slice(0, 90) } });
    const found = await lookup("example.org", { signal: new AbortController().signal });
    expect(found).toHaveLength(90);
    expect(server.asked).toContain(`${DIRECT} (TCP)`);
  });

  test("is asked anew each time: nothing is kept", async () => {
    const { server, lookup } = await serving({ [STARTTLS]: [srv("1 1 5222 b.example.org")] });
    for (let n = 0; n < 2; n++)
      await lookup("example.org", { signal: new AbortController().signal });
    expect(server.asked.filter((question) => question === STARTTLS)).toHaveLength(2);
  });

  test("is asked nothing more when the search is given up", async () => {
    const { server, dns } = await serving({ [STARTTLS]: "mute" });
    const abort = new AbortController();
    const asking = dns.srv("_xmpp-client._tcp.example.org", abort.signal);
    abort.abort();
    await expect(asking).rejects.toMatchObject({ code: "ECANCELLED" });
    await expect(dns.srv("x.example.org", AbortSignal.abort("late"))).rejects.toBe("late");
    expect(server.asked).not.toContain("SRV x.example.org");
  });
});

test("the system gives the addresses of this machine, one family at a time", async () => {
  const { signal } = new AbortController();
  expect(await nodeDns().addresses("localhost", 4, signal)).toContain("127.0.0.1");
  for (const address of await nodeDns().addresses("localhost", 6, signal))
    expect(address).toContain(":");
});

/** A broker that finds its server so. Each place refuses it. */
function refused(lookup: Lookup, options: object = {}): Broker {
  const runtime = {
    connect: () => Promise.reject(new TypeError("refused")),
    clock: systemClock,
    crypto: nodeCrypto,
    ...QUIET,
    lookup,
  };
  const dialect = xmpp({ jid: "romeo@example.org", password: "secret" });
  return new Broker({ dialect, ...options }, runtime);
}

/** A broker of a runtime whose DNS has these answers, and the places it tried. Each of them refuses. */
async function tried(answers: Readonly<Record<string, DnsAnswer>>, options: object, given = {}) {
  const { server, lookup } = await serving(answers);
  const places: string[] = [];
  const broker = refused(lookup, options);
  broker.on("connecting", ({ host, port }) => places.push(`${host}:${port}`));
  const code = await codeOf(broker.connect(given));
  return { places, code, asked: server.asked, reason: (await broker.closed)?.message };
}

const RECORDS = {
  [DIRECT]: [srv("1 1 5223 a.example.org")],
  [STARTTLS]: [srv("2 1 5222 b.example.org"), srv("3 1 0 c.example.org")],
};

describe("a runtime's DNS", () => {
  test.each<[string, object, object, readonly string[]]>([
    ["is asked for the domain of an account", {}, {}, ["a.example.org:5223", "b.example.org:5222"]],
    ["serves direct TLS", { tls: "direct" }, {}, ["a.example.org:5223"]],
    ["serves no TLS", { tls: "plaintext" }, {}, ["b.example.org:5222"]],
    ["is not asked where it is switched off", { lookup: false }, {}, ["example.org:5222"]],
    ["is not asked where a host is given", { host: "x.example" }, {}, ["x.example:5222"]],
    ["is not asked where a port is given", { port: 5299 }, {}, ["example.org:5299"]],
    ["is not asked where connect has a host", {}, { host: "y.example" }, ["y.example:5222"]],
    ["is not asked where connect has a port", {}, { port: 5300 }, ["example.org:5300"]],
    [
      "is not asked where the program connects in its own way",
      { transport: () => Promise.reject(new TypeError("refused")) },
      {},
      ["example.org:5222"],
    ],
    [
      "is not asked for a service",
      { dialect: component({ domain: "example.org", secret: "x" }), tls: "required" },
      {},
      ["example.org:5347"],
    ],
  ])("%s", async (_what, options, given, places) => {
    const result = await tried(RECORDS, options, given);
    expect([result.places, result.code]).toEqual([places, "CONNECT_FAILED"]);
    const isAsked = places[0]?.startsWith("a.") === true || places[0]?.startsWith("b.") === true;
    expect(result.asked.length > 0).toBe(isAsked);
    expect(result.asked.filter((question) => question.includes("_xmpp-server"))).toEqual([]);
  });

  test("that answers with 2,000 records ends in LOOKUP_FAILED", async () => {
    const { places, code, reason } = await tried({ [STARTTLS]: { overTcp: MANY } }, {});
    expect([places, code]).toEqual([[], "LOOKUP_FAILED"]);
    expect(reason).toMatch(/more than 100 endpoints$/);
  });
});

test("a name server that is mute for one service costs a second, and an event tells of it", async () => {
  const clock = new VirtualClock();
  const answers: Readonly<Record<string, DnsAnswer>> = {
    [DIRECT]: "mute",
    [STARTTLS]: [srv("1 1 5222 b.example.org")],
  };
  const { lookup } = await serving(answers, clock);
  const broker = refused(lookup);
  const steps: string[] = [];
  broker.on("lookup:failure", ({ name, error, milliseconds }) => {
    steps.push(`${name}: ${error.message} (${milliseconds})`);
  });
  broker.on("lookup", ({ endpoints }) => {
    steps.push(...endpoints.map(({ host }) => host));
  });
  const connecting = codeOf(broker.connect());
  // The answer to the other question has come over the network.
  await expect.poll(() => clock.timers).toBe(1);
  expect(steps).toEqual([]);
  clock.advance(1_000);
  expect(await connecting).toBe("CONNECT_FAILED");
  expect(steps).toEqual([
    "_xmpps-client._tcp.example.org: the server was not found: no answer 1000 ms after the other one (1000)",
    "b.example.org",
  ]);
});
