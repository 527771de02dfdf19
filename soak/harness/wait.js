import { setTimeout as sleep } from "node:timers/promises";

/** How long a condition may take, in milliseconds. It only ends a run that hangs. */
const LONGEST = 120_000;

export { sleep };

/** Waits until the condition is true. Rejects after two minutes, and says what was waited for. */
export async function until(what, condition, every = 5) {
  const end = Date.now() + LONGEST;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within two minutes: ${what}`);
    await sleep(every);
  }
}

/** Waits until a number has not changed for a while (`quiet` ms). */
export async function untilQuiet(number, quiet = 400) {
  let last = Number.NaN;
  let since = Date.now();
  await until("silence", async () => {
    const now = await number();
    if (now !== last) since = Date.now();
    last = now;
    return Date.now() - since >= quiet;
  });
}
