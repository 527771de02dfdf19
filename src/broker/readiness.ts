import { nothing } from "../base/abort.ts";
import { type Deferred, deferred, quiet } from "../base/deferred.ts";
import type { Ready } from "../contract/events.ts";

/** The promise of `connect`: of the `ready` in force or, if there is none, of the next one. */
export class Readiness {
  #coming = readiness();
  #isTold = false;

  get promise(): Promise<Ready> {
    return this.#coming.promise;
  }

  /** True if the broker became ready. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** The broker is ready. */
  tell(ready: Ready): void {
    this.#isTold = true;
    const { promise, resolve } = this.#coming;
    // The functions that settled it are let go, since a broker may be ready for months.
    this.#coming = { promise, resolve: nothing, reject: nothing };
    resolve(ready);
  }

  /** It does not become ready. A `ready` that was told stays. */
  fail(error: unknown): void {
    this.#coming.reject(error);
  }

  /** How to fail the coming one, also when another one has taken its place. */
  get failing(): (error: unknown) => void {
    return this.#coming.reject;
  }

  /** Once a `ready` was told, another one is to come. */
  renew(): void {
    if (!this.#isTold) return;
    this.#coming = readiness();
    this.#isTold = false;
  }

  /** The coming one fails, and another one is to come. */
  replace(error: unknown): void {
    this.fail(error);
    this.#coming = readiness();
    this.#isTold = false;
  }
}

/** A caller that does not await `connect` must not end the process. */
function readiness(): Deferred<Ready> {
  const ready = deferred<Ready>();
  void quiet(ready.promise);
  return ready;
}
