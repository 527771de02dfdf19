import { BrokerError } from "./errors.ts";

/** Does nothing. All share this one function, since idle brokers must hold no closures. */
export function nothing(): void {}

/** The actions that each signal calls when it is aborted, in the order they were added. */
const actions = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Runs an action when the signal is aborted, at once if it already is. The function it returns takes
 * the action back. All actions of a signal share one listener, because Node warns of a leak where a
 * signal has many, and a thousand filters may have the same signal.
 */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return nothing;
  if (signal.aborted) {
    action();
    return nothing;
  }
  const shared = actions.get(signal) ?? listenTo(signal);
  const once = (): void => {
    action();
  };
  shared.add(once);
  return () => {
    shared.delete(once);
  };
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const shared = new Set<() => void>();
  actions.set(signal, shared);
  const listener = (): void => {
    actions.delete(signal);
    for (const action of [...shared]) action();
  };
  signal.addEventListener("abort", listener, { once: true });
  return shared;
}

/** Makes the error for a wait that the caller gave up: `ABORTED`, with the signal's reason as its cause. */
export function aborted(signal: AbortSignal | undefined): BrokerError {
  const cause: unknown = signal?.reason;
  return new BrokerError("ABORTED", undefined, { cause });
}

/** Makes the error for what the end of the broker, by the program's word, calls off: `ABORTED`. */
export function shutDown(): BrokerError {
  return new BrokerError("ABORTED", "the broker was shut down");
}
