import { describe, expect, test } from "vitest";
import { isBrokerError } from "../../src/base/errors.ts";
import type { SrvRecord } from "../../src/lookup/dns.ts";
import { srvLookup } from "../../src/lookup/srv.ts";
import type { TlsPolicy } from "../../src/transport/tls-facts.ts";
import { VirtualClock } from "../virtual-clock.ts";

const DIRECT = "_xmpps-client._tcp.example.org";
const STARTTLS = "_xmpp-client._tcp.example.org";

const record = (name: string, port = 5222, priority = 10, weight = 1): SrvRecord => ({
  name,
  port,
  priority,
  weight,
});

/** Looks a domain up in a DNS with these answers; other names have no records. */
async function found(
  answers: Readonly<Record<string, SrvRecord[] | Error>>,
  domain = "example.org",
) {
  const asked: string[] = [];
  const lookup = srvLookup({
    clock: new VirtualClock(),
    dns: {
      srv(name) {
        asked.push(name);
        const answer = answers[name] ?? [];
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
  });
  const [result] = await Promise.allSettled([
    lookup(domain, { signal: new AbortController().signal }),
  ]);
  return { asked, result };
}

describe("records of both services are mixed", () => {
  test.each<[string, Readonly<Record<string, SrvRecord[] | Error>>, string[]]>([
    [
      "as they are",
      { [DIRECT]: [record("a", 5223, 5)], [STARTTLS]: [record("b"), record("c", 5299, 0, 7)] },
      ["direct a:5223 5/1", "starttls b:5222 10/1", "starttls c:5299 0/7"],
    ],
    ["where one has none", { [STARTTLS]: [record("b")] }, ["starttls b:5222 10/1"]],
    [
      "where DNS fails for one",
      { [DIRECT]: new Error("SERVFAIL"), [STARTTLS]: [record("b")] },
      ["starttls b:5222 10/1"],
    ],
    [
      "where one says: not here",
      { [DIRECT]: [record("", 0)], [STARTTLS]: [record("b")] },
      ["starttls b:5222 10/1"],
    ],
    ["where there are none at all", {}, []],
  ])("%s", async (_how, answers, endpoints) => {
    const { result, asked } = await found(answers);
    expect(asked).toEqual([DIRECT, STARTTLS]);
    const list = result.status === "fulfilled" ? result.value : [];
    expect(result.status).toBe("fulfilled");
    expect(
      list.map(
        ({ tls, host, port, priority, weight }) => `${tls} ${host}:${port} ${priority}/${weight}`,
      ),
    ).toEqual(endpoints);
  });
});

describe("a lookup ends in LOOKUP_FAILED", () => {
  test.each<[string, Readonly<Record<string, SrvRecord[] | Error>>, boolean]>([
    [
      "where both say: not here",
      { [DIRECT]: [record(".", 0)], [STARTTLS]: [record("", 0)] },
      false,
    ],
    ["where all there is says: not here", { [STARTTLS]: [record(".", 0)] }, false],
    [
      "where DNS fails",
      { [DIRECT]: new Error("SERVFAIL"), [STARTTLS]: new Error("SERVFAIL") },
      true,
    ],
    ["where DNS fails for one, and the other has none", { [DIRECT]: new Error("SERVFAIL") }, true],
  ])("%s", async (_why, answers, retryable) => {
    const { result } = await found(answers);
    const reason: unknown = result.status === "rejected" ? result.reason : undefined;
    expect(isBrokerError(reason) && [reason.code, reason.retryable]).toEqual([
      "LOOKUP_FAILED",
      retryable,
    ]);
  });
});

describe("DNS is asked", () => {
  test.each([
    ["in A-labels", "Bücher.example.", ["xn--bcher-kva.example"]],
    ["for no IPv4 address", "127.0.0.1", []],
    ["for no IPv6 address", "::1", []],
    ["not for this machine", "localhost", []],
    ["not for a name of this machine", "chat.LOCALHOST", []],
  ])("%s", async (_how, domain, names) => {
    const { asked, result } = await found({}, domain);
    const wanted = names.flatMap((name) => [
      `_xmpps-client._tcp.${name}`,
      `_xmpp-client._tcp.${name}`,
    ]);
    expect([asked, result]).toEqual([wanted, { status: "fulfilled", value: [] }]);
  });
});

type Answer = SrvRecord[] | Error | "mute";

/** A lookup in a DNS that answers after so many milliseconds, and the events of it. */
function slow(
  answers: Readonly<Record<string, readonly [after: number, answer: Answer]>>,
  policy?: TlsPolicy,
) {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const events: string[] = [];
  const givenUp: string[] = [];
  const srv = (name: string, signal: AbortSignal): Promise<readonly SrvRecord[]> => {
    const [after, answer] = answers[name] ?? [0, []];
    signal.addEventListener("abort", () => {
      givenUp.push(name);
    });
    return new Promise((resolve, reject) => {
      if (answer === "mute") return;
      clock.after(after, () => {
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
    });
  };
  let result: string | undefined;
  srvLookup({ dns: { srv }, clock })("example.org", {
    signal: abort.signal,
    policy,
    report(event, { name, error, milliseconds }) {
      events.push(`${event} ${name} ${error.code} at ${milliseconds}`);
    },
  }).then(
    (list) => {
      result = list.map(({ host }) => host).join(" ");
    },
    (error: unknown) => {
      result = isBrokerError(error) ? error.code : String(error);
    },
  );
  return { clock, abort, events, givenUp, result: () => result };
}

describe("one service has answered, and the other", () => {
  test.each<
    [
      string,
      Readonly<Record<string, readonly [number, Answer]>>,
      TlsPolicy | undefined,
      number,
      string,
      string[],
    ]
  >([
    [
      "is mute: a second is enough",
      { [DIRECT]: [0, "mute"], [STARTTLS]: [20, [record("b")]] },
      undefined,
      1_020,
      "b",
      [`lookup:failure ${DIRECT} LOOKUP_FAILED at 1020`],
    ],
    [
      "is slow: it counts within a second",
      { [DIRECT]: [20, [record("a")]], [STARTTLS]: [1_019, [record("b")]] },
      undefined,
      1_019,
      "a b",
      [],
    ],
    [
      "fails: that is told, and nothing is waited for",
      { [DIRECT]: [20, new Error("SERVFAIL")], [STARTTLS]: [30, [record("b")]] },
      undefined,
      30,
      "b",
      [`lookup:failure ${DIRECT} LOOKUP_FAILED at 20`],
    ],
    [
      "is waited for where the answer has no records",
      { [DIRECT]: [0, []], [STARTTLS]: [5_000, [record("b")]] },
      undefined,
      5_000,
      "b",
      [],
    ],
    [
      "is waited for where the answer says: not here",
      { [DIRECT]: [0, [record(".", 0)]], [STARTTLS]: [5_000, [record("b")]] },
      undefined,
      5_000,
      "b",
      [],
    ],
    [
      "is waited for where no record is of use",
      { [DIRECT]: [0, [record("a", 0), record("a b")]], [STARTTLS]: [5_000, [record("c")]] },
      undefined,
      5_000,
      "a a b c",
      [],
    ],
    [
      "is waited for where the policy forbids the first",
      { [DIRECT]: [5_000, [record("a")]], [STARTTLS]: [0, [record("b")]] },
      "direct",
      5_000,
      "a b",
      [],
    ],
    [
      "is waited for where TLS is forbidden",
      { [DIRECT]: [0, [record("a")]], [STARTTLS]: [5_000, [record("b")]] },
      "plaintext",
      5_000,
      "a b",
      [],
    ],
  ])("%s", async (_how, answers, policy, milliseconds, hosts, told) => {
    const { clock, events, result } = slow(answers, policy);
    await clock.pass(milliseconds - 1);
    expect(result()).toBeUndefined();
    await clock.pass(1);
    expect([result(), events, clock.timers]).toEqual([hosts, told, 0]);
  });

  test("is given up with the wait for it", async () => {
    const { clock, givenUp } = slow({ [DIRECT]: [0, "mute"], [STARTTLS]: [0, [record("b")]] });
    await clock.pass(999);
    expect(givenUp).toEqual([]);
    await clock.pass(1);
    expect(givenUp).toContain(DIRECT);
  });

  test("is given up with the search", async () => {
    const { clock, abort, givenUp } = slow({ [DIRECT]: [0, "mute"], [STARTTLS]: [0, "mute"] });
    await clock.pass(10);
    abort.abort();
    expect(givenUp).toEqual([DIRECT, STARTTLS]);
  });
});
