import { aborted, nothing, onAbort } from "../base/abort.ts";
import { wholeNumber } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import { after, LONGEST } from "../base/timer.ts";
import type { FilterMatch, FilterOptions, Filters } from "./filters.ts";

/** How many matches an iterator of `stanzas` keeps for a slow reader if nothing else is asked for. */
const BUFFER = 1000;

/** Those who wait for stanzas: a promise for one, an iterator for many. All end with the run. */
export class Waiting {
  readonly #filters: Filters;
  #endings: Set<(error: BrokerError | undefined) => void> | undefined;

  constructor(filters: Filters) {
    this.#filters = filters;
  }

  /** The run is over: ends, when called, those who wait now. */
  ending(): (error: BrokerError | undefined) => void {
    const endings = [...(this.#endings ?? [])];
    return (error) => {
      for (const end of endings) end(error);
    };
  }

  /** The next stanza that matches. */
  waitFor(expression: string, options: FilterOptions & { timeout?: number }): Promise<FilterMatch> {
    const { timeout, signal, ...rest } = options;
    return new Promise((resolve, reject) => {
      if (timeout !== undefined) wholeNumber("timeout", timeout, 1, LONGEST);
      if (signal?.aborted) {
        reject(aborted(signal));
        return;
      }
      const undo = this.#filters.filter(
        expression,
        (match) => {
          leave();
          resolve(match);
        },
        rest,
      );
      const fail = (error: BrokerError): void => {
        leave();
        reject(error);
      };
      const end = (error: BrokerError | undefined): void => {
        fail(error ?? new BrokerError("DISCONNECTED", "the broker was shut down"));
      };
      const stopTimer =
        timeout === undefined
          ? undefined
          : after(timeout, () => {
              fail(
                new BrokerError("REQUEST_TIMEOUT", `${timeout} ms have passed`, {
                  retryable: true,
                }),
              );
            });
      const leave = (): void => {
        undo();
        stopTimer?.();
        this.#endings?.delete(end);
        ignoreSignal();
      };
      this.#endings ??= new Set();
      this.#endings.add(end);
      const ignoreSignal = onAbort(signal, () => {
        fail(aborted(signal));
      });
    });
  }

  /** All stanzas that match, as they come. A reader too slow for its buffer gets `QUEUE_FULL` after what is in it. */
  stanzas(
    expression: string,
    options: FilterOptions & { buffer?: number },
  ): AsyncIterableIterator<FilterMatch> {
    const { buffer = BUFFER, signal, ...rest } = options;
    wholeNumber("buffer", buffer, 1);
    const ready: FilterMatch[] = [];
    const readers: {
      resolve: (r: IteratorResult<FilterMatch>) => void;
      reject: (e: unknown) => void;
    }[] = [];
    let ignoreSignal = nothing;
    let over: { readonly error: BrokerError | undefined } | undefined;

    const finish = (error: BrokerError | undefined): void => {
      if (over !== undefined) return;
      over = { error };
      undo();
      this.#endings?.delete(finish);
      ignoreSignal();
      // Readers wait only while nothing is ready, so the first takes the error and the rest the end.
      for (const reader of readers.splice(0)) settle(reader);
    };
    const settle = (reader: (typeof readers)[number]): void => {
      const error = over?.error;
      if (error === undefined) {
        reader.resolve({ done: true, value: undefined });
        return;
      }
      over = { error: undefined };
      reader.reject(error);
    };
    const undo = this.#filters.filter(
      expression,
      (match) => {
        const reader = readers.shift();
        if (reader !== undefined) reader.resolve({ done: false, value: match });
        else if (ready.length < buffer) ready.push(match);
        else finish(new BrokerError("QUEUE_FULL", `the iterator's buffer of ${buffer} is full`));
        if (options.once) finish(undefined);
      },
      rest,
    );
    this.#endings ??= new Set();
    this.#endings.add(finish);
    ignoreSignal = onAbort(signal, () => {
      finish(aborted(signal));
    });

    return {
      next: () =>
        new Promise((resolve, reject) => {
          const match = ready.shift();
          if (match !== undefined) resolve({ done: false, value: match });
          else if (over !== undefined) settle({ resolve, reject });
          else readers.push({ resolve, reject });
        }),
      return: () => {
        ready.length = 0;
        over = undefined;
        finish(undefined);
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
