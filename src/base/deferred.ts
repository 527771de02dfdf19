import { nothing } from "./abort.ts";

/** A promise, and the functions that settle it (`Promise.withResolvers` is not on Node 20). */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes a promise that others settle. */
export function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] = nothing;
  let reject: Deferred<T>["reject"] = nothing;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** A value that becomes known later. Its promise is made only when it is asked for. */
export class Outcome<T> {
  #value: T | undefined;
  #isKnown = false;
  #deferred: Deferred<T | undefined> | undefined;

  /** Resolves with the value once it is known; the same promise each time. */
  get promise(): Promise<T | undefined> {
    if (this.#deferred === undefined) {
      this.#deferred = deferred();
      if (this.#isKnown) this.#deferred.resolve(this.#value);
    }
    return this.#deferred.promise;
  }

  /** Makes the value known. Only the first call counts. */
  settle(value: T | undefined): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#value = value;
    this.#deferred?.resolve(value);
  }
}

/** The same promise; if nobody awaits it, its rejection does not end the process. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(nothing);
  return promise;
}
