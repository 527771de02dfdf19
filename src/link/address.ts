import { host as hostOption, knownOptions, wholeNumber } from "../base/check.ts";
import type { Crypto } from "../base/crypto/crypto.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { readHost } from "../base/text/host-name.ts";
import type { Settings } from "../contract/options.ts";
import { policyFor } from "../contract/tls-options.ts";
import { type Endpoint, inOrder, type Lookup } from "../lookup/endpoint.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Address } from "../transport/transport.ts";

/** An address as `connect` may be given it; what is left out comes from the options. */
export interface GivenAddress {
  /** A name or an IP address. Default: the option `host`. */
  readonly host?: string | undefined;
  /** From 1 to 65,535. Default: the option `port`, or the dialect's for the TLS policy. */
  readonly port?: number | undefined;
}

/** Where a run connects, and how far TLS goes there. */
export interface Destination extends Address {
  readonly policy: TlsPolicy;
}

/**
 * Settles where to connect: what `connect` was given, else the options, else the dialect's domain and
 * standard port. Ends in `BAD_OPTION`.
 */
export function settleAddress(settings: Settings, address: GivenAddress = {}): Destination {
  const given = knownOptions("address", address, ["host", "port"]);
  const host = given.host === undefined ? settings.host : hostOption("host", given.host);
  const policy = policyFor(settings.dialect, settings.tls.policy, host);
  const { plain, direct } = settings.dialect.ports;
  const standard = policy === "direct" ? (direct ?? plain) : plain;
  const port =
    given.port === undefined
      ? (settings.port ?? standard)
      : wholeNumber("port", given.port, 1, 65535);
  return { host, port, policy };
}

/** The parts of a search for endpoints. */
export interface Search {
  readonly settings: Settings;
  /** The domain itself: where to connect if there are no records. */
  readonly fallback: Destination;
  readonly lookup: Lookup;
  readonly signal: AbortSignal;
  readonly crypto: Pick<Crypto, "random">;
}

/**
 * Looks up the endpoints of the dialect's domain and puts them into the order in which they are tried. Endpoints whose
 * host is no name or IP address are left out. Ends in `LOOKUP_FAILED`, also where none is left.
 */
export async function findDestinations(search: Search): Promise<readonly Destination[]> {
  const { settings, fallback, lookup, signal, crypto } = search;
  let endpoints: readonly Endpoint[];
  try {
    endpoints = await lookup(settings.dialect.domain, { signal });
  } catch (thrown) {
    throw asBrokerError(thrown, "LOOKUP_FAILED", { retryable: true });
  }
  if (!Array.isArray(endpoints)) throw new BrokerError("LOOKUP_FAILED", "it gave no list");
  if (endpoints.length === 0) return [fallback];
  // The names in DNS are written by strangers. One that is no host must not keep the others from being tried.
  const usable = endpoints.filter(isEndpoint);
  if (usable.length === 0) {
    throw new BrokerError("LOOKUP_FAILED", "no endpoint has a name or an IP address, and a port");
  }
  const destinations: Destination[] = [];
  for (const { host, port, tls } of inOrder(usable, () => randomShare(crypto))) {
    const policy =
      tls === "direct" ? "direct" : policyFor(settings.dialect, settings.tls.policy, host);
    const isForbidden = tls === "direct" && settings.tls.policy === "plaintext";
    const isUseless = tls === "starttls" && policy === "direct";
    if (!isForbidden && !isUseless) destinations.push({ host, port, policy });
  }
  if (destinations.length > 0) return destinations;
  throw new BrokerError("LOOKUP_FAILED", "no endpoint can be used under the TLS policy");
}

/** True if a lookup found a place to connect to. */
function isEndpoint({ host, port }: Endpoint): boolean {
  const isHost = typeof host === "string" && readHost(host) !== undefined;
  return isHost && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** A number from 0 to below 1. */
function randomShare(crypto: Pick<Crypto, "random">): number {
  return crypto.random(4).reduce((sum, byte) => (sum + byte) / 256, 0);
}
