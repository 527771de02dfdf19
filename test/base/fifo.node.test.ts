import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Fifo } from "../../src/base/fifo.ts";

/** Collects all garbage, as `node --expose-gc` lets a program do. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  setFlagsFromString("--no-expose-gc");
}

test("a member that was taken is held no more, while others wait", async () => {
  const queue = new Fifo<object>();
  const taken: WeakRef<object>[] = [];
  for (let number = 0; number < 80; number++) queue.push({ number });
  for (let number = 0; number < 30; number++) taken.push(new WeakRef(queue.shift() ?? {}));
  // A weak reference holds its object until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(taken.filter((member) => member.deref() !== undefined)).toEqual([]);
  expect(queue.size).toBe(50);
  expect(queue.front).toEqual({ number: 30 });
});
