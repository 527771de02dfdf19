import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { type Endpoint, inOrder, type Lookup } from "../../src/lookup/endpoint.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
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
    { connect, clock, crypto: knownCrypto, trace: () => undefined },
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
  ["finds no port", () => Promise.resolve([endpoint("a", { port: 0 })]), "LOOKUP_FAILED"],
  ["gives no list", () => Promise.resolve(undefined as never), "LOOKUP_FAILED"],
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
