import { serverName } from "../../link/address.ts";
import type { Address } from "../../transport/transport.ts";

/**
 * Tells brokers that wait because a server could not be reached that another broker of the process has reached it.
 * They need not wait longer, since their logins are bounded and go in order.
 */
export class Reached {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Calls the action once, when that server is reached. The function it returns ends that. */
  on(server: Address, action: () => void): () => void {
    const name = serverName(server);
    const actions = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, actions);
    actions.add(action);
    return () => {
      actions.delete(action);
      if (actions.size === 0 && this.#waiting.get(name) === actions) this.#waiting.delete(name);
    };
  }

  /** A broker is ready on that server. */
  tell(server: Address): void {
    const actions = this.#waiting.get(serverName(server));
    if (actions === undefined) return;
    for (const action of [...actions]) {
      // An earlier action may have ended a later one.
      if (actions.delete(action)) action();
    }
  }
}
