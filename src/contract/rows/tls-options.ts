import { badOption, host, oneOf, text } from "../../base/check.ts";
import {
  choice,
  group,
  type Option,
  optional,
  type Settled,
  type Takes,
} from "../../base/option.ts";
import type { Dialect } from "../../dialect/dialect.ts";
import type { TlsPolicy } from "../../transport/tls-facts.ts";
import { maybeText } from "./members.ts";

/** The policies, the strictest first. */
export const POLICIES = [
  "required",
  "direct",
  "opportunistic",
  "plaintext",
] as const satisfies readonly TlsPolicy[];

const policyOption = (name: string, value: unknown): TlsPolicy => oneOf(name, value, POLICIES);

/** SHA-256 in base64. */
const PIN = /^[A-Za-z0-9+/]{43}=$/;

/** The rows of `tls`. */
export const TLS = {
  /** How far TLS is required. Default: the dialect's policy. */
  policy: optional(policyOption),
  /**
   * The name that the certificate must be valid for, and that SNI says. Default: the dialect's domain; for
   * `component` and `jabberd2` the host; over a WebSocket the host of its address.
   */
  servername: optional(host),
  /** Certificates (PEM) to trust instead of the system's. Default: the system's. */
  ca: optional<readonly string[], string | readonly string[]>(certificates),
  /** The client's certificate chain (PEM); it goes with `key`. Default: none. */
  cert: maybeText,
  /** The client's private key (PEM). Default: none. */
  key: maybeText,
  /** SHA-256 of public keys (SPKI, base64): the server's must be one of them as well. Default: none. */
  pins: optional(pins),
  /** The oldest version of TLS that is spoken. Default `TLSv1.2`. */
  minVersion: choice("TLSv1.2", ["TLSv1.2", "TLSv1.3"]),
};

/** How TLS is done. */
export interface TlsOptions extends Takes<typeof TLS> {}

/** How TLS is done, without the client's key; undefined: the dialect's policy, the name by its kind. */
export interface TlsWithoutKey extends Omit<Settled<typeof TLS>, "key"> {}

const details = group<TlsOptions, Settled<typeof TLS>>(TLS);

/** The row `tls`: a policy, or a policy and its details. */
export const tlsOption: Option<TlsPolicy | TlsOptions, TlsWithoutKey> = {
  rows: TLS,
  fallback: withoutKey(details.fallback),
  check(name, value) {
    if (typeof value === "string") {
      return withoutKey({ ...details.fallback, policy: policyOption(name, value) });
    }
    const settled = details.check(name, value);
    if ((settled.cert === undefined) !== (settled.key === undefined)) {
      const got = settled.cert === undefined ? "only key" : "only cert";
      throw badOption("tls.cert and tls.key", "given together", got);
    }
    return withoutKey(settled);
  },
};

/** The client's key, which the settings do not show. */
export function keyOf(options: {
  readonly tls?: TlsPolicy | TlsOptions | undefined;
}): string | undefined {
  const tls = Object.hasOwn(options, "tls") ? options.tls : undefined;
  return typeof tls === "object" && Object.hasOwn(tls, "key") ? tls.key : undefined;
}

/** The policy for a host. Ends in `BAD_OPTION` where the dialect has none for it and the options give none. */
export function policyFor(
  { name, tls }: Pick<Dialect, "name" | "tls">,
  given: TlsPolicy | undefined,
  host: string,
): TlsPolicy {
  const policy = given ?? tls;
  if (policy !== "by-host") return policy;
  if (isLoopback(host)) return "plaintext";
  const words = POLICIES.map((word) => JSON.stringify(word)).join(", ");
  const where = `(the dialect ${name} has no default for another machine, and ${host} is one)`;
  throw badOption("tls", `one of ${words} ${where}`, given);
}

/** True if a host is this machine: 127.0.0.0/8, ::1, localhost. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

function withoutKey(settled: Settled<typeof TLS>): TlsWithoutKey {
  const { policy, servername, ca, cert, pins, minVersion } = settled;
  return Object.freeze({ policy, servername, ca, cert, pins, minVersion });
}

function certificates(name: string, value: unknown): readonly string[] {
  return texts(name, Array.isArray(value) ? value : [value]);
}

function pins(name: string, value: unknown): readonly string[] {
  const digests = texts(name, value);
  const bad = digests.find((digest) => !PIN.test(digest));
  if (bad !== undefined) throw badOption(name, "SHA-256 digests in base64", bad);
  return digests;
}

/** A list of texts. An empty list is refused: it must not pass for no list. */
function texts(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw badOption(name, "a list that is not empty", value);
  }
  return Object.freeze(value.map((one: unknown) => text(name, one)));
}
