import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/base/error-codes.ts";
import { BrokerError } from "../../src/base/errors.ts";
import { Backoff, type Verdict } from "../../src/broker/backoff.ts";
import { POLICY, rowFor } from "../../src/broker/reconnect-policy.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import { StreamError } from "../../src/stream/stream-error.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** Chance at its worst: each wait is as long as its bound. */
const longest = { random: (length: number) => new Uint8Array(length).fill(255) };
const shortest = { random: (length: number) => new Uint8Array(length) };

const TIMES = { base: 500, cap: 60_000, stable: 60_000 };

const passing = (code: ErrorCode) => new BrokerError(code, "", { retryable: true });
const lasting = (code: ErrorCode) => new BrokerError(code);
const stream = (condition: string) => new StreamError(condition);

function shown({ kind, delay }: Verdict): string | number {
  return kind === "wait" ? delay : kind;
}

/** The courses for three such ends in a row, in a run that was ready before or never was. */
function courses(error: BrokerError, at: "login" | "ready", wasReady: boolean, times = TIMES) {
  const clock = new VirtualClock();
  const backoff = new Backoff(times, clock, longest);
  if (wasReady) {
    backoff.ready();
    clock.advance(60_000);
    if (at === "login") backoff.ended(passing("DISCONNECTED"));
  }
  return [1, 2, 3]
    .map(() => {
      if (at === "ready") backoff.ready();
      return shown(backoff.ended(error));
    })
    .join(" ");
}

const USUAL = "500 1000 2000";
const LATER = "1000 2000 4000";
const SELDOM = "8000 16000 300000";
const STOP = "stop stop stop";

/** An end, where it comes, and the courses in a run that was never ready (so far as there is one), and in another. */
const ENDS: [string, BrokerError, "login" | "ready", string | undefined, string][] = [
  ...(["DISCONNECTED", "SOCKET_DEAD"] as const).map((code): (typeof ENDS)[number] => [
    code,
    passing(code),
    "ready",
    undefined,
    USUAL,
  ]),
  ["DISCONNECTED", passing("DISCONNECTED"), "login", USUAL, LATER],
  ...(["CONNECT_FAILED", "LOOKUP_FAILED", "TLS_FAILED"] as const).map(
    (code): (typeof ENDS)[number] => [`${code} that passes`, passing(code), "login", USUAL, LATER],
  ),
  ...(
    ["TIMEOUT_CONNECT", "TIMEOUT_TLS", "TIMEOUT_STREAM", "TIMEOUT_AUTH", "TIMEOUT_BIND"] as const
  ).map((code): (typeof ENDS)[number] => [code, passing(code), "login", USUAL, LATER]),
  ...[
    ...["system-shutdown", "reset", "connection-timeout", "internal-server-error"],
    ...["undefined-condition", "remote-connection-failed", "unheard-of"],
  ].flatMap((condition): (typeof ENDS)[number][] => [
    [condition, stream(condition), "login", USUAL, LATER],
    [condition, stream(condition), "ready", undefined, USUAL],
  ]),
  ...["policy-violation", "resource-constraint"].flatMap((condition): (typeof ENDS)[number][] => [
    [condition, stream(condition), "login", "4000 8000 16000", "8000 16000 32000"],
    [condition, stream(condition), "ready", undefined, "4000 8000 16000"],
  ]),
  [
    "see-other-host",
    stream("see-other-host"),
    "login",
    "follow follow follow",
    "follow follow follow",
  ],
  ["see-other-host", stream("see-other-host"), "ready", undefined, "follow follow follow"],
  ["conflict", stream("conflict"), "login", USUAL, LATER],
  ["conflict", stream("conflict"), "ready", undefined, STOP],
  ...(["BIND_FAILED", "SESSION_FAILED"] as const).flatMap((code): (typeof ENDS)[number][] => [
    [`${code} that passes`, passing(code), "login", USUAL, LATER],
    [code, lasting(code), "login", STOP, SELDOM],
  ]),
  [
    "a failure of authentication that passes",
    new AuthError("SCRAM-SHA-1", { condition: "temporary-auth-failure" }),
    "login",
    USUAL,
    LATER,
  ],
  [
    "a password function that throws",
    new AuthError("PLAIN", { retryable: true }),
    "login",
    USUAL,
    LATER,
  ],
  [
    "AUTH_FAILED",
    new AuthError("PLAIN", { condition: "not-authorized" }),
    "login",
    STOP,
    "30000 stop stop",
  ],
  ["NO_MECHANISM", lasting("NO_MECHANISM"), "login", STOP, "30000 stop stop"],
  ["not-authorized", stream("not-authorized"), "ready", undefined, "30000 stop stop"],
  ...(
    [
      ...(["NOT_WELL_FORMED", "RESTRICTED_XML", "BAD_NAMESPACE_PREFIX", "INVALID_XML"] as const),
      ...(["UNSUPPORTED_ENCODING", "POLICY_VIOLATION"] as const),
    ] as const
  ).flatMap((code): (typeof ENDS)[number][] => [
    [code, lasting(code), "login", STOP, SELDOM],
    [code, passing(code), "ready", undefined, "500 1000 300000"],
  ]),
  ...[
    ...["bad-format", "bad-namespace-prefix", "improper-addressing", "invalid-from", "invalid-id"],
    ...["invalid-namespace", "invalid-xml", "not-well-formed", "restricted-xml"],
    ...["unsupported-encoding", "unsupported-stanza-type", "xml-not-well-formed"],
  ].flatMap((condition): (typeof ENDS)[number][] => [
    [condition, stream(condition), "login", STOP, SELDOM],
    [condition, stream(condition), "ready", undefined, "500 1000 300000"],
  ]),
  ...["unsupported-feature", "unsupported-version"].flatMap(
    (condition): (typeof ENDS)[number][] => [
      [condition, stream(condition), "login", STOP, SELDOM],
      [condition, stream(condition), "ready", undefined, USUAL],
    ],
  ),
  ["host-unknown", stream("host-unknown"), "login", STOP, SELDOM],
  ["host-unknown", stream("host-unknown"), "ready", undefined, "4000 8000 300000"],
  ["host-gone", stream("host-gone"), "login", USUAL, LATER],
  ["host-gone", stream("host-gone"), "ready", undefined, USUAL],
  ...(
    [
      ...(["TLS_FAILED", "LOOKUP_FAILED", "TLS_REQUIRED", "TLS_UNAVAILABLE"] as const),
      ...(["PROTOCOL_ERROR", "DOWNGRADE"] as const),
    ] as const
  ).map((code): (typeof ENDS)[number] => [code, lasting(code), "login", STOP, SELDOM]),
  ["BAD_OPTION", lasting("BAD_OPTION"), "login", STOP, STOP],
  ["CONNECT_FAILED that lasts", lasting("CONNECT_FAILED"), "login", STOP, LATER],
  ["HANDLER_FAILED", lasting("HANDLER_FAILED"), "login", STOP, LATER],
  ["HANDLER_FAILED", lasting("HANDLER_FAILED"), "ready", undefined, USUAL],
  ["another code that passes", passing("NOT_ROUTED"), "login", USUAL, LATER],
  ["another code", lasting("TOO_LARGE"), "login", STOP, SELDOM],
];

describe("the policy", () => {
  test.each(ENDS.filter(([, , , before]) => before !== undefined))(
    "for %s, in a run that was never ready",
    (_, error, at, before) => {
      expect(courses(error, at, false)).toBe(before);
    },
  );

  test.each(ENDS)("for %s, in a run that was ready before: at %3$s", (_, error, at, __, after) => {
    expect(courses(error, at, true)).toBe(after);
  });

  test("has no row that no end fits", () => {
    const used = new Set(
      ENDS.flatMap(([, error, at]) => [
        rowFor(error, at),
        rowFor(error, at, 0),
        rowFor(error, "resume"),
      ]),
    );
    expect(POLICY.filter((row) => !used.has(row))).toEqual([]);
  });

  test("lets nothing that passes stop a run that was ready", () => {
    for (const [name, error, at] of ENDS) {
      if (!error.retryable) continue;
      expect(`${name}: ${courses(error, at, true)}`).not.toContain("stop");
    }
  });
});

describe("waits", () => {
  const cut = passing("DISCONNECTED");

  test("double up to the cap", () => {
    const backoff = new Backoff({ ...TIMES, cap: 5000 }, new VirtualClock(), longest);
    const waits = Array.from({ length: 60 }, () => backoff.ended(passing("CONNECT_FAILED")).delay);
    expect(waits.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    expect(waits.at(-1)).toBe(5000);
  });

  test("are random, from nothing to their bound", () => {
    expect(new Backoff(TIMES, new VirtualClock(), shortest).ended(cut).delay).toBe(0);
    expect(new Backoff(TIMES, new VirtualClock(), longest).ended(cut).delay).toBe(500);
  });

  test("of a fixed length are a fifth shorter at most", () => {
    const backoff = new Backoff(TIMES, new VirtualClock(), shortest);
    backoff.ready();
    const waits = [1, 2, 3].map(() => backoff.ended(stream("host-unknown")).delay);
    expect(waits).toEqual([0, 0, 240_000]);
  });

  test("after a cut begin within a second, whatever the base", () => {
    expect(courses(cut, "ready", true, { ...TIMES, base: 20_000 })).toBe("1000 40000 60000");
  });

  test("for a name in use stay below 30 s", () => {
    const backoff = new Backoff(TIMES, new VirtualClock(), longest);
    const waits = Array.from({ length: 9 }, () => backoff.ended(stream("conflict")).delay);
    expect(waits.at(-1)).toBe(30_000);
  });

  test.each([
    ["long after the end before it", 60_000, [undefined]],
    [
      "soon after it, where an older login of ours may have been read late",
      59_999,
      [1000, 2000, undefined],
    ],
  ])("for a name that is taken %s", (_, wait, expected) => {
    const clock = new VirtualClock();
    const backoff = new Backoff({ ...TIMES, stable: 600_000 }, clock, longest);
    backoff.ready();
    backoff.ended(cut);
    const delays = expected.map(() => {
      clock.advance(wait);
      backoff.ready();
      const { kind, delay } = backoff.ended(stream("conflict"));
      return kind === "stop" ? undefined : delay;
    });
    expect(delays).toEqual(expected);
  });

  test("begin anew once the broker was ready for long enough", () => {
    const clock = new VirtualClock();
    const backoff = new Backoff(TIMES, clock, longest);
    const waits = [59_999, 59_999, 60_000, 59_999].map((wait) => {
      backoff.ready();
      clock.advance(wait);
      return backoff.ended(cut).delay;
    });
    expect(waits).toEqual([500, 1000, 500, 1000]);
  });

  test("follow after three redirections in a row, and then three are followed again", () => {
    const backoff = new Backoff(TIMES, new VirtualClock(), longest);
    const redirected = () => shown(backoff.ended(stream("see-other-host")));
    const verdicts = Array.from({ length: 8 }, redirected);
    const follow = ["follow", "follow", "follow"];
    expect(verdicts).toEqual([...follow, 4000, ...follow, 60_000]);
    redirected();
    backoff.ended(cut);
    expect([redirected(), redirected(), redirected()]).toEqual(follow);
  });

  test("grow rare after three streams within ten minutes that broke the rules, and not after old ones", () => {
    const clock = new VirtualClock();
    const backoff = new Backoff({ ...TIMES, stable: 1000 }, clock, longest);
    const waits = [0, 299_999, 299_999, 299_999, 400_000].map((wait) => {
      clock.advance(wait);
      backoff.ready();
      return backoff.ended(lasting("NOT_WELL_FORMED")).delay;
    });
    expect(waits).toEqual([500, 1000, 300_000, 300_000, 8000]);
  });

  test("follow credentials that fail, once something else came between", () => {
    const backoff = new Backoff(TIMES, new VirtualClock(), longest);
    backoff.ready();
    const ends = [cut, lasting("AUTH_FAILED"), cut, lasting("AUTH_FAILED"), lasting("AUTH_FAILED")];
    expect(ends.map((error) => shown(backoff.ended(error)))).toEqual([
      500,
      30_000,
      2000,
      30_000,
      "stop",
    ]);
  });
});

test.each([
  ["a cut", passing("DISCONNECTED"), true],
  ["XML that broke the rules", lasting("NOT_WELL_FORMED"), false],
  ["our own XML that broke the rules", stream("not-well-formed"), false],
  ["a conflict", stream("conflict"), false],
])("after %s the old session may be resumed: %3$s", (_, error, mayResume) => {
  const backoff = new Backoff(TIMES, new VirtualClock(), longest);
  backoff.ready();
  expect(backoff.ended(error).mayResume).toBe(mayResume);
});
