import { expect, test } from "vitest";
import type { DeliveryState } from "../../../src/contract/delivery.ts";
import { Ledger, type Verdict } from "../../../src/testing/ledger/ledger.ts";

/** A history: `send a acked`, `arrive a`, one a line. */
function judged(history: string): Verdict {
  const ledger = new Ledger();
  for (const line of history.trim().split(/\s*;\s*/)) {
    const [verb, key = "", state] = line.split(" ");
    if (verb === "arrive") ledger.arrived(key);
    else ledger.sent(key, { state: state as DeliveryState });
  }
  return ledger.verdict();
}

const ALL = ["falseAcked", "falseFailed", "doubled", "outOfOrder", "notFinal", "foreign"] as const;

test.each<[string, Partial<Verdict>]>([
  ["send a acked; arrive a", { arrived: 1, lost: 0 }],
  ["send a unknown", { lost: 1 }],
  ["send a unknown; arrive a", { arrived: 1 }],
  ["send a failed; send b expired", { lost: 0, arrived: 0 }],
  ["send a acked; send b failed; send c acked; arrive a; arrive c", { arrived: 2 }],
  ["send a acked; send b unknown; send c acked; arrive a; arrive c", { arrived: 2, lost: 1 }],
])("'%s' keeps every rule", (history, facts) => {
  const verdict = judged(history);
  expect(verdict).toMatchObject({ ...facts, isTrue: true });
  for (const rule of ALL) expect([verdict[rule], verdict.broken[rule]]).toEqual([0, []]);
});

test.each<[string, Partial<Record<(typeof ALL)[number], string[]>>]>([
  ["send a acked", { falseAcked: ["a"] }],
  ["send a failed; arrive a", { falseFailed: ["a"] }],
  ["send a expired; arrive a", { falseFailed: ["a"] }],
  ["send a acked; arrive a; arrive a", { doubled: ["a"] }],
  ["send a unknown; arrive a; arrive a; arrive a", { doubled: ["a"] }],
  ["send a acked; send b acked; arrive b; arrive a", { outOfOrder: ["a"] }],
  [
    "send a acked; send b acked; send c acked; arrive c; arrive a; arrive b",
    { outOfOrder: ["a", "b"] },
  ],
  ["send a acked; send b acked; arrive a; arrive b; arrive a", { doubled: ["a"] }],
  ["send a queued; send b written; arrive b", { notFinal: ["a", "b"] }],
  ["arrive x; send a acked; arrive a", { foreign: ["x"] }],
  [
    "send a acked; send b failed; send c written; send d acked; arrive d; arrive c; arrive b; arrive d; arrive e",
    {
      falseAcked: ["a"],
      falseFailed: ["b"],
      doubled: ["d"],
      outOfOrder: ["b", "c"],
      notFinal: ["c"],
      foreign: ["e"],
    },
  ],
])("'%s' breaks %j", (history, broken) => {
  const verdict = judged(history);
  for (const rule of ALL) {
    expect(verdict.broken[rule], rule).toEqual(broken[rule] ?? []);
    expect(verdict[rule], rule).toBe(broken[rule]?.length ?? 0);
  }
  expect(verdict.isTrue).toBe(false);
});

test("the deliveries are read when the verdict is asked for", () => {
  const ledger = new Ledger();
  const delivery = { state: "queued" as DeliveryState };
  ledger.sent("a", delivery);
  ledger.sent("a", delivery);
  expect(ledger.verdict()).toMatchObject({ sent: 1, notFinal: 1 });
  delivery.state = "acked";
  ledger.arrived("a");
  expect(ledger.verdict()).toMatchObject({
    sent: 1,
    isTrue: true,
    states: { acked: 1, queued: 0 },
  });
});

test("an arrival may be entered before its delivery", () => {
  const ledger = new Ledger();
  ledger.arrived("a");
  ledger.arrived("a");
  ledger.arrived(undefined);
  expect(ledger.verdict().foreign).toBe(2);
  ledger.sent("a", { state: "acked" });
  expect(ledger.verdict()).toMatchObject({ arrived: 1, doubled: 1, foreign: 1 });
});

test("a key names one delivery", () => {
  const ledger = new Ledger();
  ledger.sent("a", { state: "acked" });
  expect(() => {
    ledger.sent("a", { state: "acked" });
  }).toThrow(expect.objectContaining({ code: "BAD_OPTION" }) as Error);
});

test("a verdict counts all keys that break a rule, and names twenty", () => {
  const verdict = judged(Array.from({ length: 30 }, (_, n) => `send ${n} acked`).join(";"));
  expect(verdict.falseAcked).toBe(30);
  expect(verdict.broken.falseAcked).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
});
