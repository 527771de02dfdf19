import { CASES, type StorePlace } from "./conformance-cases.ts";

/** One case of the conformance test: a name, and a function that rejects where the store is unfit. */
export interface StoreCase {
  /** The fact that it shows, as a sentence. */
  readonly name: string;
  /** Does it. Rejects with `STORE_UNFIT` where something else was found, and with the errors of the store. */
  readonly run: () => Promise<void>;
}

/**
 * The conformance test for a store of your own, as a table for any test runner: it shows that the store does what a
 * broker needs of it. `place` makes a new, empty place for each case. A case rejects with `STORE_UNFIT`. Give `killed`
 * too: the cases of a crash do nothing without it. A loss of power is not among the cases.
 *
 * @example for (const { name, run } of storeCases(() => ({ store: () => myStore() }))) test(name, run);
 */
export function storeCases(place: () => StorePlace | Promise<StorePlace>): readonly StoreCase[] {
  return Object.entries(CASES).map(([name, check]) => ({
    name,
    run: async () => {
      const given = await place();
      try {
        await check(given);
      } finally {
        await given.remove?.();
      }
    },
  }));
}
