import type { Address } from "../transport/transport.ts";

/** A place where a server may be reached. */
export interface Endpoint extends Address {
  /** TLS from the first byte, or on the way by STARTTLS as far as the TLS policy says. */
  readonly tls: "direct" | "starttls";
  /** Endpoints of a lower number are tried first (RFC 2782). */
  readonly priority: number;
  /** The share of an endpoint among those of its priority (RFC 2782). */
  readonly weight: number;
}

/** A place where a server may be reached over WebSocket (`wss:`) or BOSH (`https:`). */
export interface UrlEndpoint {
  /** The whole address. */
  readonly url: string;
}

/**
 * Finds the endpoints of a domain, in any order: the broker sorts them. Whole addresses are for `websocket` and come first,
 * in their order. An empty list means that there are no
 * records, so the domain itself is tried. An endpoint without a usable host and port is left out. Rejects with `LOOKUP_FAILED` where the records say "not here".
 */
export type Lookup<Found = Endpoint | UrlEndpoint> = (
  domain: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly Found[]>;

/** Endpoints in the order in which they are tried: by priority, those of one priority at random by weight (RFC 2782). */
export function inOrder(endpoints: readonly Endpoint[], random: () => number): Endpoint[] {
  const left = [...endpoints].sort((one, other) => one.priority - other.priority);
  const sorted: Endpoint[] = [];
  while (left.length > 0) {
    const priority = left[0]?.priority;
    const peers = left.filter((endpoint) => endpoint.priority === priority);
    const chosen = byWeight(peers, random);
    sorted.push(chosen);
    left.splice(left.indexOf(chosen), 1);
  }
  return sorted;
}

/** One of several endpoints, the more likely the greater its weight; a weight of 0 is chosen last. */
function byWeight(endpoints: readonly Endpoint[], random: () => number): Endpoint {
  // Endpoints of weight 0 stand first (RFC 2782), so that they keep a small chance.
  const ordered = [...endpoints].sort((one, other) => one.weight - other.weight);
  const total = ordered.reduce((sum, { weight }) => sum + weight, 0);
  let point = Math.floor(random() * (total + 1));
  for (const endpoint of ordered) {
    point -= endpoint.weight;
    if (point <= 0) return endpoint;
  }
  return ordered[ordered.length - 1] as Endpoint;
}
