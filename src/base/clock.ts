/** Time as the broker sees it: an argument of the runtime, so that tests can hold it. */
export interface Clock {
  /** Milliseconds of a clock that nobody sets: for waits and ages. */
  now(): number;
  /** Milliseconds since 1970: for stamps that others read. */
  wall(): number;
  /** Runs an action once after so many milliseconds; calling the result cancels it. It never keeps the process alive. */
  after(milliseconds: number, action: () => void): () => void;
}

/** The longest wait of a timer, in milliseconds: timers count in 32 bits, and a longer wait would be none at all. */
export const LONGEST = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(milliseconds, action) {
    const timer: unknown = setTimeout(action, Math.min(Math.max(milliseconds, 0), LONGEST));
    // Node's timers are objects that keep the process alive; those of browsers are numbers.
    if (typeof timer === "object" && timer !== null && "unref" in timer) {
      (timer as { unref(): void }).unref();
    }
    return () => {
      clearTimeout(timer as number);
    };
  },
};

/** Settles as the promise does, or with the result of `late` after so many milliseconds. */
export async function within<T, Late>(
  clock: Clock,
  milliseconds: number,
  promise: Promise<T>,
  late: () => Late,
): Promise<T | Late> {
  let cancel: () => void = () => undefined;
  const timeout = new Promise<void>((resolve) => {
    cancel = clock.after(milliseconds, resolve);
  });
  return await Promise.race([promise, timeout.then(late)]).finally(() => {
    cancel();
  });
}
