import { describe, expect, test } from "vitest";
import type { Lookup } from "../../src/lookup/endpoint.ts";
import { settled } from "../virtual-clock.ts";
import { codeOf } from "./line.ts";
import { opens, outage } from "./outage.ts";

const lookup: Lookup = () =>
  Promise.resolve([
    { host: "a.example", port: 1, tls: "starttls", priority: 0, weight: 0 },
    { host: "b.example", port: 2, tls: "starttls", priority: 1, weight: 0 },
  ]);

/** How many promises settle between the report of a failed endpoint and the call. */
const DELAYS = [0, 1, 2, 3, 4];

const CASES = [false, true].flatMap((reconnect) =>
  DELAYS.map((delay) => [delay, reconnect] as const),
);

/** A broker whose first endpoint refuses it, and the result of a call soon after that was told. */
async function called(
  call: "halt" | "shutdown" | "reconnect" | "connect",
  [delay, reconnect]: (typeof CASES)[number],
) {
  const made = outage(["refused", opens()], { reconnect, lookup });
  const { broker } = made;
  const connected = codeOf(broker.connect());
  let result: Promise<unknown> | undefined;
  broker.on(
    "connect:failure",
    async () => {
      for (let turn = 0; turn < delay; turn++) await Promise.resolve();
      result = codeOf(Promise.resolve(broker[call]()));
    },
    { once: true },
  );
  await settled();
  expect(await result).toBe("resolved");
  return { made, connected };
}

describe("between two endpoints of one try", () => {
  test.each(CASES)("halt ends it (%i promises later, reconnect: %s)", async (...given) => {
    const { made, connected } = await called("halt", given);
    const { broker } = made;
    expect([broker.phase.name, await connected]).toEqual(["idle", "ABORTED"]);
    expect(await broker.closed).toBeUndefined();
    expect(made.clock.timers).toBe(0);
  });

  test.each(CASES)("shutdown ends it (%i promises later, reconnect: %s)", async (...given) => {
    const { made, connected } = await called("shutdown", given);
    const { broker } = made;
    expect([broker.phase.name, await connected]).toEqual(["idle", "ABORTED"]);
    expect(await broker.closed).toBeUndefined();
    expect(made.clock.timers).toBe(0);
  });

  test.each(CASES)(
    "reconnect begins a try (%i promises later, reconnect: %s)",
    async (...given) => {
      const { made } = await called("reconnect", given);
      const { broker } = made;
      expect(broker.phase.name).toBe("ready");
      expect(made.told).toContain("closing");
      broker.halt();
    },
  );

  test.each(CASES)(
    "connect has nothing to do (%i promises later, reconnect: %s)",
    async (...given) => {
      const { made } = await called("connect", given);
      const { broker } = made;
      expect([broker.phase.name, made.targets.length]).toEqual(["ready", 2]);
      broker.halt();
    },
  );
});

describe("the first of two endpoints that lets us in", () => {
  test("is the last of its try: its end is told, and the next try follows", async () => {
    const made = outage([opens()], { lookup }, 0);
    await made.broker.connect();
    made.server.cut();
    await made.clock.pass(1000);
    expect(made.told).toContain("try 1 in 0: DISCONNECTED");
    expect([made.broker.phase.name, made.targets.length]).toEqual(["ready", 2]);
    made.broker.halt();
  });

  test("ends the run where nothing follows", async () => {
    const made = outage([opens()], { lookup, reconnect: false }, 0);
    await made.broker.connect();
    made.server.cut();
    expect(await made.broker.closed).toMatchObject({ code: "DISCONNECTED" });
    expect([made.broker.phase.name, made.targets.length]).toEqual(["idle", 1]);
  });
});
