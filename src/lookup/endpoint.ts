import type { BrokerError } from "../base/errors.ts";
import { readHost } from "../base/text/host-name.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
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

/** A question of a lookup that was not answered, or not in time. */
export interface LookupFailure {
  /** The question, such as `_xmpp-client._tcp.example.org`. */
  readonly name: string;
  /** Why there is no answer: `LOOKUP_FAILED`. */
  readonly error: BrokerError;
  /** The time since the lookup began. */
  readonly milliseconds: number;
}

/** The facts that a lookup is given beside the domain. */
export interface LookupOptions {
  /** Aborted when the endpoints are not wanted any more, at the latest after `timeouts.lookup`. */
  readonly signal: AbortSignal;
  /** The TLS policy, where it is the same for every host. Endpoints that it forbids are left out in any case. */
  readonly policy?: TlsPolicy | undefined;
  /** Tells of a question without an answer, which becomes the broker's event of that name. */
  readonly report?: ((event: "lookup:failure", failure: LookupFailure) => void) | undefined;
}

/**
 * Finds the endpoints of a domain, in any order: the broker sorts them. Whole addresses are for `websocket` and come first,
 * in their order. An empty list means that there are no
 * records, so the domain itself is tried. An endpoint without a usable host and port is left out. Rejects with `LOOKUP_FAILED` where the records say "not here".
 */
export type Lookup<Found = Endpoint | UrlEndpoint> = (
  domain: string,
  options: LookupOptions,
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

/** True if a TLS policy allows an endpoint of that kind. */
export function allows(policy: TlsPolicy | undefined, tls: Endpoint["tls"]): boolean {
  return policy !== (tls === "direct" ? "plaintext" : "direct");
}

/** True if a value has all that is needed to connect to it: what a lookup gives may be written by strangers. */
export function isEndpoint(value: object): boolean {
  const { host, port, priority, weight } = value as Partial<Record<keyof Endpoint, unknown>>;
  const isHost = typeof host === "string" && readHost(host) !== undefined;
  return isHost && isShort(port) && port >= 1 && isShort(priority) && isShort(weight);
}

/** True if a value is a number of 16 bits, as those of SRV records are. */
function isShort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}
