import { abortSignal, callable } from "./check.ts";
import { flag, optional, type Takes } from "./option.ts";
import { type Subscription, subscription } from "./subscription.ts";

/** The rows of the options of `on`. */
export const LISTEN = {
  /** Stops listening when it is aborted. Default: none. */
  signal: optional(abortSignal),
  /** Stops listening after one event. Default `false`. */
  once: flag(false),
};

/** How long a listener stays. */
export interface ListenOptions extends Takes<typeof LISTEN> {}

/** One row of a table of events. Its doc comment is its line of the documents. */
export interface EventRow<Payload> {
  /** Never there: it carries the type. */
  readonly payload?: Payload;
}

const ROW: EventRow<never> = Object.freeze({});

/** A row for an event with this payload. */
export function event<Payload>(): EventRow<Payload> {
  return ROW;
}

/** The payload of each event of a table. */
export type Payloads<Rows> = { readonly [Name in keyof Rows]: PayloadOf<Rows[Name]> };

type PayloadOf<Row> = Row extends EventRow<infer Payload> ? Payload : never;

type Listener<Payload> = (payload: Payload) => unknown;

/** The owner hears of the listeners that fail. */
export interface EmitterOwner<Events> {
  listenerFailed(error: unknown, event: keyof Events): void;
}

/**
 * A typed emitter: one map from event name to one payload object. A listener that throws or rejects
 * is reported once and disturbs neither the emitter nor the other listeners.
 */
export class Emitter<Events> {
  /** Made for the first listener, since most brokers of a gateway have none. */
  #listeners: Map<keyof Events, readonly Listener<never>[]> | undefined;
  readonly #owner: EmitterOwner<Events>;

  constructor(owner: EmitterOwner<Events>) {
    this.#owner = owner;
  }

  /** Adds a listener; the same function may be added twice and is then called twice. Ends in `BAD_OPTION`. */
  on<E extends keyof Events>(
    event: E,
    listener: Listener<Events[E]>,
    options: ListenOptions = {},
  ): Subscription {
    callable("listener", listener);
    const entry: Listener<Events[E]> = (payload) => {
      if (options.once) undo();
      return listener(payload);
    };
    this.#listeners ??= new Map();
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), entry]);
    const undo = subscription(() => {
      this.#remove(event, entry);
    }, options.signal);
    return undo;
  }

  /** True if an event has a listener. The hot path asks before it builds a payload. */
  has(event: keyof Events): boolean {
    return this.#listeners?.has(event) === true;
  }

  /** Calls the listeners in the order they were added; those added meanwhile wait for the next event. */
  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    const listeners = this.#listeners?.get(event) as readonly Listener<Events[E]>[] | undefined;
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        const result = listener(payload);
        if (result instanceof Promise) {
          result.catch((error: unknown) => {
            this.#owner.listenerFailed(error, event);
          });
        }
      } catch (error) {
        this.#owner.listenerFailed(error, event);
      }
    }
  }

  #remove(event: keyof Events, entry: Listener<never>): void {
    const left = (this.#listeners?.get(event) ?? []).filter((listener) => listener !== entry);
    if (left.length === 0) this.#listeners?.delete(event);
    else this.#listeners?.set(event, left);
  }
}
