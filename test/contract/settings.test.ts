import { expect, test } from "vitest";
import type { NeededOption } from "../../src/base/option.ts";
import {
  BROKER_OPTIONS,
  type BrokerOptions,
  DEFAULTS,
  settle,
} from "../../src/contract/options.ts";
import { CALLS, callOptions } from "../../src/contract/rows/call-options.ts";
import type { QueueOptions } from "../../src/contract/rows/option-groups.ts";
import { bare } from "../broker/line.ts";

test("settings hold the default of each option that is left out", () => {
  expect(settle({ dialect: bare })).toEqual({
    dialect: bare,
    host: "example.org",
    port: undefined,
    tls: {
      policy: undefined,
      servername: undefined,
      ca: undefined,
      cert: undefined,
      pins: undefined,
      minVersion: "TLSv1.2",
    },
    queue: {
      limit: 100_000,
      bytes: 16_777_216,
      overflow: "reject",
      flush: "manual",
      ttl: undefined,
      highWater: 262_144,
    },
    inbox: { stanzas: 1000, bytes: 67_108_864 },
    acks: "auto",
    unacked: "report",
    unhandled: "error",
    keepAlive: { interval: 60_000, timeout: 20_000 },
    reconnect: false,
    lookup: undefined,
    timeouts: {
      lookup: 10_000,
      connect: 15_000,
      tls: 15_000,
      stream: 15_000,
      auth: 30_000,
      bind: 15_000,
      request: 30_000,
      respond: 30_000,
      handler: 60_000,
      shutdown: 5000,
    },
    limits: {
      bytes: 1_048_576,
      depth: 128,
      elements: 65_536,
      attributes: 64,
      declarations: 64,
      name: 1024,
      tag: 65_536,
      space: 1_048_576,
      sendBytes: undefined,
      requests: 10_000,
    },
    trace: false,
    transport: undefined,
    overrides: { version: undefined, xmlns: undefined, stream: undefined },
  });
});

test.each<[string, Partial<BrokerOptions>, object]>([
  ["a client's cap", {}, { base: 500, cap: 60_000, stable: 60_000, retry: undefined }],
  ["a service's cap", { dialect: { ...bare, certificate: "host" } }, { cap: 30_000 }],
  ["a cap that is given", { reconnect: { cap: 1000 } }, { base: 500, cap: 1000 }],
  ["a base above the usual cap", { reconnect: { base: 90_000 } }, { base: 90_000, cap: 90_000 }],
])("with reconnect, settings hold %s", (_, options, expected) => {
  const { reconnect } = settle({ dialect: bare, reconnect: true, ...options });
  expect(reconnect).toMatchObject(expected);
  expect(Object.isFrozen(reconnect)).toBe(true);
});

test.each<[QueueOptions | undefined, object]>([
  [undefined, { flush: "auto", ttl: 300_000, limit: 100_000 }],
  [{ limit: 5 }, { flush: "auto", ttl: 300_000, limit: 5 }],
  [
    { flush: "manual", ttl: 1 },
    { flush: "manual", ttl: 1 },
  ],
  [{ flush: undefined }, { flush: "auto" }],
])("with reconnect and queue %o, the queue is %o", (queue, expected) => {
  const settings = settle({ dialect: bare, reconnect: true, queue });
  expect(settings.queue).toMatchObject(expected);
  expect(settle({ dialect: bare, queue }).queue.ttl).toBe(queue?.ttl);
});

test("settings do not show the client's key", () => {
  const settings = settle({ dialect: bare, tls: { cert: "c", key: "KEY" } });
  expect(settings.tls).toMatchObject({ cert: "c" });
  expect(JSON.stringify(settings)).not.toContain("KEY");
});

const pins = [`${"A".repeat(43)}=`];

test.each([
  {},
  { queue: {}, inbox: {}, keepAlive: {}, timeouts: {}, limits: {}, overrides: {}, trace: {} },
  { keepAlive: false as const, tls: { ca: ["x"], pins } },
  { tls: "direct" as const },
])("settings made of %o are frozen, with all groups and lists in them", (options) => {
  const settings = settle({ dialect: Object.freeze({ ...bare }), ...options });
  const values = [
    settings,
    ...(Object.values(settings) as unknown[]),
    settings.tls.ca,
    settings.tls.pins,
  ];
  expect(values.filter((value) => !Object.isFrozen(value))).toEqual([]);
});

test("brokers share the groups of options that are left out", () => {
  const [one, other] = [settle({ dialect: bare }), settle({ dialect: bare, queue: undefined })];
  for (const name of ["tls", "queue", "inbox", "timeouts", "limits", "overrides"] as const) {
    expect(one[name]).toBe(DEFAULTS[name]);
    expect(other[name]).toBe(DEFAULTS[name]);
  }
});

/** Each option of a table as undefined, and each member of its groups as undefined. */
function undefinedOptions(rows: Readonly<Record<string, NeededOption<unknown>>>): object[] {
  return Object.entries(rows).flatMap(([name, { rows: members = {} }]) => [
    { [name]: undefined },
    ...undefinedOptions(members).map((group) => ({ [name]: group })),
  ]);
}

test.each(undefinedOptions(BROKER_OPTIONS.takes))("%o counts as left out", (options) => {
  const { trace, ...settings } = settle({ dialect: bare, ...options });
  // (An empty group of `reconnect` asks for it.)
  const reconnect = "reconnect" in options && options.reconnect !== undefined;
  const { trace: none, ...defaults } = settle({ dialect: bare, reconnect });
  expect(settings).toEqual(defaults);
  // (A trace without a place to go to goes to standard error.)
  expect(trace).toEqual("trace" in options && options.trace !== undefined ? {} : none);
});

test.each(
  Object.entries(CALLS).flatMap(([call, rows]) =>
    undefinedOptions(rows).map((options): [keyof typeof CALLS, object] => [
      call as keyof typeof CALLS,
      options,
    ]),
  ),
)("%s takes %o as left out", (call, options) => {
  expect(() => {
    callOptions(call, options);
  }).not.toThrow();
});

test("a polluted prototype changes no option", () => {
  const pollution = { tls: "plaintext", policy: "plaintext", trace: true, secrets: true };
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  Object.assign(prototype, pollution);
  try {
    expect(settle({ dialect: bare, tls: {} }).tls.policy).toBe(undefined);
    expect(settle({ dialect: bare }).trace).toBe(false);
  } finally {
    for (const name of Object.keys(pollution)) Reflect.deleteProperty(prototype, name);
  }
});
