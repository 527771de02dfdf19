import { BrokerError } from "../base/errors.ts";

/**
 * What became of a stanza: `queued` waits, `written` was accepted by the transport (final without
 * stream management), `acked` the server has it, `unknown` the connection ended before the server
 * said so, `failed` and `expired` it was not sent.
 */
export type DeliveryState = "queued" | "written" | "acked" | "unknown" | "failed" | "expired";

interface Waiter {
  resolve(): void;
  reject(error: BrokerError): void;
}

/** What `send` returns: the fate of one stanza. Its promises are made only when they are asked for. */
export interface Delivery {
  /** The broker's own key, for `queue.remove`; not the stanza's `id`. */
  readonly id: string;
  /** Where the stanza is now. */
  readonly state: DeliveryState;
  /** Why it failed or expired. */
  readonly error: BrokerError | undefined;
  /**
   * Resolves once the transport has accepted the stanza. Rejects with the delivery's error:
   * `QUEUE_FULL`, `EXPIRED`, `REMOVED`, `ILLEGAL_XML`, `TOO_LARGE`, `FOREIGN_FROM`, `MISSING_TO`,
   * `ALREADY_ANSWERED`, `NOT_ROUTED`.
   */
  written(): Promise<void>;
  /** Resolves once the server has acknowledged it; without stream management it rejects with `ACK_UNAVAILABLE`. */
  acked(): Promise<void>;
}

/** The broker's side of a delivery. */
export class TrackedDelivery implements Delivery {
  readonly #number: number;
  #state: DeliveryState = "queued";
  #error: BrokerError | undefined;
  #waiters: Waiter[] | undefined;

  constructor(number: number) {
    this.#number = number;
  }

  get id(): string {
    return `d${this.#number}`;
  }

  get state(): DeliveryState {
    return this.#state;
  }

  get error(): BrokerError | undefined {
    return this.#error;
  }

  written(): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#state !== "queued") return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters ??= [];
      this.#waiters.push({ resolve, reject });
    });
  }

  async acked(): Promise<void> {
    await this.written();
    throw new BrokerError("ACK_UNAVAILABLE");
  }

  /** The transport has it. */
  write(): void {
    this.#state = "written";
    if (this.#waiters === undefined) return;
    for (const waiter of this.#waiters) waiter.resolve();
    this.#waiters = undefined;
  }

  /** It was not sent, or came back. */
  fail(error: BrokerError): void {
    this.#state = error.code === "EXPIRED" ? "expired" : "failed";
    this.#error = error;
    for (const waiter of this.#waiters ?? []) waiter.reject(error);
    this.#waiters = undefined;
  }
}
