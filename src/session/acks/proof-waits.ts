import { quiet } from "../../base/deferred.ts";
import type { BrokerError } from "../../base/errors.ts";

interface Wait {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: BrokerError) => void;
}

/** The calls that wait until everything up to a place in the stream is proven. */
export class ProofWaits {
  #waits: Wait[] | undefined;

  /** True if none waits. */
  get isEmpty(): boolean {
    return this.#waits === undefined;
  }

  /** Resolves once so many bytes are proven. A caller that does not await it need not handle its rejection. */
  until(upTo: number): Promise<void> {
    return quiet(
      new Promise((resolve, reject) => {
        this.#waits ??= [];
        this.#waits.push({ upTo, resolve, reject });
      }),
    );
  }

  /** So many bytes are proven. */
  proven(to: number): void {
    const waits = this.#waits;
    if (waits === undefined) return;
    const left = waits.filter(({ upTo }) => upTo > to);
    this.#waits = left.length === 0 ? undefined : left;
    for (const { upTo, resolve } of waits) if (upTo <= to) resolve();
  }

  /** None of them will be proven. */
  fail(error: BrokerError): void {
    const waits = this.#waits;
    this.#waits = undefined;
    for (const { reject } of waits ?? []) reject(error);
  }
}
