import { expect, test } from "vitest";
import { nextTurn, type Turns, turns } from "../../src/transport/turn.ts";

/** The ways of a runtime that has some of them, and what was done with them. */
function runtime(...names: (keyof Turns)[]) {
  const log: string[] = [];
  const pending: (() => void)[] = [];
  const all: Required<Turns> = {
    setImmediate: (action) => {
      log.push("setImmediate");
      pending.push(action);
    },
    MessageChannel: class {
      readonly port1: { onmessage: (() => void) | null } = { onmessage: null };
      readonly port2 = {
        postMessage: () => {
          pending.push(() => this.port1.onmessage?.());
        },
      };
      constructor() {
        log.push("MessageChannel");
      }
    },
    setTimeout: (action, milliseconds) => {
      log.push(`setTimeout ${milliseconds}`);
      pending.push(action);
    },
  };
  const some = Object.fromEntries(names.map((name) => [name, all[name]]));
  return {
    log,
    globals: some as unknown as Turns,
    run: () => {
      for (const action of pending.splice(0)) action();
    },
  };
}

test.each<[string, (keyof Turns)[], string[]]>([
  [
    "setImmediate",
    ["setImmediate", "MessageChannel", "setTimeout"],
    ["setImmediate", "setImmediate", "1", "2"],
  ],
  ["a message channel", ["MessageChannel", "setTimeout"], ["MessageChannel", "1", "2"]],
  ["a timer", ["setTimeout"], ["setTimeout 0", "setTimeout 0", "1", "2"]],
])("a turn comes by %s, and nothing is made before the first", (_way, names, expected) => {
  const { log, globals, run } = runtime(...names);
  const next = turns(globals);
  expect(log).toEqual([]);
  next(() => log.push("1"));
  next(() => log.push("2"));
  expect(log).not.toContain("1");
  run();
  expect(log).toEqual(expected);
});

test("this runtime has turns, in the order of the calls", async () => {
  const log: number[] = [];
  await new Promise<void>((resolve) => {
    nextTurn(() => log.push(1));
    nextTurn(() => {
      log.push(2);
      resolve();
    });
    log.push(0);
  });
  expect(log).toEqual([0, 1, 2]);
});
