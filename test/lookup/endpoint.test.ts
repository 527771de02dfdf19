import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { type Endpoint, inOrder, type Lookup } from "../../src/lookup/endpoint.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import type { Target } from "../../src/transport/transport.ts";
import { codeOf } from "../broker/line.ts";
import { knownCrypto } from "../dialect/attempt.ts";
import {
  BINDING,
  bound,
  features,
  PROVED,
  romeo,
  SASL,
  SCRAM,
} from "../dialect/xmpp-conversation.ts";
import { QUIET } from "../quiet-runtime.ts";
import { VirtualClock } from "../virtual-clock.ts";

const endpoint = (host: string, facts: Partial<Endpoint> = {}): Endpoint => ({
  host,
  port: 5222,
  tls: "starttls",
  priority: 10,
  weight: 0,
  ...facts,
});

describe("endpoints are tried", () => {
  test("by priority", () => {
    const given = [endpoint("c", { priority: 30 }), endpoint("a", { priority: 0 }), endpoint("b")];
    expect(inOrder(given, Math.random).map(({ host }) => host)).toEqual(["a", "b", "c"]);
  });

  test("at one priority by weight: a share is as large as the weight", () => {
    const given = [
      endpoint("a", { weight: 10 }),
      endpoint("b", { weight: 30 }),
      endpoint("c", { weight: 60 }),
    ];
    const first = { a: 0, b: 0, c: 0 };
    // Every point of the range once: no chance is involved.
    for (let point = 0; point <= 100; point++) {
      const [chosen] = inOrder(given, () => point / 101);
      first[chosen?.host as keyof typeof first]++;
    }
    expect(first).toEqual({ a: 11, b: 30, c: 60 });
  });

  /** The chance of an order by RFC 2782: every point from 0 to the sum is as likely as another. */
  function chance(order: readonly Endpoint[]): number {
    const [first, ...rest] = order;
    if (first === undefined) return 1;
    const table = [...order].sort((one, other) => one.weight - other.weight);
    const total = table.reduce((sum, { weight }) => sum + weight, 0);
    let points = 0;
    for (let point = 0; point <= total; point++) {
      let sum = 0;
      const chosen = table.find(({ weight }) => {
        sum += weight;
        return sum >= point;
      });
      if (chosen === first) points++;
    }
    return (points / (total + 1)) * chance(rest);
  }

  test.each([
    [[1, 2, 3]],
    [[10, 30, 60]],
    [[0, 1, 4]],
    [[0, 0, 5, 5]],
    [[7, 7, 7, 7]],
    [[1, 20, 300, 4000]],
  ])("at one priority in the orders of RFC 2782, each as often as it says: %j", (weights) => {
    const rounds = 20_000;
    const given = weights.map((weight, index) => endpoint(`h${index}`, { weight }));
    // The numbers of a linear congruential generator: the same in each run.
    let state = 2782;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const seen = new Map<string, { count: number; expected: number }>();
    for (let round = 0; round < rounds; round++) {
      const order = inOrder(given, random);
      const name = order.map(({ host }) => host).join();
      const row = seen.get(name) ?? { count: 0, expected: rounds * chance(order) };
      seen.set(name, row);
      row.count++;
    }
    let chiSquare = 0;
    let expectedOfSeen = 0;
    for (const { count, expected } of seen.values()) {
      chiSquare += (count - expected) ** 2 / expected;
      expectedOfSeen += expected;
    }
    // Orders that did not come count too: together, as one cell.
    chiSquare += rounds - expectedOfSeen;
    // At 23 degrees of freedom a value above 49.7 comes once in a thousand; fewer orders have less.
    const limits: Readonly<Record<number, number>> = { 3: 20.5, 4: 49.7 };
    expect(chiSquare).toBeLessThan(limits[weights.length] ?? 0);
  });

  test("with a weight of 0 last, but for a small chance", () => {
    const given = [endpoint("none"), endpoint("all", { weight: 5 })];
    expect(inOrder(given, () => 0.99)[0]?.host).toBe("all");
    expect(inOrder(given, () => 0)[0]?.host).toBe("none");
  });
});

const LOGIN = `${PROVED}${BINDING}${bound("user@example.org/balcony")}`;

/** Connects by a lookup; each host plays its script, or refuses the connection without one. */
function connecting(
  lookup: Lookup,
  scripts: Readonly<Record<string, string>>,
  options: Partial<BrokerOptions> = {},
) {
  const clock = new VirtualClock();
  const steps: string[] = [];
  const connect: NonNullable<BrokerOptions["transport"]> = (target, signal) => {
    const script = scripts[target.host];
    if (script === undefined) return Promise.reject(new BrokerError("CONNECT_FAILED", target.host));
    return new ScriptedPeer(script).transport(target, signal);
  };
  const broker = new Broker(
    { dialect: romeo, tls: "opportunistic", lookup, transport: connect, ...options },
    { connect, clock, crypto: knownCrypto, ...QUIET },
  );
  broker.on("connecting", ({ host, port, attempt }) => steps.push(`${host}:${port} ${attempt}`));
  broker.on("connect:failure", ({ error }) => steps.push(error.code));
  const connected = codeOf(broker.connect());
  return { broker, clock, connected, steps };
}

test("an endpoint that fails is followed by the next, in one attempt", async () => {
  const found = [endpoint("b", { priority: 20, port: 5299 }), endpoint("a")];
  const { broker, connected, steps } = connecting(() => Promise.resolve(found), { b: LOGIN });
  expect(await connected).toBe("resolved");
  expect(steps).toEqual(["a:5222 1", "CONNECT_FAILED", "b:5299 1"]);
  expect(broker.phase.name).toBe("ready");
  broker.halt();
});

test("the lookup and the connection are told with their milliseconds", async () => {
  const found = [
    endpoint("b", { priority: 20 }),
    endpoint("a", { tls: "direct", port: 5223 }),
    endpoint("c", { priority: 5 }),
  ];
  const told: unknown[] = [];
  let answer: (found: Endpoint[]) => void = () => undefined;
  const { broker, clock, connected } = connecting(
    () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
    { c: LOGIN },
  );
  broker.on("lookup", (event) => told.push(event));
  broker.on("connected", ({ milliseconds }) => told.push(milliseconds));
  await clock.pass(30);
  answer(found);
  expect(await connected).toBe("resolved");
  expect(told).toEqual([
    {
      domain: "example.org",
      milliseconds: 30,
      endpoints: [
        { host: "c", port: 5222, policy: "opportunistic" },
        { host: "a", port: 5223, policy: "direct" },
        { host: "b", port: 5222, policy: "opportunistic" },
      ],
    },
    0,
  ]);
  broker.halt();
});

test("the steps of a transport become events of the broker, until it is connected", async () => {
  const told: string[] = [];
  let report: Target["report"];
  const tell = (host: string) => report?.("address:start", { host, port: 5222, milliseconds: 1 });
  const transport: BrokerOptions["transport"] = (target, signal) => {
    report = target.report;
    tell("::1");
    return new ScriptedPeer(LOGIN).transport(target, signal);
  };
  const { broker, connected } = connecting(() => Promise.resolve([]), {}, { transport });
  broker.on("address:start", ({ host, milliseconds }) => told.push(`${host} ${milliseconds}`));
  expect(await connected).toBe("resolved");
  tell("::2");
  expect(told).toEqual(["::1 1"]);
  broker.halt();
});

test("an endpoint that fails before authentication is followed by the next too", async () => {
  const found = [endpoint("a"), endpoint("b", { priority: 20 })];
  const { broker, connected, steps } = connecting(() => Promise.resolve(found), {
    a: features("<x xmlns='urn:nothing'/>"),
    b: LOGIN,
  });
  expect(await connected).toBe("resolved");
  expect(steps).toEqual(["a:5222 1", "b:5222 1"]);
  broker.halt();
});

test("an endpoint that refuses the credentials is the last", async () => {
  const found = [endpoint("a"), endpoint("b", { priority: 20 })];
  const { connected, steps, broker } = connecting(() => Promise.resolve(found), {
    a: `${SCRAM}
      S: <failure xmlns='${SASL}'><not-authorized/></failure>`,
    b: LOGIN,
  });
  expect(await connected).toBe("AUTH_FAILED");
  expect(steps).toEqual(["a:5222 1"]);
  expect((await broker.closed)?.code).toBe("AUTH_FAILED");
});

test("an endpoint that is no host is left out, and the others are tried", async () => {
  const found = ["test.example/evil.example", "2130706433", undefined as never, "b."].map((host) =>
    endpoint(host),
  );
  const { broker, connected, steps } = connecting(() => Promise.resolve(found), { "b.": LOGIN });
  expect(await connected).toBe("resolved");
  expect(steps).toEqual(["b.:5222 1"]);
  broker.halt();
});

test("without records the domain itself is tried", async () => {
  const { broker, connected, steps } = connecting(() => Promise.resolve([]), {
    "example.org": LOGIN,
  });
  expect(await connected).toBe("resolved");
  expect(steps).toEqual(["example.org:5222 1"]);
  broker.halt();
});

test("a host that is given is not looked up", async () => {
  const never: Lookup = () => {
    throw new TypeError("looked up");
  };
  const { broker, connected, steps } = connecting(never, { given: LOGIN }, { host: "given" });
  expect(await connected).toBe("resolved");
  expect(steps).toEqual(["given:5222 1"]);
  broker.halt();
});

test.each<[string, Lookup, string]>([
  ["rejects", () => Promise.reject(new TypeError("no answer")), "LOOKUP_FAILED"],
  [
    "says not here",
    () => Promise.reject(new BrokerError("LOOKUP_FAILED", "the records say: not here")),
    "LOOKUP_FAILED",
  ],
  [
    "finds only endpoints that the policy forbids",
    () => Promise.resolve([endpoint("a", { tls: "direct" })]),
    "LOOKUP_FAILED",
  ],
  [
    "finds no host",
    () => Promise.resolve(["", ".", "a b", "a/b", "127.1", "u@a"].map((host) => endpoint(host))),
    "LOOKUP_FAILED",
  ],
  [
    "finds 101 endpoints",
    () => Promise.resolve(Array.from({ length: 101 }, (_, n) => endpoint(`s${n}`))),
    "LOOKUP_FAILED",
  ],
  [
    "finds no priority or weight",
    () =>
      Promise.resolve([
        endpoint("a", { priority: NaN }),
        endpoint("a", { weight: -1 }),
        endpoint("a", { weight: 1.5 }),
        endpoint("a", { priority: 65_536 }),
      ]),
    "LOOKUP_FAILED",
  ],
  ["finds no port", () => Promise.resolve([endpoint("a", { port: 0 })]), "LOOKUP_FAILED"],
  ["gives no list", () => Promise.resolve(undefined as never), "LOOKUP_FAILED"],
  [
    "gives a list of other things",
    () => Promise.resolve(["a.example", null, 5] as never),
    "LOOKUP_FAILED",
  ],
])("a lookup that %s ends the attempt", async (_, lookup, code) => {
  const { connected, broker } = connecting(lookup, {}, { tls: "plaintext" });
  expect(await connected).toBe(code);
  expect((await broker.closed)?.code).toBe(code);
});

test("a lookup that is mute ends at its deadline, and is told so", async () => {
  let given: AbortSignal | undefined;
  const mute: Lookup = (_, { signal }) => {
    given = signal;
    return new Promise(() => undefined);
  };
  const { broker, clock, connected } = connecting(mute, {});
  expect(broker.phase).toEqual({ name: "connecting", attempt: 1 });
  await clock.pass(10_000);
  expect(await connected).toBe("LOOKUP_FAILED");
  expect(given?.aborted).toBe(true);
  expect(clock.timers).toBe(0);
});

test("shutdown ends a lookup", async () => {
  const { broker, clock, connected } = connecting(() => new Promise(() => undefined), {});
  const done = broker.shutdown();
  await clock.pass(0);
  await done;
  expect(await connected).toBe("ABORTED");
  expect(broker.phase.name).toBe("idle");
});
