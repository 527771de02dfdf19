import type { Destination } from "../link/address.ts";
import { Link, type LinkOwner, type LinkParts } from "../link/link.ts";
import type { LoginResult, Resuming } from "../negotiate/login.ts";
import type { RunParts } from "./run-parts.ts";

/** One try: links to the endpoints, one after another, until one lets us in or none is left. */
export class Attempt {
  readonly #parts: LinkParts;
  #link: Link;

  /** `isKnown`: there is no other endpoint, so nothing is looked up. */
  constructor(
    run: RunParts,
    owner: LinkOwner,
    resuming: Resuming | undefined,
    to: Destination,
    isKnown: boolean,
  ) {
    const { settings, key, connect, context, runtime, instruments, memory, shared } = run;
    this.#parts = {
      settings,
      key,
      attempt: run.owner.attempt,
      connect,
      context,
      runtime,
      instruments,
      owner,
      resuming,
      memory,
      logins: shared?.logins,
    };
    this.#link = new Link(this.#parts, to, isKnown ? [to] : undefined);
  }

  /** The link in force, also after the try. */
  get link(): Link {
    return this.#link;
  }

  /**
   * Logs in. Rejects with the reason of the last link, also where the run has given the try up: `isInForce` says
   * whether it is still wanted.
   */
  async logIn(isInForce: () => boolean): Promise<LoginResult> {
    const { connects } = this.#parts.instruments.stats;
    for (;;) {
      try {
        return await this.#link.begin();
      } catch (error) {
        connects.failed++;
        const { left } = this.#link;
        const [next] = left;
        if (next === undefined || !isInForce()) throw error;
        this.#link = new Link(this.#parts, next, left);
      }
    }
  }
}
