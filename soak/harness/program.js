import { isBrokerError } from "xmpp-broker";
import { until } from "./wait.js";

/** A broker that comes back by itself. It notes each end of a connection, and the one that it does not come back from. */
export class Program {
  /** How often each end was seen, by its code and condition. */
  ends = new Map();
  gaveUp = [];
  #run;

  /**
   * `make` is given options, and makes the broker. `base` and `cap`: the bounds of the waits between two
   * attempts, in milliseconds.
   */
  constructor(make, { base = 250, cap = 2_000 } = {}) {
    // Connections are short here; each that was ready begins again at `base`.
    this.broker = make({ reconnect: { base, cap, stable: 1 } });
    this.broker.on("reconnect:scheduled", ({ error }) => {
      this.ends.set(nameOf(error), (this.ends.get(nameOf(error)) ?? 0) + 1);
    });
    this.#run = this.#stay();
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

  /** Leaves in order. */
  async leave() {
    await this.broker.shutdown();
    await this.#run;
  }

  async #stay() {
    await this.broker.connect().catch((error) => {
      if (!isBrokerError(error)) throw error;
    });
    const error = await this.broker.closed;
    if (error === undefined) return;
    const before = [...this.ends].map(([name, times]) => `${times} × ${name}`);
    this.gaveUp.push(`${nameOf(error)}, after ${before.join(", ")}`);
  }
}

const nameOf = ({ code, condition }) => (condition === undefined ? code : `${code} ${condition}`);
