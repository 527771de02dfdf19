import type { Settings } from "../contract/options.ts";
import type { GivenAddress } from "../contract/rows/call-options.ts";
import { type Destination, otherDestination, serverName } from "../link/address.ts";

/** Where a try goes. */
export interface Route {
  /** Where the program or the server says. */
  readonly to: Destination;
  /** True if there is no other endpoint, so that nothing is looked up. */
  readonly isKnown: boolean;
  /** Tried first: where the server wants its session to be resumed. */
  readonly detour: Destination | undefined;
}

/** Where a server wants a session to be resumed. */
export interface Location {
  readonly text: string;
  /** The connection that it came over; `undefined`: one of another process. */
  readonly from: Destination | undefined;
}

/** Where the tries of a run go: where the program says, unless a server sends one of them elsewhere. */
export class Itinerary {
  readonly #settings: Settings;
  #own: Destination;
  /** True if the program gave an address, which is the only one then. Without one the options may look it up. */
  #isGiven: boolean;
  #hop: Destination | undefined;

  constructor(settings: Settings, own: Destination, given: GivenAddress) {
    this.#settings = settings;
    this.#own = own;
    this.#isGiven = isGiven(given);
  }

  /** Where the program says. */
  get own(): Destination {
    return this.#own;
  }

  /** The program says another place. Tells whether it is another server. */
  change(own: Destination, given: GivenAddress): boolean {
    const isElsewhere = serverName(own) !== serverName(this.#own);
    this.#own = own;
    this.#isGiven = isGiven(given);
    this.#hop = undefined;
    return isElsewhere;
  }

  /** A server sends the next try elsewhere (`see-other-host`). Tells whether that can be used. */
  redirect(from: Destination, text: string | undefined): boolean {
    this.#hop = otherDestination(this.#settings, from, text);
    return this.#hop !== undefined;
  }

  /** The route of the next try. A redirection holds for one; from there a server's location is not followed. */
  next(session: { takeLocation(): Location | undefined }): Route {
    const hop = this.#hop;
    this.#hop = undefined;
    if (hop !== undefined) return { to: hop, isKnown: true, detour: undefined };
    return { to: this.#own, isKnown: this.#isGiven, detour: this.#detour(session.takeLocation()) };
  }

  /** Where the server wants its session to be resumed, if that can be used and is another server. */
  #detour(location: Location | undefined): Destination | undefined {
    if (location === undefined) return undefined;
    const own = this.#own;
    const to = otherDestination(this.#settings, location.from ?? own, location.text);
    return to === undefined || serverName(to) === serverName(own) ? undefined : to;
  }
}

/** True if an address says anything. */
export function isGiven({ host, port }: GivenAddress): boolean {
  return host !== undefined || port !== undefined;
}
