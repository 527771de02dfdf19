import { host as hostOption, knownOptions, record, wholeNumber } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { Settings } from "../contract/options.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Address } from "../transport/transport.ts";

/** An address as `connect` may be given it; what is left out comes from the options. */
export interface GivenAddress {
  /** A name or an IP address. Default: the option `host`. */
  readonly host?: string;
  /** From 1 to 65,535. Default: the option `port`, or the dialect's for the TLS policy. */
  readonly port?: number;
}

/** Where a run connects, and how far TLS goes there. */
export interface Destination extends Address {
  readonly policy: TlsPolicy;
}

/**
 * Settles where to connect: what `connect` was given, else the options, else the dialect's domain and
 * standard port. (Looking servers up by SRV records will go here.) Ends in `BAD_OPTION`.
 */
export function settleAddress(settings: Settings, given: GivenAddress = {}): Destination {
  record("address", given);
  knownOptions("address", given, ["host", "port"]);
  const host = given.host === undefined ? settings.host : hostOption("host", given.host);
  const policy = policyFor(settings, host);
  const { plain, direct } = settings.dialect.ports;
  const standard = policy === "direct" ? (direct ?? plain) : plain;
  const port =
    given.port === undefined
      ? (settings.port ?? standard)
      : wholeNumber("port", given.port, 1, 65535);
  return { host, port, policy };
}

function policyFor(settings: Settings, host: string): TlsPolicy {
  const policy = settings.tls.policy ?? settings.dialect.tls;
  if (policy !== "by-host") return policy;
  if (isLoopback(host)) return "plaintext";
  throw new BrokerError(
    "BAD_OPTION",
    `tls must be given for the dialect ${settings.dialect.name} when the host is another machine (${host})`,
  );
}

/** Whether a host is this machine: 127.0.0.0/8, ::1, localhost. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
