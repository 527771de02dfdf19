import { expect, test, vi } from "vitest";
import { LONGEST, systemClock } from "../../src/base/clock.ts";

test.each([1000, LONGEST + 1])("a timer of %d ms does not keep the process alive", (time) => {
  using set = vi.spyOn(globalThis, "setTimeout");
  const cancel = systemClock.after(time, () => undefined);
  const [timer] = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
  cancel();
  expect(timer?.hasRef()).toBe(false);
});
