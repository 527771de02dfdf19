import type { Request } from "./requests.ts";
import type { Terms } from "./terms.ts";

/** The facts on which it depends when the next empty request is sent. Times are in milliseconds by the clock. */
export interface PollingFacts {
  readonly terms: Terms;
  /** The last request, if it is under way. */
  readonly last: Request | undefined;
  /** True if the last request carries elements that the server may not have, and another one may be sent. */
  readonly isUnknown: boolean;
  /** True if elements of the server's are waited for. */
  readonly isWanted: boolean;
  /** True if the last request was empty, and so was its answer. */
  readonly wasInVain: boolean;
  /** True if so much is unread that no more may come. */
  readonly isFull: boolean;
  /** When the last request was sent. */
  readonly sentAt: number;
  /** When a request was last answered. */
  readonly answeredAt: number;
}

/** When the next empty request is due; `undefined`: only after something else has happened. */
export function pollAt(facts: PollingFacts): number | undefined {
  const { terms, last, isUnknown, isWanted, wasInVain, isFull, sentAt, answeredAt } = facts;
  if (last !== undefined) {
    // The server answers the request that it holds once another one comes. So we learn that it has our elements.
    return isUnknown && last.purpose === "carry" ? sentAt + terms.polling : undefined;
  }
  if (isWanted) return wasInVain ? sentAt + terms.polling : 0;
  // The session must not lapse while nobody reads.
  return isFull || terms.inactivity === undefined ? undefined : answeredAt + terms.inactivity / 2;
}
