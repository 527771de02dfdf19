import { aborted, nothing, onAbort, shutDown } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { quiet } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import { Fifo } from "../../base/fifo.ts";
import {
  CALLS,
  type FilterOptions,
  type StanzasOptions,
  type WaitOptions,
} from "../../contract/rows/call-options.ts";
import { costOf } from "../../xml/cost.ts";
import type { FilterMatch } from "./filter-match.ts";
import type { Filters } from "./filters.ts";

/** Programs that wait for stanzas: a promise for one, an iterator for many. All end with the run. */
export class Waiting {
  readonly #filters: Filters;
  readonly #clock: Clock;
  readonly #bytes: number;
  #endings: Set<(error: BrokerError | undefined) => void> | undefined;

  /** `bytes`: how much the matches may hold that wait in one iterator, by `costOf`. */
  constructor(filters: Filters, clock: Clock, bytes: number) {
    this.#filters = filters;
    this.#clock = clock;
    this.#bytes = bytes;
  }

  /** The run is over: ends, when the result is called, all that wait now. */
  ending(): (error: BrokerError | undefined) => void {
    const endings = [...(this.#endings ?? [])];
    return (error) => {
      for (const end of endings) end(error);
    };
  }

  /** The next stanza that matches. */
  waitFor(expression: string, options: WaitOptions): Promise<FilterMatch> {
    const { timeout, signal } = options;
    const wait = new Promise<FilterMatch>((resolve, reject) => {
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
        forFilter(options),
      );
      const fail = (error: BrokerError): void => {
        leave();
        reject(error);
      };
      const end = (error: BrokerError | undefined): void => {
        fail(error ?? shutDown());
      };
      const stopTimer =
        timeout === undefined
          ? undefined
          : this.#clock.after(timeout, () => {
              const detail = `${timeout} ms have passed`;
              fail(new BrokerError("REQUEST_TIMEOUT", detail, { retryable: true }));
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
    return quiet(wait);
  }

  /**
   * All stanzas that match, as they come. Stanzas that wait for the reader hold the inbox, as unfinished handlers do.
   * A reader too slow for its buffer gets `QUEUE_FULL` after its contents. (The inbox lets go of them after a time. So
   * their cost is counted here as well.)
   */
  stanzas(expression: string, options: StanzasOptions): AsyncIterableIterator<FilterMatch> {
    const { buffer = CALLS.stanzas.buffer.fallback, signal } = options;
    const ready = new Fifo<Buffered>();
    let readyCost = 0;
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
        let held: Promise<void> | undefined;
        if (reader !== undefined) reader.resolve({ done: false, value: match });
        else if (ready.size >= buffer || readyCost >= this.#bytes) {
          const full = ready.size >= buffer ? `${buffer}` : `${this.#bytes} bytes`;
          finish(new BrokerError("QUEUE_FULL", `the iterator's buffer of ${full} is full`));
        } else {
          const cost = costOf(match.stanza);
          readyCost += cost;
          held = new Promise<void>((taken) => {
            ready.push({ match, cost, taken });
          });
        }
        if (options.once) finish(undefined);
        return held;
      },
      forFilter(options),
    );
    this.#endings ??= new Set();
    this.#endings.add(finish);
    ignoreSignal = onAbort(signal, () => {
      finish(aborted(signal));
    });

    return {
      next: () =>
        new Promise((resolve, reject) => {
          const next = ready.shift();
          if (next !== undefined) {
            readyCost -= next.cost;
            next.taken();
            resolve({ done: false, value: next.match });
          } else if (over !== undefined) settle({ resolve, reject });
          else readers.push({ resolve, reject });
        }),
      return: () => {
        for (const { taken } of ready.takeAll()) taken();
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

/** A match that waits for the reader of an iterator. */
interface Buffered {
  readonly match: FilterMatch;
  readonly cost: number;
  readonly taken: () => void;
}

/** The options of the filter that does the waiting: all but the signal, which ends the wait itself. */
function forFilter({ namespaces, variables, once }: FilterOptions): FilterOptions {
  return { namespaces, variables, once, signal: undefined };
}
