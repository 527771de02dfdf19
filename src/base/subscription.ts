import { onAbort } from "./abort.ts";

/** Undoes what returned it when called, or at the end of a `using` block; calling it again does nothing. */
export type Subscription = (() => void) & Disposable;

/** Makes a subscription of the function that undoes it; the function runs once at most, also by `signal`. */
export function subscription(undo: () => void, signal?: AbortSignal): Subscription {
  let undone = false;
  let ignoreSignal: () => void = () => undefined;
  const once = (): void => {
    if (undone) return;
    undone = true;
    ignoreSignal();
    undo();
  };
  ignoreSignal = onAbort(signal, once);
  return Object.assign(once, { [Symbol.dispose]: once });
}
