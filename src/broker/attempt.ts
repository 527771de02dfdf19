import type { Destination } from "../link/address.ts";
import { Link, type LinkOwner, type OwnedTry } from "../link/link.ts";
import type { LoginResult, Resuming } from "../negotiate/login.ts";
import type { Route } from "./itinerary.ts";
import type { RunParts } from "./run-parts.ts";

/** One try: links to the endpoints, one after another, until one lets us in or none is left. */
export class Attempt implements OwnedTry {
  readonly number: number;
  readonly owner: LinkOwner;
  readonly resuming: Resuming | undefined;
  readonly #parts: RunParts;
  readonly #route: Route;
  #link: Link;

  constructor(parts: RunParts, owner: LinkOwner, resuming: Resuming | undefined, route: Route) {
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
        // Behind a detour is the place where the endpoints are to be found.
        const isPlace = next === this.#route.to;
        this.#link = isPlace ? this.#linkTo(next) : new Link(this.#parts, this, next, left);
      }
    }
  }

  #linkTo(to: Destination): Link {
    return new Link(this.#parts, this, to, this.#route.isKnown ? [to] : undefined);
  }
}
