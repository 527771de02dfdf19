import { after, LONGEST } from "./timer.ts";

/** The time, and timers. It is an argument, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since some fixed moment. It never goes back, also when somebody sets the machine's clock. */
  now(): number;
  /** Milliseconds since the first of January 1970, UTC. It jumps when somebody sets the machine's clock. */
  wall(): number;
  /** Runs an action once after so many milliseconds. The function it returns cancels that. */
  after(milliseconds: number, action: () => void): () => void;
}

/** The machine's clock. Its timers never keep the process alive, and run for any length of time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(milliseconds, action) {
    if (milliseconds <= LONGEST) return after(milliseconds, action);
    let cancel = after(LONGEST, () => {
      cancel = systemClock.after(milliseconds - LONGEST, action);
    });
    return () => {
      cancel();
    };
  },
};
