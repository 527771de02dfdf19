import { describe, expect, test } from "vitest";
import type { BrokerError } from "../../src/base/errors.ts";
import type { BrokerEvents } from "../../src/contract/events.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { xml } from "../../src/xml/element.ts";
import { settled } from "../virtual-clock.ts";
import { bare, codeOf, readyLine } from "./line.ts";
import { type Fate, MUTE, type Outage, opens, outage, stepwise } from "./outage.ts";

const GO = "<go/>".repeat(4);
const MINUTE = 60_000;

const streamError = (condition: string, content = "") =>
  `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${content}</${condition}></stream:error></stream:stream>`;

/** Nothing of the broker is left: it is idle, and has set no timer. */
function expectNothingLeft({ broker, clock }: Outage): void {
  expect(broker.phase).toEqual({ name: "idle" });
  expect(clock.timers).toBe(0);
}

test("a broker without the option does not come back", async () => {
  const made = outage([opens()], { reconnect: false });
  await made.broker.connect();
  made.server.cut();
  expect((await made.broker.closed)?.code).toBe("DISCONNECTED");
  await made.clock.pass(10 * MINUTE);
  expect(made.targets.length).toBe(1);
  expectNothingLeft(made);
});

test("a connection that is cut comes back, and the run goes on", async () => {
  const made = outage([opens()]);
  const { broker, clock, told } = made;
  await broker.connect();
  const { closed } = broker;
  const message = broker.waitFor("/message");
  told.length = 0;
  made.server.cut();
  await settled();
  expect(broker.phase).toMatchObject({
    name: "waiting",
    attempt: 1,
    until: clock.wall() + 500,
    error: { code: "DISCONNECTED" },
  });
  await clock.pass(500);
  expect(told).toEqual([
    "closing",
    "waiting",
    "try 1 in 500: DISCONNECTED",
    "connecting",
    "negotiating",
    "ready",
  ]);
  expect(broker.stats.connects).toEqual({ ready: 2, failed: 0, again: 1 });
  made.server.say("<message/>");
  await message;
  broker.halt();
  expect(await closed).toBeUndefined();
  expectNothingLeft(made);
});

test("connect keeps trying a server that is not there yet, and resolves at the first ready", async () => {
  const fates: Fate[] = ["refused", "refused", "refused", opens()];
  const made = outage(fates);
  const { broker, clock, told } = made;
  const connected = codeOf(broker.connect());
  await clock.pass(3500);
  expect(await connected).toBe("resolved");
  expect(told.filter((step) => step.startsWith("try"))).toEqual([
    "try 2 in 500: CONNECT_FAILED",
    "try 3 in 1000: CONNECT_FAILED",
    "try 4 in 2000: CONNECT_FAILED",
  ]);
  expect(broker.stats.connects).toEqual({ ready: 1, failed: 3, again: 0 });
  broker.halt();
  expectNothingLeft(made);
});

test("connect called while the broker waits is the same promise, elsewhere it is BUSY", async () => {
  const made = outage(["refused", opens()]);
  const { broker, clock } = made;
  const first = broker.connect();
  await settled();
  expect(broker.phase.name).toBe("waiting");
  expect(broker.connect()).toBe(first);
  expect(await codeOf(broker.connect({ host: "other.example" }))).toBe("BUSY");
  await clock.pass(500);
  await first;
  made.server.cut();
  await settled();
  const second = broker.connect();
  expect(second).not.toBe(first);
  await clock.pass(MINUTE);
  expect(await codeOf(second)).toBe("resolved");
  broker.halt();
});

describe("a server that is mute", () => {
  const steps = [1, 2, 3, 4].map((count) => opens("<go/>".repeat(count - 1)));
  const PLACES: [string, Fate, Partial<BrokerOptions>, string][] = [
    ["at the connection", "never opens", {}, "TIMEOUT_CONNECT"],
    ["at the stream", MUTE, {}, "TIMEOUT_STREAM"],
    ...(["TIMEOUT_TLS", "TIMEOUT_AUTH", "TIMEOUT_BIND", "TIMEOUT_BIND"] as const).map(
      (code, index): (typeof PLACES)[number] => [
        `at step ${index} of the login`,
        steps[index] ?? MUTE,
        { dialect: stepwise },
        code,
      ],
    ),
    [
      "once ready",
      opens(GO),
      { dialect: stepwise, keepAlive: { interval: 10_000, timeout: 5000 } },
      "SOCKET_DEAD",
    ],
  ];

  test.each(PLACES)("%s never stops the tries", async (_, fate, options, code) => {
    const made = outage([fate, fate, fate, opens(GO)], options);
    const { broker, clock, told } = made;
    const connected = codeOf(broker.connect());
    await clock.pass(5 * MINUTE);
    expect(await connected).toBe("resolved");
    const tries = told.filter((step) => step.startsWith("try"));
    expect(tries.slice(0, 3).map((step) => step.replace(/.*: /, ""))).toEqual([code, code, code]);
    expect(made.targets.length).toBeGreaterThanOrEqual(4);
    broker.halt();
    await settled();
    expectNothingLeft(made);
  });

  test.each(PLACES)(
    "%s holds up neither shutdown nor the signal of connect",
    async (_, fate, options) => {
      for (const end of ["shutdown", "halt", "signal"] as const) {
        const made = outage([fate], options);
        const { broker, clock } = made;
        const controller = new AbortController();
        const connected = codeOf(broker.connect({ signal: controller.signal }));
        await settled();
        const isReady = broker.phase.name === "ready";
        const ended = end === "signal" ? undefined : broker[end]();
        if (end === "signal") controller.abort();
        if (end === "shutdown" && isReady) await clock.pass(5000);
        if (end === "signal" && isReady) {
          // It does nothing any more.
          expect(broker.phase.name).toBe("ready");
          broker.halt();
        }
        await clock.pass(1000);
        await ended;
        expect(await connected).toBe(isReady ? "resolved" : "ABORTED");
        expect(await broker.closed).toBeUndefined();
        expectNothingLeft(made);
      }
    },
  );

  test("in its lookup never stops the tries", async () => {
    const made = outage([opens()], { lookup: () => new Promise(() => undefined) });
    const { broker, clock, told } = made;
    void broker.connect();
    await clock.pass(2 * MINUTE);
    expect(told.filter((step) => step.endsWith("LOOKUP_FAILED")).length).toBeGreaterThan(3);
    broker.halt();
    await settled();
    expectNothingLeft(made);
  });
});

describe("the waiting broker", () => {
  async function waiting(fates: Fate[] = ["refused", opens()], options = {}): Promise<Outage> {
    const made = outage(fates, options);
    void made.broker.connect();
    await settled();
    expect(made.broker.phase.name).toBe("waiting");
    return made;
  }

  test.each(["shutdown", "halt"] as const)("is ended at once by %s", async (end) => {
    const made = await waiting();
    const connected = codeOf(made.broker.connect());
    const ended = made.broker[end]();
    expect(made.broker.phase.name).toBe("idle");
    await ended;
    expect(await connected).toBe("ABORTED");
    expect(await made.broker.closed).toBeUndefined();
    expectNothingLeft(made);
    await made.clock.pass(MINUTE);
    expect(made.targets.length).toBe(1);
  });

  test("is ended by the signal of connect, with its reason", async () => {
    const controller = new AbortController();
    const made = outage(["refused"]);
    const connected = made.broker.connect({ signal: controller.signal });
    await settled();
    const reason = new TypeError("enough");
    controller.abort(reason);
    await expect(connected).rejects.toMatchObject({ code: "ABORTED", cause: reason });
    expect(await made.broker.closed).toBeUndefined();
    expectNothingLeft(made);
  });

  test("hands over by ending", async () => {
    const made = await waiting();
    expect(await made.broker.handOver()).toEqual({ unsent: [], unknown: [] });
    expect(await made.broker.closed).toBeUndefined();
    expectNothingLeft(made);
  });

  test.each(["report", "requeue"] as const)(
    "ends with what the last session left without a proof, also after tries that failed (unacked: %s)",
    async (unacked) => {
      const made = outage([opens(), "refused"], { acks: "always", unacked });
      await made.broker.connect();
      const open = made.broker.send(xml("message", { id: "a" }));
      await settled();
      made.server.cut();
      await made.clock.pass(3500);
      expect(made.broker.phase).toMatchObject({ name: "waiting", attempt: 4 });
      const unsent = made.broker.send(xml("message", { id: "b" }));
      expect(await made.broker.shutdown()).toEqual({ unsent: [unsent], unknown: [open] });
    },
  );

  test.each<[string, (made: Outage) => unknown]>([
    ["reconnect", ({ broker }) => broker.reconnect()],
    [
      "a network that is back",
      (made) => {
        made.online();
      },
    ],
    [
      "a clock that has jumped, as it does over a sleep",
      ({ clock }) => {
        clock.jump(6000);
        clock.advance(2000);
      },
    ],
  ])("tries at once after %s", async (_, wake) => {
    const made = await waiting(["refused", "refused", "refused", "refused", opens()]);
    // The waits have become long.
    await made.clock.pass(3500);
    expect(made.broker.phase).toMatchObject({ name: "waiting", attempt: 5 });
    const connected = codeOf(made.broker.connect());
    wake(made);
    await settled();
    expect(made.broker.phase.name).toBe("ready");
    expect(await connected).toBe("resolved");
    made.broker.halt();
    expectNothingLeft(made);
  });

  test.each([
    ["set back", -60_000],
    ["set on by a little", 4000],
  ])("does not try at once when the clock is %s", async (_, jump) => {
    const made = await waiting(["refused", "refused", "refused", "refused", opens()]);
    await made.clock.pass(3500);
    made.clock.jump(jump);
    await made.clock.pass(2000);
    expect(made.broker.phase.name).toBe("waiting");
    await made.clock.pass(2000);
    expect(made.broker.phase.name).toBe("ready");
    made.broker.halt();
  });

  test("goes elsewhere when reconnect says so, and stays there", async () => {
    const made = await waiting(["refused", opens()]);
    const { broker, clock, targets } = made;
    await broker.reconnect({ host: "other.example", port: 99 });
    made.server.cut();
    await clock.pass(MINUTE);
    expect(targets.map(({ host, port }) => `${host}:${port}`)).toEqual([
      "example.org:5222",
      "other.example:99",
      "other.example:99",
    ]);
    broker.halt();
  });

  test("keeps what is sent, and sends it in order by itself", async () => {
    const made = await waiting();
    const { broker, clock } = made;
    const queued: unknown[] = [];
    broker.on("queued", ({ held, expires }) => queued.push([held, (expires ?? 0) - clock.wall()]));
    const sent = ["a", "b"].map((id) => broker.send(xml("message", { id })));
    expect(queued).toEqual([
      [true, 300_000],
      [true, 300_000],
    ]);
    await clock.pass(500);
    await Promise.all(sent.map((delivery) => delivery.written()));
    expect(made.server.heard).toMatch(/<message id='a'\/><message id='b'\/>$/);
    broker.halt();
  });

  test("lets what is sent expire after five minutes, but no request", async () => {
    const made = await waiting(["refused"]);
    const { broker, clock } = made;
    const early = broker.send(xml("message"));
    const longer = broker.send(xml("message"), { ttl: 400_000 });
    const asked = codeOf(broker.request(xml("iq", { type: "get" }), { timeout: 400_000 }));
    await clock.pass(300_000);
    expect([early.state, longer.state]).toEqual(["expired", "queued"]);
    expect(broker.queue.size).toBe(2);
    await clock.pass(100_000);
    expect(await asked).toBe("REQUEST_TIMEOUT");
    broker.halt();
  });
});

describe("a run that was ready", () => {
  test.each([
    [streamError("conflict"), "STREAM_ERROR"],
    [streamError("conflict", "Replaced"), "STREAM_ERROR"],
  ])("ends for good at %s", async (said, code) => {
    const made = outage([opens()]);
    const { broker, clock } = made;
    await broker.connect();
    const wait = codeOf(broker.waitFor("/never"));
    const next = broker.stanzas("/never").next();
    made.server.say(said);
    expect((await broker.closed)?.code).toBe(code);
    expect(await wait).toBe(code);
    expect(await codeOf(next)).toBe(code);
    await clock.pass(10 * MINUTE);
    expect(made.targets.length).toBe(1);
    expectNothingLeft(made);
    // And it can be used again.
    await broker.connect();
    broker.halt();
  });

  test.each([
    ["", "DISCONNECTED"],
    ["</stream:stream>", "DISCONNECTED"],
    [streamError("system-shutdown"), "STREAM_ERROR"],
    [streamError("policy-violation"), "STREAM_ERROR"],
    [streamError("not-authorized"), "STREAM_ERROR"],
    [streamError("see-other-host"), "STREAM_ERROR"],
    ["<a><b></a>", "NOT_WELL_FORMED"],
    ["<!-- x -->", "RESTRICTED_XML"],
    [`<a b='${"x".repeat(70_000)}'/>`, "POLICY_VIOLATION"],
  ])("goes on after %s", async (said, code) => {
    const made = outage([opens()]);
    const { broker, clock } = made;
    await broker.connect();
    const pending = codeOf(broker.request(xml("iq", { type: "get" })));
    if (said === "") made.server.cut();
    else made.server.say(said);
    await clock.pass(MINUTE);
    expect(await pending).toBe(code);
    expect(broker.phase.name).toBe("ready");
    expect(made.targets.length).toBe(2);
    broker.halt();
    expectNothingLeft(made);
  });

  test("waits longer each time for a server that drops it soon, and never ends", async () => {
    const made = outage([opens()]);
    const { broker, clock, told } = made;
    broker.on("ready", () => {
      made.server.say("</stream:stream>");
    });
    await broker.connect();
    await clock.pass(20 * MINUTE);
    const waits = told.flatMap((step) => /in (\d+):/.exec(step)?.[1] ?? []).map(Number);
    expect(waits.slice(0, 9)).toEqual([
      500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000,
    ]);
    expect(waits.length).toBeGreaterThan(20);
    broker.halt();
    expectNothingLeft(made);
  });

  test("keeps a session that can be resumed, and waits half of its window at most", async () => {
    const dialect = {
      ...bare,
      async negotiate(login: Parameters<typeof bare.negotiate>[0]) {
        await login.open();
        const resumed = login.previous !== undefined;
        if (resumed) login.resumed(1);
        return { jid: "me@example.org/here", resumed, management: { id: "s", max: 4 } };
      },
    };
    const made = outage([opens(), "refused", "refused", "refused", "refused", opens()], {
      dialect,
    });
    const { broker, clock, told } = made;
    await broker.connect();
    const asked = codeOf(
      broker.request(xml("iq", { type: "get", id: "open", to: "example.org" }), {
        timeout: MINUTE,
      }),
    );
    made.server.cut();
    await clock.pass(MINUTE / 2);
    expect(told.flatMap((step) => /in (\d+):/.exec(step)?.[1] ?? [])).toEqual([
      // (Then its window of 4 s is over.)
      ...["500", "1000", "2000", "2000", "8000"],
    ]);
    expect(broker.phase).toMatchObject({ name: "ready", resumed: true });
    made.server.say("<iq type='result' id='open' from='example.org'/>");
    expect(await asked).toBe("resolved");
    broker.halt();
  });

  test("waits as usual for a server whose sessions cannot wait", async () => {
    const dialect = {
      ...bare,
      async negotiate(login: Parameters<typeof bare.negotiate>[0]) {
        await login.open();
        return { jid: "me@example.org/here", management: { id: "s", max: 0 } };
      },
    };
    const { broker, clock, servers, told } = outage([opens(), "refused"], { dialect });
    await broker.connect();
    servers[0]?.cut();
    await clock.pass(1500);
    const waits = told.flatMap((step) => /in (\d+):/.exec(step)?.[1] ?? []);
    expect(waits).toEqual(["500", "1000", "2000"]);
    broker.halt();
  });

  test.each(["halt", "shutdown"] as const)(
    "can be ended by %s as its kept session is lost",
    async (call) => {
      const dialect = {
        ...bare,
        async negotiate(login: Parameters<typeof bare.negotiate>[0]) {
          await login.open();
          return { jid: "me@example.org/here", management: { id: "s", max: 100 } };
        },
      };
      const made = outage([opens()], { dialect, acks: "always" });
      const { broker, clock } = made;
      await broker.connect();
      const asked = codeOf(broker.request(xml("iq", { type: "get", to: "example.org" })));
      broker.on("request:finish", () => void broker[call]());
      await settled();
      made.server.cut();
      await clock.pass(500);
      expect(await asked).toBe("DISCONNECTED");
      expect([broker.phase.name, broker.jid]).toEqual(["idle", undefined]);
      const { state } = broker.send(xml("message", { to: "a@example.org" }));
      expect([state, await codeOf(broker.acked())]).toEqual(["queued", "resolved"]);
      broker.queue.clear();
      expectNothingLeft(made);
    },
  );

  test("ends the request of a kept session when it gives up", async () => {
    const dialect = {
      ...bare,
      async negotiate(login: Parameters<typeof bare.negotiate>[0]) {
        await login.open();
        return { jid: "me@example.org/here", management: { id: "s" } };
      },
    };
    const made = outage([opens()], { dialect });
    await made.broker.connect();
    const asked = codeOf(made.broker.request(xml("iq", { type: "get", to: "example.org" })));
    made.server.cut();
    await settled();
    expect(made.broker.phase.name).toBe("waiting");
    made.broker.halt();
    expect(await asked).toBe("ABORTED");
    expectNothingLeft(made);
  });
});

describe("see-other-host", () => {
  const go = (where: string) => opens(streamError("see-other-host", where));
  const waits: Partial<BrokerOptions> = {
    dialect: { ...bare, certificate: "host" },
    tls: "plaintext",
  };

  test("is followed three times at most, under the same name and policy, and then the first host is asked", async () => {
    const fates = ["b.example:1", "[2001:db8::1]:2", "c.example", "d.example"].map(go);
    const made = outage([...fates, opens()], waits);
    const { broker, clock, targets, told } = made;
    void broker.connect();
    await clock.pass(MINUTE);
    expect(targets.map(({ host, port, tls }) => `${host}:${port} as ${tls.servername}`)).toEqual([
      "example.org:5222 as example.org",
      "b.example:1 as example.org",
      "[2001:db8::1]:2 as example.org",
      "c.example:5222 as example.org",
      "example.org:5222 as example.org",
    ]);
    expect(told.flatMap((step) => /in (\d+):/.exec(step)?.[1] ?? [])).toEqual([
      ...["0", "0", "0", "4000"],
    ]);
    broker.halt();
  });

  test("is followed again after each wait", async () => {
    const hop = go("b.example:1");
    const fates: Fate[] = [...Array.from({ length: 5 }, () => [hop, "refused"] as const).flat()];
    const { broker, clock, targets } = outage([...fates, hop, opens()], waits);
    const connected = codeOf(broker.connect());
    await clock.pass(10 * MINUTE);
    expect(await connected).toBe("resolved");
    expect(targets.filter(({ host }) => host === "b.example").length).toBe(6);
    broker.halt();
  });

  test.each([
    "",
    "not a host",
    "a.example:0",
    "a.example:99999",
    "::1",
    "user@a.example",
    "http://a",
  ])("that says %j is not followed", async (where) => {
    const made = outage([go(where), opens()], waits);
    void made.broker.connect();
    await made.clock.pass(500);
    expect(made.targets.map(({ host }) => host)).toEqual(["example.org", "example.org"]);
    made.broker.halt();
  });

  test("is not followed from this machine to another one where only this one may speak in clear", async () => {
    const made = outage([go("b.example"), go("127.0.0.2:7"), opens()], {
      dialect: { ...bare, tls: "by-host", certificate: "host" },
      host: "localhost",
    });
    void made.broker.connect();
    await made.clock.pass(MINUTE);
    expect(made.targets.map(({ host }) => host)).toEqual(["localhost", "localhost", "127.0.0.2"]);
    made.broker.halt();
  });

  test("goes back to the first host when the other one is gone", async () => {
    const made = outage([go("b.example"), "refused", opens()], waits);
    void made.broker.connect();
    await made.clock.pass(MINUTE);
    expect(made.targets.map(({ host }) => host)).toEqual([
      "example.org",
      "b.example",
      "example.org",
    ]);
    made.broker.halt();
  });
});

describe("retry", () => {
  const cut = async (made: Outage) => {
    await made.broker.connect();
    made.server.cut();
    await settled();
    return made;
  };

  test("is told the error and the number of the next try", async () => {
    const asked: unknown[] = [];
    const retry = ({ code }: BrokerError, attempt: number) => {
      asked.push([code, attempt]);
      return true;
    };
    const made = await cut(
      outage([opens(), "refused", "refused", opens()], { reconnect: { retry } }),
    );
    await made.clock.pass(MINUTE);
    expect(asked).toEqual([
      ["DISCONNECTED", 1],
      ["CONNECT_FAILED", 2],
      ["CONNECT_FAILED", 3],
    ]);
    made.broker.halt();
  });

  test("ends the run with false", async () => {
    const made = await cut(outage([opens()], { reconnect: { retry: () => false } }));
    expect((await made.broker.closed)?.code).toBe("DISCONNECTED");
    expectNothingLeft(made);
  });

  test("sets the wait with a number", async () => {
    const made = await cut(outage([opens()], { reconnect: { retry: () => 12_345 } }));
    expect(made.told.at(-1)).toBe("try 1 in 12345: DISCONNECTED");
    made.broker.halt();
  });

  test("waits 100 ms at least, so that a refusal at once does not come back at once", async () => {
    const made = outage(["refused"], { reconnect: { retry: () => 0 } });
    void made.broker.connect();
    await made.clock.pass(1000);
    expect(made.targets.length).toBe(11);
    made.broker.halt();
  });

  test("goes on with true where the policy gives up", async () => {
    const made = outage([opens()], { reconnect: { retry: () => true } });
    await made.broker.connect();
    made.server.say(streamError("conflict"));
    await settled();
    expect(made.told.at(-1)).toBe("try 1 in 500: STREAM_ERROR");
    made.broker.halt();
  });

  test.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new TypeError("no");
      },
      "HANDLER_FAILED",
    ],
    ["returns nothing", () => undefined, "BAD_OPTION"],
    ["returns a negative number", () => -1, "BAD_OPTION"],
    ["returns NaN", () => Number.NaN, "BAD_OPTION"],
    ["returns Infinity", () => Number.POSITIVE_INFINITY, "BAD_OPTION"],
    ["returns a promise that fails", () => Promise.reject(new TypeError("no")), "BAD_OPTION"],
  ])("that %s is reported, and the policy decides", async (_, retry, code) => {
    const made = outage([opens()], { reconnect: { retry: retry as () => boolean } });
    const reported: unknown[] = [];
    made.broker.on("error", ({ error, source }) => reported.push([error.code, source]));
    await cut(made);
    expect(reported).toEqual([[code, "reconnect.retry"]]);
    expect(made.told.at(-1)).toBe("try 1 in 500: DISCONNECTED");
    made.broker.halt();
  });

  test.each(["halt", "shutdown", "reconnect", "handOver", "connect"] as const)(
    "may call %s",
    async (call) => {
      const made: Outage = outage([opens()], {
        reconnect: {
          retry: () => {
            void made.broker[call]();
            return true;
          },
        },
      });
      await cut(made);
      await made.clock.pass(MINUTE);
      const goesOn = call === "reconnect" || call === "connect";
      expect(made.broker.phase.name).toBe(goesOn ? "ready" : "idle");
      made.broker.halt();
      expect(await made.broker.closed).toBeUndefined();
      expectNothingLeft(made);
    },
  );
});

describe("the machine that has slept", () => {
  test("has its ready stream probed at once, and a dead one ends after 3 s", async () => {
    const made = outage([opens()], { keepAlive: { interval: 600_000, timeout: 60_000 } });
    const { broker, clock, told } = made;
    await broker.connect();
    const { servers } = made;
    clock.jump(3_600_000);
    await clock.pass(2000);
    expect(servers[0]?.heard).toContain("<ping xmlns='urn:xmpp:ping'/>");
    await clock.pass(2999);
    expect(broker.phase.name).toBe("ready");
    await clock.pass(1);
    expect(told.at(-1)).toBe("try 1 in 500: SOCKET_DEAD");
    broker.halt();
    await settled();
    expectNothingLeft(made);
  });

  test("has a ready stream probed when its network goes, and no try is made without one", async () => {
    const made = outage([opens()], { keepAlive: { interval: 600_000, timeout: 60_000 } });
    const { broker, clock, targets, told } = made;
    await broker.connect();
    await clock.pass(1000);
    made.online(false);
    await settled();
    await clock.pass(3000);
    expect(told.at(-1)).toBe("try 1 in 500: SOCKET_DEAD");
    made.online(false);
    await settled();
    expect([broker.phase.name, targets.length]).toEqual(["waiting", 1]);
    made.online();
    await settled();
    expect([broker.phase.name, targets.length]).toEqual(["ready", 2]);
    broker.halt();
    expectNothingLeft(made);
  });

  test("keeps a stream that answers", async () => {
    const made = outage([opens()], { keepAlive: { interval: 600_000, timeout: 60_000 } });
    const { broker, clock } = made;
    await broker.connect();
    const { server } = made;
    made.online();
    await settled();
    const [, id] = /id='([^']*)'[^>]*><ping/.exec(server.heard) ?? [];
    await clock.pass(10);
    server.say(`<iq type='result' from='example.org' id='${id}'/>`);
    await clock.pass(MINUTE);
    expect(broker.phase.name).toBe("ready");
    expect(made.targets.length).toBe(1);
    broker.halt();
    expectNothingLeft(made);
  });
});

const EVENTS: (keyof BrokerEvents)[] = [
  ...(["connect", "connecting", "connected", "connect:failure", "stream:start", "ready"] as const),
  ...(["socket:error", "socket:close", "reconnect:scheduled"] as const),
];
const PHASES = ["connecting", "negotiating", "ready", "closing", "waiting"];
const PLACES = [...EVENTS, ...PHASES.map((name) => `phase ${name}` as const)];
const CALLS = ["halt", "shutdown", "handOver", "reconnect", "connect"] as const;

// Each event is met twice: before the first `ready`, and after the end of a connection that was ready.
test.each(
  PLACES.flatMap((place) =>
    [1, 2].flatMap((time) => CALLS.map((call) => [call, place, time] as const)),
  ),
)("%s may be called in %s, time %i", async (call, place, time) => {
  const made = outage(["refused", opens(), "refused", opens()]);
  const { broker, clock } = made;
  let left = time;
  let called: Promise<unknown> | undefined;
  const act = (): void => {
    left--;
    if (left === 0) called = codeOf(Promise.resolve(broker[call]()));
  };
  if (place.startsWith("phase ")) {
    broker.on("phase", ({ to }) => {
      if (`phase ${to.name}` === place) act();
    });
  } else broker.on(place as keyof BrokerEvents, act);
  const { closed } = broker;
  void broker.connect();
  await clock.pass(MINUTE);
  if (broker.phase.name === "ready" && left > 0) {
    made.server.cut();
    await clock.pass(MINUTE);
  }
  const goesOn = call === "reconnect" || call === "connect";
  if (called !== undefined) {
    expect(await called).toBe("resolved");
    // A ready broker that hands over stays until its place is taken.
    const stays = call === "handOver" && broker.phase.name === "ready";
    expect(broker.phase.name).toBe(goesOn || stays ? "ready" : "idle");
  }
  broker.halt();
  await clock.pass(1000);
  expect(await closed).toBeUndefined();
  expectNothingLeft(made);
  // And it can be used again.
  const again = codeOf(broker.connect());
  await clock.pass(MINUTE);
  expect(await again).toBe("resolved");
  broker.halt();
});

test("an aborted signal starts nothing", async () => {
  const made = outage([opens()]);
  expect(await codeOf(made.broker.connect({ signal: AbortSignal.abort() }))).toBe("ABORTED");
  expect(made.targets).toEqual([]);
  expectNothingLeft(made);
});

test("a connect that waits for the end of a run is called off by its signal", async () => {
  const made = outage([opens()]);
  const { broker, clock } = made;
  await broker.connect();
  const done = broker.shutdown({ timeout: 5000 });
  const controller = new AbortController();
  const again = codeOf(broker.connect({ signal: controller.signal }));
  controller.abort();
  expect(await again).toBe("ABORTED");
  await clock.pass(5000);
  await done;
  expect(made.targets.length).toBe(1);
  expectNothingLeft(made);
});

describe("handing over", () => {
  /** A service, as the server that lets it in sees it. */
  const service = { ...bare, certificate: "host" as const };

  async function ready(options: Partial<BrokerOptions> = {}): Promise<Outage> {
    // (No proofs: these servers answer no pings. `shutdown-proof.test.ts` has the proofs of a hand-over.)
    const made = outage([opens()], { dialect: service, acks: false, ...options });
    await made.broker.connect();
    return made;
  }

  test.each([true, false])(
    "is the end of the run, whatever ends the connection (reconnect: %s)",
    async (reconnect) => {
      for (const said of ["", "</stream:stream>", streamError("conflict"), "<<<"]) {
        const made = await ready({ reconnect });
        const { broker, clock } = made;
        const { closed } = broker;
        expect(await broker.handOver()).toEqual({ unsent: [], unknown: [] });
        expect(broker.phase.name).toBe("ready");
        if (said === "") made.server.cut();
        else made.server.say(said);
        await clock.pass(10 * MINUTE);
        expect(await closed).toBeUndefined();
        expect(made.targets.length).toBe(1);
        expectNothingLeft(made);
      }
    },
  );

  test("waits, where no proof is to be had, until the system has taken all", async () => {
    const { broker, server } = await readyLine({ acks: false });
    server.pause();
    const body = xml("body", {}, "x".repeat(20_000));
    const last = [1, 2, 3].map((n) => broker.send(xml("message", { id: `${n}` }, body))).at(-1);
    let isDone = false;
    const done = broker.handOver().then(() => {
      isDone = true;
    });
    await settled();
    expect([isDone, last?.state]).toEqual([false, "queued"]);
    server.resume();
    await done;
    expect(last?.state).toBe("written");
    broker.halt();
  });

  test("holds what is sent, and answers what comes", async () => {
    const made = await ready();
    const { broker, server } = made;
    broker.respond("/iq", () => undefined);
    const before = broker.send(xml("message", { id: "before" }));
    const done = broker.handOver();
    await made.clock.pass(10);
    await done;
    expect(before.state).toBe("written");
    const queued: boolean[] = [];
    broker.on("queued", ({ held }) => queued.push(held));
    const after = broker.send(xml("message", { id: "after" }));
    expect(broker.queue.flush()).toBe(0);
    server.say("<iq type='get' id='q' from='a@b/c'><query xmlns='urn:x'/></iq>");
    await settled();
    expect(server.heard).toMatch(/<message id='before'\/>.*<iq type='result' id='q'/s);
    expect(server.heard).not.toContain("after");
    expect([after.state, queued]).toEqual(["queued", [true]]);
    const { unsent } = await broker.handOver();
    expect(unsent.map(({ key }) => key)).toEqual([after.key]);
    broker.halt();
  });

  test("waits for handlers and requests, and not longer than a shutdown may last", async () => {
    const made = await ready();
    const { broker, clock, server } = made;
    const asked = codeOf(broker.request(xml("iq", { type: "get", id: "open", to: "example.org" })));
    let isDone = false;
    const done = broker.handOver().then(() => {
      isDone = true;
    });
    await clock.pass(1000);
    expect(isDone).toBe(false);
    server.say("<iq type='result' id='open' from='example.org'/>");
    await clock.pass(10);
    await done;
    expect(await asked).toBe("resolved");
    broker.halt();

    const other = await ready();
    other.broker.filter("/message", () => new Promise(() => undefined));
    other.server.say("<message/>");
    await settled();
    let isOver = false;
    const over = other.broker.handOver().then(() => {
      isOver = true;
    });
    await other.clock.pass(2499);
    expect(isOver).toBe(false);
    await other.clock.pass(5000);
    await over;
    other.broker.halt();
  });

  test("refuses to reconnect, and lets a connect wait for its end", async () => {
    const made = await ready();
    const { broker, clock } = made;
    await broker.handOver();
    expect(await codeOf(broker.reconnect())).toBe("ABORTED");
    const again = codeOf(broker.connect());
    await settled();
    expect(made.targets.length).toBe(1);
    made.server.cut();
    await clock.pass(1000);
    expect(await again).toBe("resolved");
    expect(made.targets.length).toBe(2);
    broker.halt();
  });

  test("ends in order with a shutdown afterwards", async () => {
    const made = await ready();
    const { broker, server, clock } = made;
    await broker.handOver();
    const done = broker.shutdown();
    await clock.pass(2000);
    expect(server.heard).toMatch(/<\/stream:stream>$/);
    server.say("</stream:stream>");
    await done;
    expect(await broker.closed).toBeUndefined();
    expectNothingLeft(made);
  });
});

describe("two processes of one name", () => {
  test("do not take it from each other for ever, although a kick may look like a plain end", async () => {
    // Each login takes the place of the other. The first kicks look like a bare end, a later one says `conflict`.
    const ends = ["", "", "", streamError("conflict")];
    const clock = outage([opens()]);
    const both = [clock, outage([opens()])];
    let kicks = 0;
    for (const [index, made] of both.entries()) {
      made.broker.on("ready", () => {
        const other = both[1 - index];
        if (other?.broker.phase.name !== "ready") return;
        const said = ends[Math.min(kicks++, ends.length - 1)];
        if (said === "" || said === undefined) other.server.cut();
        else other.server.say(said);
      });
      void made.broker.connect();
      await settled();
    }
    for (let second = 0; second < 600; second++) {
      for (const made of both) await made.clock.pass(1000);
    }
    // The third `conflict` of one of them ends it.
    expect(kicks).toBe(8);
    expect(both.map(({ broker }) => broker.phase.name).sort()).toEqual(["idle", "ready"]);
    for (const { broker } of both) broker.halt();
  });
});
