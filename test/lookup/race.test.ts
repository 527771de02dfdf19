import { describe, expect, test } from "vitest";
import { onAbort } from "../../src/base/abort.ts";
import { BrokerError } from "../../src/base/errors.ts";
import type { Dns } from "../../src/lookup/dns.ts";
import { racing } from "../../src/lookup/race.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import type { Target, TlsSettings, Transport } from "../../src/transport/transport.ts";
import { codeOf } from "../broker/line.ts";
import { VirtualClock } from "../virtual-clock.ts";

const V6 = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
const V4 = ["192.0.2.1", "192.0.2.2"];

/** The milliseconds after which something happens: an answer, a connection, or with a minus a refusal. */
type Delay = number;

interface Race {
  /** The answers of DNS: the delay, and the addresses or the failure. Without one it is mute. */
  readonly aaaa?: readonly [Delay, readonly string[] | Error];
  readonly a?: readonly [Delay, readonly string[] | Error];
  /** The addresses that can be reached, or refuse; others never answer. */
  readonly reached?: Readonly<Record<string, Delay>>;
  readonly host?: string;
}

/** Begins a race, and notes what happens in it. */
function race({ aaaa, a, reached = {}, host = "chat.example" }: Race) {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const steps: string[] = [];
  const opened: { transport: Transport; destroyed: boolean }[] = [];
  const note = (text: string) => steps.push(`${clock.now()} ${text}`);
  const after = <T>(delay: Delay, signal: AbortSignal, settle: () => T) =>
    new Promise<T>((resolve, reject) => {
      const cancel = clock.after(Math.abs(delay), () => {
        resolve(Promise.resolve().then(settle));
      });
      onAbort(signal, () => {
        cancel();
        reject(signal.reason as Error);
      });
    });
  const dns: Pick<Dns, "addresses"> = {
    addresses(_host, family, signal) {
      const [delay, answer] = (family === 6 ? aaaa : a) ?? [Number.MAX_SAFE_INTEGER, []];
      return after(delay, signal, () => {
        if (answer instanceof Error) throw answer;
        return answer;
      });
    },
  };
  const connect = (target: Target, signal: AbortSignal): Promise<Transport> => {
    expect(target.tls).toBe(TLS);
    const delay = reached[target.host] ?? Number.MAX_SAFE_INTEGER;
    note(`try ${target.host}`);
    onAbort(signal, () => note(`end ${target.host}`));
    return after(delay, signal, () => {
      if (delay < 0 || Object.is(delay, -0)) {
        throw new BrokerError("CONNECT_FAILED", `refused by ${target.host}`);
      }
      const [transport] = memoryPair();
      const one = { transport, destroyed: false };
      opened.push(one);
      transport.start({
        data: () => undefined,
        leaving: () => undefined,
        taken: () => undefined,
        end: () => undefined,
        close: () => {
          one.destroyed = true;
        },
      });
      return transport;
    });
  };
  const told: string[] = [];
  const target: Target = {
    host,
    port: 5222,
    tls: TLS,
    report(event, payload) {
      const place = "host" in payload ? payload.host : payload.addresses.join(" ");
      told.push(`${payload.milliseconds} ${event} ${place}`);
    },
  };
  const result = racing({ connect, dns, clock })(target, abort.signal);
  result.catch(() => undefined);
  return { clock, abort, steps, told, opened, result };
}

const TLS = { servername: "example.org" } as TlsSettings;

describe("addresses are tried", () => {
  test.each<[string, Race, string[]]>([
    [
      "in turn, IPv6 first, 250 ms apart",
      { aaaa: [5, V6], a: [5, V4] },
      [
        "5 try 2001:db8::1",
        "255 try 192.0.2.1",
        "505 try 2001:db8::2",
        "755 try 192.0.2.2",
        "1005 try 2001:db8::3",
      ],
    ],
    [
      "at once when one fails",
      { aaaa: [0, V6], a: [0, V4], reached: { "2001:db8::1": -10, "192.0.2.1": -0 } },
      [
        "0 try 2001:db8::1",
        "10 try 192.0.2.1",
        "10 try 2001:db8::2",
        "260 try 192.0.2.2",
        "510 try 2001:db8::3",
      ],
    ],
    [
      "while a later one fails, without a second one at its time",
      { aaaa: [0, V6], a: [0, V4], reached: { "192.0.2.1": -10 } },
      [
        "0 try 2001:db8::1",
        "250 try 192.0.2.1",
        "260 try 2001:db8::2",
        "510 try 192.0.2.2",
        "760 try 2001:db8::3",
      ],
    ],
    [
      "of IPv4 50 ms after they are known, while IPv6 is not",
      { aaaa: [300, V6], a: [10, V4] },
      [
        "60 try 192.0.2.1",
        "310 try 2001:db8::1",
        "560 try 192.0.2.2",
        "810 try 2001:db8::2",
        "1060 try 2001:db8::3",
      ],
    ],
    [
      "of IPv6 as soon as they are known, if IPv4 waits for them",
      { aaaa: [40, V6.slice(0, 1)], a: [10, V4] },
      ["40 try 2001:db8::1", "290 try 192.0.2.1", "540 try 192.0.2.2"],
    ],
    [
      "of IPv4 at once, where there is no IPv6",
      { aaaa: [1, []], a: [10, V4] },
      ["10 try 192.0.2.1", "260 try 192.0.2.2"],
    ],
    [
      "of IPv4 at once, where DNS fails for IPv6",
      { aaaa: [1, new Error("SERVFAIL")], a: [10, V4] },
      ["10 try 192.0.2.1", "260 try 192.0.2.2"],
    ],
    [
      "of IPv4, while DNS is mute for IPv6",
      { a: [10, V4] },
      ["60 try 192.0.2.1", "310 try 192.0.2.2"],
    ],
    ["of IPv6, while DNS is mute for IPv4", { aaaa: [10, V6.slice(0, 1)] }, ["10 try 2001:db8::1"]],
    [
      "that come late, as soon as they come",
      { aaaa: [0, V6.slice(0, 1)], a: [400, V4], reached: { "2001:db8::1": -10 } },
      ["0 try 2001:db8::1", "400 try 192.0.2.1", "650 try 192.0.2.2"],
    ],
    [
      "that come late, while the first is still tried",
      { aaaa: [0, V6.slice(0, 1)], a: [400, V4] },
      ["0 try 2001:db8::1", "400 try 192.0.2.1", "650 try 192.0.2.2"],
    ],
    [
      "once each, and only if they are addresses of their family",
      {
        aaaa: [0, ["127.0.0.1", "::1", "::1", "evil.example", ""]],
        a: [0, ["::1", "127.1", "192.0.2.1"]],
      },
      ["0 try ::1", "250 try 192.0.2.1"],
    ],
    ["without a race, where the host is one", { host: "192.0.2.9" }, ["0 try 192.0.2.9"]],
  ])("%s", async (_how, given, expected) => {
    const { clock, steps, abort } = race(given);
    await clock.pass(5_000);
    expect(steps).toEqual(expected);
    abort.abort();
  });

  test("ten of each family at most", async () => {
    const many = (prefix: string) => Array.from({ length: 1000 }, (_, n) => `${prefix}${n % 250}`);
    const { clock, steps, abort } = race({
      aaaa: [0, many("2001:db8::")],
      a: [0, many("192.0.2.")],
    });
    await clock.pass(60_000);
    expect(steps).toHaveLength(20);
    abort.abort();
  });
});

describe("the first connection that opens", () => {
  test("is used, and the others leave no trace", async () => {
    const { clock, steps, opened, result } = race({
      aaaa: [0, V6],
      a: [0, V4],
      reached: { "2001:db8::1": 600, "192.0.2.1": 300 },
    });
    await clock.pass(550);
    expect(await result).toBe(opened[0]?.transport);
    expect(steps).toEqual([
      "0 try 2001:db8::1",
      "250 try 192.0.2.1",
      "500 try 2001:db8::2",
      "550 end 2001:db8::1",
      "550 end 192.0.2.1",
      "550 end 2001:db8::2",
    ]);
    await clock.pass(5_000);
    expect([opened.length, opened[0]?.destroyed, clock.timers]).toEqual([1, false, 0]);
  });

  test("is dropped if it is the second of one moment", async () => {
    const { clock, opened, result } = race({
      aaaa: [0, V6],
      a: [0, V4],
      reached: { "2001:db8::1": 260, "192.0.2.1": 10 },
    });
    // Both timers run in one turn, before either promise is heard.
    await clock.pass(255);
    clock.advance(5);
    await clock.pass(100);
    const winner = await result;
    expect(opened.map(({ transport, destroyed }) => [transport === winner, destroyed])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  test("ends the questions to DNS", async () => {
    const { clock, result } = race({ aaaa: [0, V6], reached: { "2001:db8::1": 10 } });
    await clock.pass(10);
    await result;
    expect(clock.timers).toBe(0);
  });

  test("is told with its milliseconds, as each step before", async () => {
    const { clock, told, result } = race({
      aaaa: [3, V6.slice(0, 1)],
      a: [7, V4.slice(0, 1)],
      reached: { "2001:db8::1": -20, "192.0.2.1": 30 },
    });
    await clock.pass(1_000);
    await result;
    expect(told).toEqual([
      "3 addresses 2001:db8::1",
      "3 address:start 2001:db8::1",
      "7 addresses 192.0.2.1",
      "23 address:failure 2001:db8::1",
      "23 address:start 192.0.2.1",
    ]);
  });
});

describe("a race without a winner", () => {
  test.each<[string, Race, string]>([
    ["has no address", { aaaa: [1, []], a: [2, []] }, "chat.example:5222: the host has no address"],
    [
      "is refused everywhere",
      {
        aaaa: [0, V6.slice(0, 1)],
        a: [0, V4.slice(0, 1)],
        reached: { "2001:db8::1": -1, "192.0.2.1": -1 },
      },
      "chat.example:5222: refused by 2001:db8::1; refused by 192.0.2.1",
    ],
    [
      "meets a DNS that fails",
      { aaaa: [0, new Error("SERVFAIL")], a: [0, new Error("SERVFAIL")] },
      "chat.example:5222: SERVFAIL; SERVFAIL",
    ],
  ])("%s: CONNECT_FAILED", async (_why, given, detail) => {
    const { clock, result } = race(given);
    await clock.pass(1_000);
    await expect(result).rejects.toMatchObject({ code: "CONNECT_FAILED", retryable: true });
    await expect(result).rejects.toThrow(new RegExp(`: ${detail}$`));
    expect(clock.timers).toBe(0);
  });

  test.each<[string, Race, number]>([
    ["in its questions to DNS", {}, 1_000],
    ["in its wait for IPv6", { a: [10, V4] }, 20],
    ["in its tries", { aaaa: [0, V6], a: [0, V4] }, 300],
  ])("that is given up %s ends with the reason, and leaves nothing", async (_where, given, at) => {
    const { clock, abort, steps, result } = race(given);
    await clock.pass(at);
    const before = steps.length;
    const reason = new BrokerError("ABORTED");
    abort.abort(reason);
    await expect(result).rejects.toBe(reason);
    await clock.pass(60_000);
    expect(clock.timers).toBe(0);
    expect(steps.slice(before).filter((step) => step.includes("try"))).toEqual([]);
  });

  test("by an option that cannot be used ends at the first address", async () => {
    const clock = new VirtualClock();
    let tries = 0;
    const connect = () => {
      tries++;
      return Promise.reject(new BrokerError("BAD_OPTION", "key"));
    };
    const dns = { addresses: () => Promise.resolve(["192.0.2.1", "192.0.2.2", "::1"]) };
    const target = { host: "chat.example", port: 1, tls: TLS };
    const result = racing({ connect, dns, clock })(target, new AbortController().signal);
    expect(await codeOf(result)).toBe("BAD_OPTION");
    expect([tries, clock.timers]).toEqual([1, 0]);
  });
});
