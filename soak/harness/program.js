import { Broker, isBrokerError } from "xmpp-broker";
import { sleep, until } from "./wait.js";

/** Whether this version of the broker reconnects by itself. */
export const hasReconnect = "handOver" in Broker.prototype;

/**
 * A broker that comes back after each end: by its option `reconnect`, or else by a loop. It notes each end,
 * and each one that the policy does not come back from.
 */
export class Program {
  /** How often each end was seen, by its code and condition. */
  ends = new Map();
  gaveUp = [];
  #leaving = new AbortController();
  #run;

  /**
   * `make` is given options, and makes the broker. `base` and `cap`: the bounds of the waits between two
   * attempts, in milliseconds.
   */
  constructor(make, { base = 250, cap = 2_000 } = {}) {
    this.broker = make(hasReconnect ? { reconnect: { base, cap, stable: 1 } } : {});
    this.#run = hasReconnect ? this.#stay() : this.#loop(base, cap);
  }

  get isReady() {
    return this.broker.phase.name === "ready";
  }

  /** Waits until it is ready. Rejects if it has given up. */
  ready() {
    return until("ready", () => {
      if (this.gaveUp.length > 0) throw new Error(`given up: ${this.gaveUp.join()}`);
      return this.isReady;
    });
  }

  /** Leaves in order; resolves with what `shutdown` could not do. */
  async leave() {
    this.#leaving.abort();
    const left = await this.broker.shutdown();
    await this.#run;
    return left;
  }

  async #stay() {
    this.broker.on("reconnect:scheduled", ({ error }) => this.#note(error));
    try {
      await this.broker.connect();
    } catch (error) {
      if (!isBrokerError(error)) throw error;
    }
    const error = await this.broker.closed;
    if (error !== undefined) this.gaveUp.push(nameOf(error));
  }

  async #loop(base, cap) {
    const { signal } = this.#leaving;
    for (let wait = base; !signal.aborted; wait = Math.min(wait * 2, cap)) {
      try {
        await this.broker.connect();
        wait = base;
        this.#note(await this.broker.closed);
      } catch (error) {
        this.#note(error);
      }
      await sleep(wait * (1 + Math.random()), undefined, { signal }).catch(() => {});
    }
  }

  #note(error) {
    if (error === undefined || this.#leaving.signal.aborted) return;
    if (!isBrokerError(error)) throw error;
    this.ends.set(nameOf(error), (this.ends.get(nameOf(error)) ?? 0) + 1);
  }
}

const nameOf = ({ code, condition }) => (condition === undefined ? code : `${code} ${condition}`);
