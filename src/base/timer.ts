import { nothing } from "./abort.ts";

/** The longest that a timer can run, in milliseconds: they count in 32 bits, and a longer wait would be none at all. */
export const LONGEST = 2 ** 31 - 1;

/** A timer that never keeps the process alive by itself: only sockets do. Cleared by calling it. */
export function after(milliseconds: number, action: () => void): () => void {
  const timer: unknown = setTimeout(action, milliseconds);
  // Node's timer is an object that can be unref'ed, a browser's is a number.
  if (typeof timer === "object" && timer !== null && "unref" in timer) {
    (timer as { unref(): void }).unref();
  }
  return () => {
    clearTimeout(timer as number);
  };
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
