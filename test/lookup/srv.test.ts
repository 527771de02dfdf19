import { describe, expect, test } from "vitest";
import { isBrokerError } from "../../src/base/errors.ts";
import type { SrvRecord } from "../../src/lookup/dns.ts";
import { srvLookup } from "../../src/lookup/srv.ts";

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
    srv(name) {
      asked.push(name);
      const answer = answers[name] ?? [];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
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
