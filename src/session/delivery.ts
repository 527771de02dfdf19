import { quiet } from "../base/deferred.ts";
import { BrokerError } from "../base/errors.ts";
import { type Steps, step } from "../base/state.ts";
import type { Delivery, DeliveryState } from "../contract/delivery.ts";

const STEPS: Steps<DeliveryState> = {
  queued: ["written", "unknown", "failed", "expired"],
  written: ["acked", "unknown", "failed"],
  acked: [],
  unknown: [],
  failed: [],
  expired: [],
};

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: BrokerError) => void;
}

/** The broker's side of a delivery. */
export class TrackedDelivery implements Delivery {
  /** The caller's key, or the number of the broker's own. */
  readonly #name: string | number;
  #state: DeliveryState = "queued";
  #error: BrokerError | undefined;
  #waiters: Waiter[] | undefined;

  constructor(name: string | number) {
    this.#name = name;
  }

  get key(): string {
    return typeof this.#name === "string" ? this.#name : `d${this.#name}`;
  }

  get state(): DeliveryState {
    return this.#state;
  }

  get error(): BrokerError | undefined {
    return this.#error;
  }

  written(): Promise<void> {
    return quiet(
      new Promise((resolve, reject) => {
        if (this.#error !== undefined) reject(this.#error);
        else if (this.#state !== "queued") resolve();
        else {
          this.#waiters ??= [];
          this.#waiters.push({ resolve, reject });
        }
      }),
    );
  }

  acked(): Promise<void> {
    return quiet(
      this.written().then(() => {
        throw new BrokerError("ACK_UNAVAILABLE");
      }),
    );
  }

  /** The system has taken it. */
  write(): void {
    this.#state = step("delivery", STEPS, this.#state, "written");
    const waiters = this.#waiters;
    if (waiters === undefined) return;
    this.#waiters = undefined;
    for (const { resolve } of waiters) resolve();
  }

  /** It was not sent, came back, or nothing is known of it any more. */
  fail(error: BrokerError): void {
    this.#state = step("delivery", STEPS, this.#state, stateFor(error));
    this.#error = error;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    for (const { reject } of waiters ?? []) reject(error);
  }
}

function stateFor({ code }: BrokerError): DeliveryState {
  if (code === "EXPIRED") return "expired";
  return code === "UNACKNOWLEDGED" ? "unknown" : "failed";
}
