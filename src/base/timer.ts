import { nothing } from "./abort.ts";

/** The longest that a timer can run, in milliseconds: they count in 32 bits, and a longer wait would be none at all. */
export const LONGEST = 2 ** 31 - 1;

/** What `startTimer` gives: an object in Node, a number in browsers. */
export type Timer = object | number;

/**
 * A timer that never keeps the process alive by itself: only sockets do. What it calls is given its subject, so
 * that one that runs all the time needs no closure of its own.
 */
export function startTimer<T>(
  milliseconds: number,
  action: (subject: T) => void,
  subject: T,
): Timer {
  return unref(setTimeout(action, milliseconds, subject));
}

/** Clears one; that it has run, or that there is none, is no matter. */
export function stopTimer(timer: Timer | undefined): void {
  clearTimeout(timer as number | undefined);
}

/** The same with any action. Cleared by calling what it gives. */
export function after(milliseconds: number, action: () => void): () => void {
  const timer = unref(setTimeout(action, milliseconds));
  return () => {
    stopTimer(timer);
  };
}

function unref(timer: Timer): Timer {
  if (typeof timer === "object" && "unref" in timer) (timer as { unref(): void }).unref();
  return timer;
}

/** What becomes of the promise, or of `late` when that takes longer than so many milliseconds. */
export async function within<T, Late>(
  milliseconds: number,
  promise: Promise<T>,
  late: () => Late,
): Promise<T | Late> {
  let stop = nothing;
  const timeout = new Promise<void>((resolve) => {
    stop = after(milliseconds, resolve);
  });
  return await Promise.race([promise, timeout.then(late)]).finally(stop);
}
