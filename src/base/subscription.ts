import { nothing, onAbort } from "./abort.ts";

/** Undoes what returned it when called, or at the end of a `using` block; calling it again does nothing. */
export type Subscription = (() => void) & Disposable;

/** Makes a subscription of the function that undoes it; the function runs once at most, also by `signal`. */
export function subscription(undo: () => void, signal?: AbortSignal): Subscription {
  let left: (() => void) | undefined = undo;
  let ignoreSignal = nothing;
  const once = (): void => {
    const last = left;
    if (last === undefined) return;
    // What it would have undone is held no longer.
    left = undefined;
    ignoreSignal();
    last();
  };
  ignoreSignal = onAbort(signal, once);
  return Object.assign(once, { [Symbol.dispose]: once });
}
