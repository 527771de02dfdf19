import { aborted, onAbort } from "../../base/abort.ts";
import { deferred } from "../../base/deferred.ts";

/** Starts the derivations that wait for their turn, the oldest first. */
const waiting = new Set<() => void>();
let isBusy = false;

/**
 * Derives a key when no other derivation of this process runs. A server chooses how long a derivation
 * keeps a core busy, so several servers together must not take all cores, nor all threads of a pool.
 * Each login waits for one turn at most, until its signal is aborted: then this rejects with `ABORTED`.
 * A derivation that runs cannot be stopped. (The signal is read only by a login that has to wait.)
 */
export async function derive<Key>(
  derivation: () => Promise<Key>,
  login: { readonly signal: AbortSignal },
): Promise<Key> {
  if (isBusy) await turn(login.signal);
  isBusy = true;
  try {
    return await derivation();
  } finally {
    const [next] = waiting;
    isBusy = next !== undefined;
    next?.();
  }
}

function turn(signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = deferred<undefined>();
  const start = (): void => {
    waiting.delete(start);
    ignoreSignal();
    resolve(undefined);
  };
  waiting.add(start);
  const ignoreSignal = onAbort(signal, () => {
    waiting.delete(start);
    reject(aborted(signal));
  });
  return promise;
}
