import { expect, test } from "vitest";
import { type BrokerOptions, settle } from "../../src/contract/options.ts";
import { callOptions, NO_OPTIONS } from "../../src/contract/rows/call-options.ts";
import { keyOf } from "../../src/contract/rows/tls-options.ts";
import { jabberd2 } from "../../src/dialect/jabberd2.ts";
import { legacy } from "../../src/dialect/legacy.ts";
import { xmpp } from "../../src/dialect/xmpp.ts";
import { settleAddress } from "../../src/link/address.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import { xml } from "../../src/xml/element.ts";
import { find } from "../../src/xpath/find.ts";
import { bare, codeOf, line, readyLine } from "../broker/line.ts";

/** Runs an action while every object has a member that is not its own. */
function polluted<T>(name: string, value: unknown, action: () => T): T {
  const kind = { configurable: true, enumerable: true, writable: true };
  Object.defineProperty(Object.prototype, name, { value, ...kind });
  try {
    return action();
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
}

const jid = "romeo@example.net";
const password = "secret";
const settled = (options: Partial<BrokerOptions>) => settle({ dialect: bare, ...options });

/** How an object of options is read, and the options that it may have. */
const readers: [string, () => unknown, string][] = [
  [
    "a broker",
    () => settled({}),
    "host port tls queue unhandled keepAlive reconnect timeouts limits trace transport overrides inbox lookup",
  ],
  ["tls", () => settled({ tls: {} }), "policy servername ca cert key pins minVersion"],
  ["tls as a word", () => settled({ tls: "direct" }), "servername ca cert key pins minVersion"],
  ["queue", () => settled({ queue: {} }), "limit bytes overflow flush highWater ttl"],
  ["reconnect", () => settled({ reconnect: {} }), "base cap stable retry queue"],
  ["inbox", () => settled({ inbox: {} }), "stanzas bytes"],
  ["keepAlive", () => settled({ keepAlive: {} }), "interval timeout"],
  ["timeouts", () => settled({ timeouts: {} }), "lookup connect tls stream auth bind request"],
  ["limits", () => settled({ limits: {} }), "bytes depth elements sendBytes requests"],
  ["overrides", () => settled({ overrides: {} }), "version xmlns stream"],
  ["trace", () => settled({ trace: {} }), "to secrets"],
  ["an address", () => settleAddress(settled({}), {}), "host port"],
  ["xmpp", () => xmpp({ jid, password }).domain, "mechanisms authzid"],
  ["legacy", () => legacy({ jid, password }).domain, "plaintext"],
  [
    "jabberd2",
    () => jabberd2({ domain: "localhost", username: "jabberd", password, bind: {} }).domain,
    "names log default envelopes",
  ],
  ["find", () => find(xml("a"), "a", {}), "namespaces variables functions steps"],
  ["find without any", () => find(xml("a"), "a"), "namespaces variables functions steps"],
  ["a pair in memory", () => memoryPair({}).length, "cut tls"],
];
const rows = readers.flatMap(([what, read, names]) =>
  names.split(" ").map((name) => [what, name, read] as const),
);

test.each(rows)("%s takes no %s from a polluted prototype", (_what, name, read) => {
  const clean = read();
  expect(polluted(name, Symbol("poison"), read)).toEqual(clean);
});

test.each([
  ["send", { ttl: 5 }],
  ["request", { timeout: 5 }],
  ["filter", { once: true }],
  ["waitFor", { timeout: 5 }],
  ["stanzas", { buffer: 5 }],
  ["respond", { once: true }],
  ["on", { once: true }],
  ["shutdown", { timeout: 5 }],
] as const)("the options of %s are their own members alone", (call, options) => {
  const own = callOptions(call, options);
  expect({ ...own }).toEqual(options);
  expect(Object.getPrototypeOf(own)).toBeNull();
  expect(Object.getPrototypeOf(callOptions(call, NO_OPTIONS))).toBeNull();
});

test("a polluted policy does not turn TLS off", () => {
  const settings = polluted("policy", "plaintext", () =>
    settle({ dialect: xmpp({ jid, password }), tls: {} }),
  );
  expect(settings.tls.policy).toBeUndefined();
  expect(settleAddress(settings).policy).toBe("required");
});

test("a polluted key is not the client's", () => {
  expect(polluted("key", "KEY", () => keyOf({ tls: {} }))).toBeUndefined();
  expect(polluted("tls", { key: "KEY" }, () => keyOf({}))).toBeUndefined();
  expect(keyOf({ tls: { cert: "CERT", key: "KEY" } })).toBe("KEY");
});

test("a polluted transport or trace gets no connection to see", async () => {
  const seen: unknown[] = [];
  const spy = (thing: unknown): Promise<never> => {
    seen.push(thing);
    return Promise.reject(new TypeError("polluted"));
  };
  const { broker } = polluted("transport", spy, () => polluted("trace", spy, () => line()));
  await broker.connect();
  expect(broker.phase.name).toBe("ready");
  expect(seen).toEqual([]);
  broker.halt();
});

test("a polluted option changes no filter, no wait and no listener", async () => {
  const { broker, server } = await readyLine();
  const got: string[] = [];
  const { next, stanzas } = polluted("once", true, () => {
    broker.filter("/message", () => void got.push("filter"));
    broker.on("received", () => void got.push("event"));
    return { next: broker.waitFor("/presence"), stanzas: broker.stanzas("/message") };
  });
  const waiting = polluted("signal", AbortSignal.abort(), () => broker.waitFor("/iq", {}));
  const late = polluted("timeout", 1, () => broker.waitFor("/iq"));
  server.say("<message/><message/><presence/>");
  await next;
  expect(got.filter((entry) => entry === "filter")).toHaveLength(2);
  expect(got.filter((entry) => entry === "event")).toHaveLength(3);
  await stanzas.next();
  expect((await stanzas.next()).done).toBe(false);
  expect(polluted("ttl", -1, () => broker.send(xml("message"))).state).not.toBe("failed");
  broker.halt();
  expect(await codeOf(waiting)).toBe("ABORTED");
  expect(await codeOf(late)).toBe("ABORTED");
});
