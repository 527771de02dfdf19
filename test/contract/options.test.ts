import { expect, expectTypeOf, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { type BrokerOptions, settle } from "../../src/contract/options.ts";
import { settleAddress } from "../../src/link/address.ts";
import { xml } from "../../src/xml/element.ts";
import { bare, codeOf, line } from "../broker/line.ts";

const bad: [unknown, string][] = [
  [undefined, "the options of Broker must be an object, got undefined"],
  [{}, "dialect must be an object, got undefined"],
  [{ dialect: { name: "x" } }, "dialect.domain must be a text that is not empty, got undefined"],
  [{ dialect: { ...bare, negotiate: 1 } }, "dialect.negotiate must be a function, got 1"],
  [
    { dialect: { ...bare, ports: { plain: 1, direct: 0 } } },
    "dialect.ports.direct must be a whole number from 1 to 65535, got 0",
  ],
  [
    { dialect: { ...bare, ports: {} } },
    "dialect.ports.plain must be a whole number from 1 to 65535, got undefined",
  ],
  [{ dialect: bare, hosst: "x" }, "an option of Broker must be one of dialect, host, port,"],
  [{ dialect: bare, host: "" }, 'host must be a text that is not empty, got ""'],
  [{ dialect: bare, port: 0 }, "port must be a whole number from 1 to 65535, got 0"],
  [{ dialect: bare, port: "5222" }, 'port must be a whole number from 1 to 65535, got "5222"'],
  [
    { dialect: bare, tls: "yes" },
    'tls must be one of "required", "direct", "opportunistic", "plaintext", got a text',
  ],
  [{ dialect: bare, tls: { policy: "yes" } }, 'tls.policy must be one of "required"'],
  [
    { dialect: bare, tls: { rejectUnauthorized: false } },
    "an option of tls must be one of policy,",
  ],
  [{ dialect: bare, tls: { cert: "x" } }, "tls.cert and tls.key must be given together"],
  [
    { dialect: bare, tls: { minVersion: "TLSv1" } },
    'tls.minVersion must be one of "TLSv1.2", "TLSv1.3", got "TLSv1"',
  ],
  [{ dialect: bare, tls: { pins: "x" } }, 'tls.pins must be a list that is not empty, got "x"'],
  [
    { dialect: bare, tls: { pins: [] } },
    "tls.pins must be a list that is not empty, got an empty array",
  ],
  [
    { dialect: bare, tls: { ca: [] } },
    "tls.ca must be a list that is not empty, got an empty array",
  ],
  [
    { dialect: bare, tls: { servername: "test.example/evil.example" } },
    "tls.servername must be a name or an IP address alone",
  ],
  [{ dialect: bare, tls: { pins: ["!"] } }, 'tls.pins must be SHA-256 digests in base64, got "!"'],
  [
    { dialect: bare, tls: { cert: "x", key: 5 } },
    "tls.key must be a text that is not empty, got a number",
  ],
  [
    { dialect: bare, queue: { limit: -1 } },
    "queue.limit must be a whole number of at least 0, got -1",
  ],
  [
    { dialect: bare, queue: { overflow: "block" } },
    'queue.overflow must be one of "reject", "drop-oldest", got "block"',
  ],
  [
    { dialect: bare, queue: { flush: true } },
    'queue.flush must be one of "manual", "auto", got true',
  ],
  [{ dialect: bare, unhandled: "drop" }, 'unhandled must be one of "error", "ignore", got "drop"'],
  [{ dialect: bare, keepAlive: true }, "keepAlive must be an object, got true"],
  [
    { dialect: bare, keepAlive: { interval: 0 } },
    "keepAlive.interval must be a whole number from 1 to 2147483647, got 0",
  ],
  [{ dialect: bare, reconnect: 5 }, "reconnect must be true, false or an object, got 5"],
  [{ dialect: bare, reconnect: null }, "reconnect must be an object, got null"],
  [
    { dialect: bare, reconnect: { base: -1 } },
    "reconnect.base must be a whole number from 1 to 2147483647, got -1",
  ],
  [{ dialect: bare, reconnect: { cap: 0 } }, "reconnect.cap must be a whole number from 1 to"],
  [
    { dialect: bare, reconnect: { base: 1000, cap: 999 } },
    "reconnect.cap must be at least reconnect.base (1000), got 999",
  ],
  [
    { dialect: bare, reconnect: { stable: Number.NaN } },
    "reconnect.stable must be a whole number from 0 to 2147483647, got NaN",
  ],
  [{ dialect: bare, reconnect: { retry: 3 } }, "reconnect.retry must be a function, got 3"],
  [
    { dialect: bare, reconnect: { delay: 3 } },
    'an option of reconnect must be one of base, cap, stable, retry, got "delay"',
  ],
  [{ dialect: bare, queue: { ttl: -1 } }, "queue.ttl must be a whole number of at least 0, got -1"],
  [
    { dialect: bare, timeouts: { conect: 1 } },
    "an option of timeouts must be one of lookup, connect,",
  ],
  [
    { dialect: bare, timeouts: { connect: 1.5 } },
    "timeouts.connect must be a whole number from 1 to 2147483647, got 1.5",
  ],
  [
    { dialect: bare, timeouts: { auth: Number.POSITIVE_INFINITY } },
    "timeouts.auth must be a whole number",
  ],
  [
    { dialect: bare, limits: { bytes: "1M" } },
    'limits.bytes must be a whole number from 1 to 134217728, got "1M"',
  ],
  [
    { dialect: bare, limits: { depth: 1025 } },
    "limits.depth must be a whole number from 1 to 1024, got 1025",
  ],
  [
    { dialect: bare, limits: { depth: 1025 } },
    "limits.depth must be a whole number from 1 to 1024, got 1025",
  ],
  [
    { dialect: bare, queue: { highWater: 0 } },
    "queue.highWater must be a whole number of at least 1, got 0",
  ],
  [{ dialect: bare, inbox: { stanzas: 0 } }, "inbox.stanzas must be a whole number of at least 1"],
  [
    { dialect: bare, tls: { servername: "test.example/evil.example" } },
    "tls.servername must be a name or an IP address alone",
  ],
  [{ dialect: bare, tls: { servername: "2130706433" } }, "tls.servername must be a name or an IP"],
  [
    { dialect: { ...bare, domain: "test.example/evil.example" } },
    "dialect.domain must be a name or an IP address alone",
  ],
  [{ dialect: { ...bare, domain: "2130706433" } }, "dialect.domain must be a name or an IP"],
  [
    { dialect: { ...bare, tls: "by-host" }, host: "192.0.2.1" },
    'tls must be one of "required", "direct", "opportunistic", "plaintext" (the dialect bare has',
  ],
  [
    { dialect: bare, trace: { file: "x" } },
    'an option of trace must be one of to, secrets, got "file"',
  ],
  [{ dialect: bare, trace: { secrets: "yes" } }, 'trace.secrets must be true, got "yes"'],
  [{ dialect: bare, transport: "tcp" }, 'transport must be a function, got "tcp"'],
  [
    { dialect: bare, overrides: { lang: "de" } },
    'an option of overrides must be one of version, xmlns, stream, got "lang"',
  ],
];

test.each(bad)("%j is refused: %s", (options, message) => {
  expect(() => settle(options as BrokerOptions)).toThrow(`an option cannot be used: ${message}`);
});

test("settings are frozen, with every default in them", () => {
  const settings = settle({ dialect: bare });
  expect(Object.isFrozen(settings) && Object.isFrozen(settings.timeouts)).toBe(true);
  expect(settings).toMatchObject({
    host: "example.org",
    queue: { limit: 100_000, overflow: "reject", flush: "manual" },
    unhandled: "error",
    keepAlive: { interval: 60_000, timeout: 20_000 },
    timeouts: { connect: 15_000, request: 30_000 },
  });
  expect(JSON.stringify(settle({ dialect: bare, tls: { cert: "c", key: "KEY" } }))).not.toContain(
    "KEY",
  );
});

test("a key in the wrong place is not quoted", () => {
  const key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49";
  for (const options of [{ tls: key }, { tls: { pins: [key] } }, { host: key }, { [key]: 1 }]) {
    const making = () => settle({ dialect: bare, ...options } as unknown as BrokerOptions);
    expect(making).toThrow(/got a text(?: in PEM)?$/);
    expect(making).toThrow(/^(?!.*MIGH)/s);
  }
});

test.each([
  ["127.0.0.1", "plaintext"],
  ["127.9.8.7", "plaintext"],
  ["::1", "plaintext"],
  ["localhost", "plaintext"],
  ["127.0.0.1.example.org", "BAD_OPTION"],
  ["10.0.0.1", "BAD_OPTION"],
  ["localhost.example.org", "BAD_OPTION"],
])("by-host is plaintext on this machine only: %s is %s", async (host, expected) => {
  const dialect = { ...bare, tls: "by-host" as const };
  const inConstructor = Promise.resolve().then(
    () => settleAddress(settle({ dialect, host })).policy,
  );
  expect(await inConstructor.catch(() => codeOf(inConstructor))).toBe(expected);
  // The host may become known only at `connect`.
  const atConnect = Promise.resolve().then(
    () => settleAddress(settle({ dialect }), { host }).policy,
  );
  expect(await atConnect.catch(() => codeOf(atConnect))).toBe(expected);
  if (expected !== "BAD_OPTION") return;
  expect(settleAddress(settle({ dialect, host, tls: "direct" })).policy).toBe("direct");
});

test.each([
  ...["http://x", "xmpp:x", "x/", "a:5222", "[::1]:5222", "127.0.0.1:5222", " ", "x ", "a b"],
  ...["test.example/evil.example", "test.example\\evil", "a%2eexample", "*.example.org", "a b.c"],
  ...["2130706433", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.256"],
  ...["me@x", "x?y", "x#y", "\\\\x", "[::1", "::1]", "[]", ":5222", "::1/64", "tcp:1:2"],
])("%j is no host, and refused as one at once", async (host) => {
  const quoted = `host must be a name or an IP address alone, such as example.org (the port goes into \`port\`), got ${JSON.stringify(host)}`;
  expect(() => settle({ dialect: bare, host })).toThrow(quoted);
  const { broker, servers } = line();
  expect(await codeOf(broker.connect({ host }))).toBe("BAD_OPTION");
  expect(servers).toEqual([]);
});

test.each([
  ...["localhost", "example.org", "example.org.", "a_b-c", "b\u00fccher.example", "127.0.0.1"],
  ...["::", "::1", "[::1]", "2001:DB8::1", "[2001:db8::1]", "::ffff:127.0.0.1", "fe80::1%eth0"],
])("%j can be a host", (host) => {
  expect(settle({ dialect: bare, host }).host).toBe(host);
  expect(settleAddress(settle({ dialect: bare }), { host }).host).toBe(host);
});

test("the port is the dialect's own for the policy, unless one is given", () => {
  const portOf = (options: Partial<BrokerOptions>) =>
    settleAddress(settle({ dialect: bare, ...options })).port;
  expect(portOf({})).toBe(5222);
  expect(portOf({ tls: "direct" })).toBe(5223);
  expect(portOf({ tls: "direct", port: 443 })).toBe(443);
});

test("a bad address for connect is refused before anything opens", async () => {
  const { broker, servers } = line();
  expect(await codeOf(broker.connect({ port: 99_999 }))).toBe("BAD_OPTION");
  expect(await codeOf(broker.reconnect({ host: "" }))).toBe("BAD_OPTION");
  expect(await codeOf(broker.connect({ hots: "example.org" } as object))).toBe("BAD_OPTION");
  expect(servers).toEqual([]);
});

test("event names and payloads are checked", () => {
  type On = Broker["on"];
  const on = (() => () => undefined) as unknown as On;
  on("ready", ({ jid }) => {
    expectTypeOf(jid).toEqualTypeOf<string>();
  });
  // @ts-expect-error there is no such event
  on("redy", () => undefined);
  // @ts-expect-error the payload of ready has no stanza
  on("ready", ({ stanza }) => stanza);
});

const nothing = () => undefined;
const iq = xml("iq", { type: "get" });
const signal = new AbortController();

test.each<[string, (broker: Broker, options: never) => unknown]>([
  ["send", (broker, options) => broker.send(xml("message"), options)],
  ["request", (broker, options) => broker.request(iq, options)],
  ["filter", (broker, options) => broker.filter("/iq", nothing, options)],
  ["respond", (broker, options) => broker.respond("/iq", nothing, options)],
  ["waitFor", (broker, options) => broker.waitFor("/iq", options)],
  ["stanzas", (broker, options) => broker.stanzas("/iq", options)],
  ["on", (broker, options) => broker.on("ready", nothing, options)],
  ["shutdown", (broker, options) => broker.shutdown(options)],
])("the options of %s are checked before anything comes of the call", async (call, make) => {
  const { broker, names } = line();
  const refusal = async (options: unknown) => {
    const made = await Promise.resolve()
      .then(() => make(broker, options as never))
      .catch((error: unknown) => error);
    return String(made);
  };
  expect(await refusal({ onec: true })).toContain(`an option of ${call} must be one of `);
  expect(await refusal(null)).toContain(`the options of ${call} must be an object, got null`);
  if (call !== "send" && call !== "shutdown") {
    expect(await refusal({ signal })).toContain("signal must be an AbortSignal");
  }
  expect(broker.pending.size + broker.queue.size).toBe(0);
  // Nothing was left that would fail when the run ends, or hear of it.
  const connecting = broker.connect();
  broker.halt();
  expect(await codeOf(connecting)).toBe("ABORTED");
  expect(names()).not.toContain("error");
});

test("namespaces are texts", () => {
  const namespaces = { a: 5 } as never;
  expect(() => line().broker.filter("/a:b", nothing, { namespaces })).toThrow(
    "namespaces.a must be a text, got 5",
  );
});

test("what is pending can be looked at, and not changed", async () => {
  const { broker } = line();
  const request = codeOf(broker.request(xml("iq", { type: "get", id: "q" })));
  const { pending } = broker;
  expect(pending).not.toBeInstanceOf(Map);
  expect("clear" in pending || "delete" in pending || "set" in pending).toBe(false);
  const [[id, entry] = []] = pending;
  expect([...pending.keys()]).toEqual(["q"]);
  expect([...pending.entries()]).toEqual([[id, entry]]);
  expect([...pending.values()]).toEqual([pending.get("q")]);
  pending.forEach((value, key, map) => {
    expect([value, key, map]).toEqual([entry, id, pending]);
  });
  expect(broker.pending).toBe(pending);
  await broker.connect();
  broker.queue.flush();
  broker.halt();
  expect(await request).toBe("ABORTED");
  expect(pending.size).toBe(0);
  expect(pending.has("q")).toBe(false);
});

test.each([
  [
    "mispelt",
    /event must be one of connect, lookup, lookup:failure, connecting, .*, trace, got "mispelt"$/,
  ],
  ["redy", 'got "redy"; did you mean "ready"?'],
  ["Ready", 'got "Ready"; did you mean "ready"?'],
  ["auth:sucess", 'got "auth:sucess"; did you mean "auth:success"?'],
  ["toString", 'got "toString"'],
  [undefined, "got undefined"],
  [Symbol("x"), "got Symbol(x)"],
])("an event that there is not is refused: %o", (event, message) => {
  const { broker } = line();
  const listen = () => broker.on(event as "ready", nothing);
  expect(listen).toThrow(message);
  expect(listen).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
});

test("a wait longer than timers count is refused, not over at once", async () => {
  const { broker } = line();
  const timeout = 2 ** 31;
  expect(await codeOf(broker.request(iq, { timeout }))).toBe("BAD_OPTION");
  expect(await codeOf(broker.waitFor("/message", { timeout }))).toBe("BAD_OPTION");
  expect(await codeOf(broker.shutdown({ timeout }))).toBe("BAD_OPTION");
});

test("what must be a function is refused where it is given, not when it is called", () => {
  const { broker } = line();
  const missing = undefined as never;
  expect(() => broker.on("ready", missing)).toThrow(/listener must be a function/);
  expect(() => broker.filter("/iq", missing)).toThrow(/handler must be a function/);
  expect(() => broker.respond("/iq", missing)).toThrow(/handler must be a function/);
});

test.each(["", "a@@b", 7, undefined])(
  "a dialect of one's own that binds %o is refused",
  async (jid) => {
    const dialect = { ...bare, negotiate: () => Promise.resolve({ jid: jid as string }) };
    expect(await codeOf(line({ dialect }).broker.connect())).toBe("BAD_JID");
  },
);
