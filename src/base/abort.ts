import { BrokerError } from "./errors.ts";

/** Takes nothing back; one function for all, since a closure for each would weigh on idle brokers. */
export function nothing(): void {}

/** What each signal calls when it is aborted, in the order it was asked for. */
const actions = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Runs an action when the signal is aborted, at once if it is already; calling what is returned takes it back.
 * However many actions share a signal, it has one listener: a signal given to a thousand filters is no leak,
 * and Node must not warn of one.
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

/** What somebody who waited gets when the caller gives up: `ABORTED`, with the signal's reason as its cause. */
export function aborted(signal: AbortSignal | undefined): BrokerError {
  const cause: unknown = signal?.reason;
  return new BrokerError("ABORTED", undefined, { cause });
}
