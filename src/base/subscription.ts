/** Undoes what returned it when called, or at the end of a `using` block; calling it again does nothing. */
export type Subscription = (() => void) & Disposable;

/** Makes a subscription of the function that undoes it; the function runs once at most. */
export function subscription(undo: () => void, signal?: AbortSignal): Subscription {
  let undone = false;
  const once = (): void => {
    if (undone) return;
    undone = true;
    signal?.removeEventListener("abort", once);
    undo();
  };
  if (signal?.aborted) once();
  else signal?.addEventListener("abort", once, { once: true });
  return Object.assign(once, { [Symbol.dispose]: once });
}
