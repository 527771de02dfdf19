import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LONGEST, systemClock } from "../../src/base/clock.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("the system's clock counts milliseconds, and its wall clock those since 1970", () => {
  vi.setSystemTime("2026-11-26T12:00:00Z");
  expect(systemClock.wall()).toBe(Date.UTC(2026, 10, 26, 12));
  const start = systemClock.now();
  vi.advanceTimersByTime(1500);
  expect(systemClock.now() - start).toBe(1500);
  expect(systemClock.wall()).toBe(Date.UTC(2026, 10, 26, 12, 0, 1, 500));
  vi.setSystemTime("2026-11-26T11:00:00Z");
  expect(systemClock.now() - start).toBe(1500);
});

test.each([0, 1, 1000, LONGEST, LONGEST + 1, 2.5 * LONGEST])(
  "an action runs once after %d ms, and not when it is cancelled",
  (milliseconds) => {
    const [action, cancelled] = [vi.fn(), vi.fn()];
    systemClock.after(milliseconds, action);
    const cancel = systemClock.after(milliseconds, cancelled);
    if (milliseconds > 0) {
      vi.advanceTimersByTime(milliseconds - 1);
      expect(action).not.toHaveBeenCalled();
    }
    cancel();
    vi.advanceTimersByTime(1);
    expect(action).toHaveBeenCalledOnce();
    cancel();
    vi.advanceTimersByTime(milliseconds);
    expect([action.mock.calls.length, cancelled.mock.calls.length]).toEqual([1, 0]);
    expect(vi.getTimerCount()).toBe(0);
  },
);
