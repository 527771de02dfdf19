import { text } from "../base/check.ts";
import { type Crypto, randomShare } from "../base/crypto/crypto.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { readHost } from "../base/text/host-name.ts";
import { type Settings, urlOf } from "../contract/options.ts";
import { callOptions, type GivenAddress } from "../contract/rows/call-options.ts";
import { policyFor } from "../contract/rows/tls-options.ts";
import {
  allows,
  type Endpoint,
  inOrder,
  isEndpoint,
  type Lookup,
  type LookupOptions,
  type UrlEndpoint,
} from "../lookup/endpoint.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Address } from "../transport/transport.ts";
import { otherUrl, urlDestination } from "./url-destination.ts";

/** Where a run connects, and how far TLS goes there. */
export interface Destination extends Address {
  readonly policy: TlsPolicy;
  /** The name that the certificate must have, where the dialect wants the name of the host. Default: `host`. */
  readonly certificate?: string | undefined;
  /** The whole address, where the server is reached by HTTP. */
  readonly url?: string | undefined;
}

/** The name by which brokers of a process tell servers apart: host and port. */
export function serverName({ host, port }: Address): string {
  return `${host.toLowerCase()}:${port}`;
}

/**
 * Settles where to connect: the only address of the transport, else the address that `connect` was given, else the
 * options, else the dialect's domain and standard port. Ends in `BAD_OPTION`.
 */
export function settleAddress(settings: Settings, address: GivenAddress = {}): Destination {
  const url = urlOf(settings.transport);
  if (url !== undefined) return urlDestination(settings, url);
  const given = callOptions("reconnect", address);
  const host = given.host ?? settings.host;
  const policy = policyFor(settings.dialect, settings.tls.policy, host);
  return { host, port: given.port ?? settings.port ?? standardPort(settings, policy), policy };
}

function standardPort({ dialect }: Settings, policy: TlsPolicy): number {
  const { plain, direct = plain } = dialect.ports;
  return policy === "direct" ? direct : plain;
}

/** A host with or without a port, as `see-other-host` gives it: an IPv6 address is in brackets (RFC 6120, 4.9.3.19). */
const OTHER_HOST = /^(\[[^\]]*\]|[^:[\]]+)(?::(\d{1,5}))?$/;

/**
 * Reads where `see-other-host` sends us. TLS stays as it was: the same policy, and the same name in the certificate.
 * `undefined`: the text is no address, or the policy forbids that host.
 */
export function otherDestination(
  settings: Settings,
  from: Destination,
  text: string | undefined,
): Destination | undefined {
  if (from.url !== undefined) return otherUrl(settings, from.url, text ?? "");
  const { dialect, tls } = settings;
  const [, host = "", digits] = OTHER_HOST.exec(text ?? "") ?? [];
  const port = Number(digits ?? standardPort(settings, from.policy));
  if (readHost(host) === undefined || port < 1 || port > 65535) return undefined;
  try {
    // A dialect may have no default for a host that is not this machine.
    policyFor(dialect, tls.policy, host);
  } catch {
    return undefined;
  }
  return { host, port, policy: from.policy, certificate: from.certificate ?? from.host };
}

/** The most endpoints of a domain. A list that is longer is no list of servers. */
const MOST_ENDPOINTS = 100;

/** The place that wants to know the endpoints: a link. */
interface Seeker {
  /** The domain itself: where to connect if there are no records. */
  readonly destination: Destination;
  readonly signal: AbortSignal;
}

/**
 * Looks up the endpoints of the dialect's domain and puts them into the order in which they are tried. Endpoints whose
 * host is no name or IP address are left out. Ends in `LOOKUP_FAILED`, also where none is left, and for more than 100.
 */
export async function findDestinations(
  lookup: Lookup,
  settings: Settings,
  crypto: Pick<Crypto, "random">,
  { destination, signal }: Seeker,
  report: LookupOptions["report"],
): Promise<readonly Destination[]> {
  const { dialect, tls: given } = settings;
  const byDialect = dialect.tls === "by-host" ? undefined : dialect.tls;
  let endpoints: readonly (Endpoint | UrlEndpoint)[];
  try {
    endpoints = await lookup(dialect.domain, { signal, policy: given.policy ?? byDialect, report });
  } catch (thrown) {
    throw asBrokerError(thrown, "LOOKUP_FAILED", { retryable: true });
  }
  if (!Array.isArray(endpoints)) throw new BrokerError("LOOKUP_FAILED", "it gave no list");
  if (endpoints.length > MOST_ENDPOINTS) {
    throw new BrokerError("LOOKUP_FAILED", `there are more than ${MOST_ENDPOINTS} endpoints`);
  }
  if (endpoints.length === 0) return [destination];
  // The names in DNS are written by strangers. One that is no host must not keep the others from being tried.
  const objects: readonly (Endpoint | UrlEndpoint)[] = endpoints.filter(
    (found) => typeof found === "object" && found !== null,
  );
  const urls = objects.filter((found) => "url" in found);
  const usable = objects.filter((found) => !("url" in found) && isEndpoint(found)) as Endpoint[];
  if (usable.length + urls.length === 0) {
    throw new BrokerError(
      "LOOKUP_FAILED",
      "no endpoint has a url, or a host with its port, priority and weight",
    );
  }
  const destinations: Destination[] = urls.flatMap(({ url }) => urlDestinations(settings, url));
  for (const { host, port, tls } of inOrder(usable, () => randomShare(crypto))) {
    const own = tls === "direct" ? undefined : policyFor(dialect, given.policy, host);
    if (!allows(own ?? given.policy, tls)) continue;
    destinations.push({ host, port, policy: own ?? "direct" });
  }
  if (destinations.length > 0) return destinations;
  throw new BrokerError("LOOKUP_FAILED", "no endpoint can be used under the TLS policy");
}

/** The destination of an address that a lookup found; none where it cannot be used. */
function urlDestinations(settings: Settings, url: unknown): Destination[] {
  try {
    return [urlDestination(settings, text("url", url))];
  } catch {
    return [];
  }
}
