import { describe, expect, test } from "vitest";
import { memoryPair } from "../src/transport/memory.ts";
import { settled, VirtualClock } from "./virtual-clock.ts";

/** A clock, and a function that sets a timer which writes down its name and the time. */
function scene() {
  const clock = new VirtualClock();
  const log: string[] = [];
  const set = (milliseconds: number, name: string, then?: () => void): (() => void) =>
    clock.after(milliseconds, () => {
      log.push(`${name} at ${clock.now()}`);
      then?.();
    });
  return { clock, log, set };
}

describe("a virtual clock", () => {
  test("stands still until it is moved", async () => {
    const { clock, log, set } = scene();
    set(0, "a");
    await settled();
    expect([clock.now(), log]).toEqual([0, []]);
    clock.advance(0);
    expect(log).toEqual(["a at 0"]);
  });

  test("runs an action with a wait of 0 in another turn than that in which it was set", async () => {
    const { clock, log, set } = scene();
    const again = (): void => void set(0, "soon");
    set(10, "first", again);
    set(20, "second");
    clock.advance(30);
    expect(log).toEqual(["first at 10", "second at 20"]);
    clock.advance(0);
    expect(log.splice(0)).toEqual(["first at 10", "second at 20", "soon at 30"]);
    set(10, "first", again);
    set(20, "second");
    await clock.pass(30);
    expect(log).toEqual(["first at 40", "soon at 40", "second at 50"]);
    expect(clock.now()).toBe(60);
  });

  test("runs the timers that become due in order, each at its own time", () => {
    const { clock, log, set } = scene();
    for (const [due, name] of [
      [30, "c"],
      [10, "a"],
      [20, "b1"],
      [20, "b2"],
      [31, "d"],
    ] as const) {
      set(due, name);
    }
    clock.advance(30);
    expect(log).toEqual(["a at 10", "b1 at 20", "b2 at 20", "c at 30"]);
    expect([clock.now(), clock.timers]).toEqual([30, 1]);
    clock.advance(1);
    expect(log.at(-1)).toBe("d at 31");
  });

  test("runs timers that timers set, if they become due", () => {
    const { clock, log, set } = scene();
    const tick = (): void => void set(10, "tick", tick);
    tick();
    clock.advance(35);
    expect(log).toEqual(["tick at 10", "tick at 20", "tick at 30"]);
    expect([clock.now(), clock.timers]).toEqual([35, 1]);
  });

  test("runs no timer that is cancelled, also by another that is due with it", () => {
    const { clock, log, set } = scene();
    set(10, "cancelled")();
    let cancel = (): void => undefined;
    set(20, "first", () => {
      cancel();
    });
    cancel = set(20, "second");
    clock.advance(100);
    cancel();
    expect([log, clock.timers]).toEqual([["first at 20"], 0]);
  });

  test("keeps going when a timer throws", () => {
    const { clock, log, set } = scene();
    set(10, "bad", () => {
      throw new TypeError("bad");
    });
    set(20, "good");
    expect(() => {
      clock.advance(30);
    }).toThrow("bad");
    clock.advance(20);
    expect(log).toEqual(["bad at 10", "good at 20"]);
  });

  test("has a wall clock that moves with it, and jumps without running a timer", () => {
    const { clock, log, set } = scene();
    const start = clock.wall();
    expect(new Date(start).toISOString()).toBe("2026-01-01T00:00:00.000Z");
    set(10, "a");
    clock.jump(3_600_000);
    expect([clock.now(), clock.wall() - start, log]).toEqual([0, 3_600_000, []]);
    clock.jump(-7_200_000);
    clock.advance(10);
    expect([clock.wall() - start, log]).toEqual([-3_599_990, ["a at 10"]]);
  });

  test("lets promises settle between timers when it passes", async () => {
    const { clock, log, set } = scene();
    const wait = (milliseconds: number) =>
      new Promise<void>((resolve) => {
        set(milliseconds, `${milliseconds}`, resolve);
      });
    const done = (async () => {
      for (const milliseconds of [10, 20, 30]) await wait(milliseconds);
    })();
    set(55, "another");
    clock.advance(10);
    await clock.pass(50);
    await done;
    expect(log).toEqual(["10 at 10", "20 at 30", "another at 55", "30 at 60"]);
  });
});

test("what waits to be settled at the same time is so in order", async () => {
  const log: string[] = [];
  const wait = async (turns: number): Promise<void> => {
    await settled(turns);
    log.push(String(turns));
  };
  await Promise.all([wait(30), wait(10), wait(20)]);
  expect(log).toEqual(["10", "20", "30"]);
});

test("settled lets a conversation in memory come to its end", async () => {
  const [left, right] = memoryPair({ cut: 1 });
  const log: string[] = [];
  const events = (name: string, answer: (text: string) => void) => ({
    data: (bytes: Uint8Array) => {
      const text = new TextDecoder().decode(bytes);
      log.push(name + text);
      answer(text);
    },
    leaving: () => undefined,
    taken: () => undefined,
    end: () => undefined,
    close: () => undefined,
  });
  left.start(
    events("L", (text) => {
      if (text < "9") left.write(String(Number(text) + 1));
    }),
  );
  right.start(
    events("R", (text) => {
      void Promise.resolve(text).then(right.write.bind(right));
    }),
  );
  left.write("0");
  await settled();
  expect(log.join(" ")).toBe("R0 L0 R1 L1 R2 L2 R3 L3 R4 L4 R5 L5 R6 L6 R7 L7 R8 L8 R9 L9");
});
