import { nothing, onAbort } from "./abort.ts";

/** A function that undoes the call that returned it; so does the end of a `using` block. A second call does nothing. */
export type Subscription = (() => void) & Disposable;

/** Makes a subscription from the function that undoes it. It runs once at most, also when the signal is aborted. */
export function subscription(undo: () => void, signal?: AbortSignal): Subscription {
  let left: (() => void) | undefined = undo;
  let ignoreSignal = nothing;
  const once = (): void => {
    const last = left;
    if (last === undefined) return;
    // Let go of the function, and of all that it holds.
    left = undefined;
    ignoreSignal();
    last();
  };
  ignoreSignal = onAbort(signal, once);
  return Object.assign(once, { [Symbol.dispose]: once });
}
