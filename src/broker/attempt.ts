import { shutDown } from "../base/abort.ts";
import { asBrokerError } from "../base/errors.ts";
import type { Destination } from "../link/address.ts";
import { Link, type LinkOwner, type OwnedTry } from "../link/link.ts";
import type { LoginResult, Resuming } from "../negotiate/login.ts";
import type { Route } from "./itinerary.ts";
import type { RunParts } from "./run-parts.ts";

/** The owner of a try: a run. */
export interface AttemptOwner extends LinkOwner {
  /** The try in force. */
  readonly attempt: Attempt | undefined;
  /** A link is logged in, and carries a session from now on. */
  carry(link: Link, result: LoginResult): void;
}

/** One try: links to the endpoints, one after another, until one lets us in or none is left. */
export class Attempt implements OwnedTry {
  readonly number: number;
  readonly owner: AttemptOwner;
  readonly resuming: Resuming | undefined;
  readonly #parts: RunParts;
  readonly #route: Route;
  #link: Link;

  constructor(parts: RunParts, owner: AttemptOwner, resuming: Resuming | undefined, route: Route) {
    this.number = parts.owner.attempt;
    this.owner = owner;
    this.resuming = resuming;
    this.#parts = parts;
    this.#route = route;
    const { detour, to } = route;
    this.#link =
      detour === undefined ? this.#linkTo(to) : new Link(parts, this, detour, [detour, to]);
  }

  /** The link in force, also after the try. */
  get link(): Link {
    return this.#link;
  }

  /** Logs in, and has the link carry a session. `fail` is told the reason where it does not come to that. */
  async logIn(fail: (reason: unknown) => void): Promise<void> {
    let result: LoginResult;
    try {
      result = await this.#logIn();
      // A listener may have ended it between the last step and this one.
      if (this.#link.state === "over" || !this.#isInForce) throw shutDown();
    } catch (reason) {
      fail(reason);
      return;
    }
    try {
      this.owner.carry(this.#link, result);
    } catch (thrown) {
      // A channel of the caller's may throw: that ends this link, and never the process.
      const error = asBrokerError(thrown, "HANDLER_FAILED");
      fail(error);
      this.#link.fail(error);
    }
  }

  /** Tries the endpoints. Rejects with the reason of the last link, also where the run has given the try up. */
  async #logIn(): Promise<LoginResult> {
    for (;;) {
      try {
        return await this.#link.begin();
      } catch (error) {
        this.#parts.instruments.stats.connects.failed++;
        const { left } = this.#link;
        const [next] = left;
        if (next === undefined || !this.#isInForce) throw error;
        // Behind a detour is the place where the endpoints are to be found.
        const isPlace = next === this.#route.to;
        this.#link = isPlace ? this.#linkTo(next) : new Link(this.#parts, this, next, left);
      }
    }
  }

  get #isInForce(): boolean {
    return this.owner.attempt === this;
  }

  #linkTo(to: Destination): Link {
    return new Link(this.#parts, this, to, this.#route.isKnown ? [to] : undefined);
  }
}
