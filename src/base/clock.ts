/** Time as the broker sees it: an argument of the runtime, so that tests can hold it. */
export interface Clock {
  /** Milliseconds since some fixed moment. It never goes back, also when somebody sets the machine's clock. */
  now(): number;
  /** Milliseconds since 1970. It jumps when somebody sets the machine's clock. */
  wall(): number;
  /**
   * Runs an action once after so many milliseconds. The function it returns cancels that. With `keepsAlive` the
   * process does not end before that.
   */
  after(milliseconds: number, action: () => void, keepsAlive?: boolean): () => void;
}

/** A moment of `now()` by the clock on the wall, in whole milliseconds since 1970. */
export function onTheWall(clock: Clock, moment: number): number {
  return Math.round(clock.wall() + moment - clock.now());
}

/** The longest wait of one timer, in milliseconds. Timers count in 32 bits; a longer wait would end at once. */
export const LONGEST = 2 ** 31 - 1;

/** The machine's clock. Its timers run for any length of time, and keep the process alive only where asked to. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(milliseconds, action, keepsAlive = false) {
    if (milliseconds > LONGEST) {
      const next = (): void => {
        cancel = systemClock.after(milliseconds - LONGEST, action, keepsAlive);
      };
      let cancel = systemClock.after(LONGEST, next, keepsAlive);
      return () => {
        cancel();
      };
    }
    const timer: unknown = setTimeout(action, milliseconds);
    // Node's timers are objects that keep the process alive; those of browsers are numbers.
    if (!keepsAlive && typeof timer === "object" && timer !== null && "unref" in timer) {
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
