import { isBrokerError } from "xmpp-broker";
import { sleep, until } from "./wait.js";

/**
 * A broker that comes back after each end, as the README's recipe does it. It notes each end, and
 * whether the recipe would have given up.
 */
export class Program {
  /** How often each end was seen, by its code and condition. */
  ends = new Map();
  /** The ends that the recipe does not come back from. */
  gaveUp = [];
  #leaving = new AbortController();
  #run;

  /** `base` and `cap`: the waits between two attempts, in milliseconds. */
  constructor(broker, { base = 250, cap = 2_000 } = {}) {
    this.broker = broker;
    this.#run = this.#stay(base, cap);
  }

  get isReady() {
    return this.broker.phase.name === "ready";
  }

  ready() {
    return until("ready", () => this.isReady);
  }

  /** Leaves in order; resolves with what `shutdown` could not do. */
  async leave() {
    this.#leaving.abort();
    const left = await this.broker.shutdown();
    await this.#run;
    return left;
  }

  /** Drops the connection and stays away. */
  async halt() {
    this.#leaving.abort();
    this.broker.halt();
    await this.#run;
  }

  async #stay(base, cap) {
    const { signal } = this.#leaving;
    for (let wait = base; !signal.aborted; wait = Math.min(wait * 2, cap)) {
      try {
        await this.broker.connect();
        wait = base;
        this.#note(await this.broker.closed, "ready");
      } catch (error) {
        this.#note(error, "login");
      }
      await sleep(wait * (1 + Math.random()), undefined, { signal }).catch(() => {});
    }
  }

  #note(error, when) {
    if (error === undefined || this.#leaving.signal.aborted) return;
    if (!isBrokerError(error)) throw error;
    const name = error.condition === undefined ? error.code : `${error.code} ${error.condition}`;
    this.ends.set(name, (this.ends.get(name) ?? 0) + 1);
    if (!error.retryable) this.gaveUp.push(`${name} (${when})`);
  }
}
