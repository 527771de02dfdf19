import type { Crypto } from "../base/crypto.ts";
import { type Mechanism, reveals } from "./mechanism.ts";
import { mechanisms } from "./mechanisms.ts";
import { isAtLeast, type Strength, strengthOf } from "./strength.ts";

/** What the choice of mechanisms rests on. */
export interface Circumstances {
  /** What the server offers. */
  readonly offered: readonly string[];
  /** What the caller or the dialect names: only these are used, in our order all the same. */
  readonly named: readonly string[] | undefined;
  /** Whether TLS protects the connection. */
  readonly secure: boolean;
  /** The least strength that may be used: an earlier login had it. */
  readonly least: Strength;
  readonly crypto: Crypto;
}

/**
 * The mechanisms to try, in order: the strongest first; after it, for the case that the server does
 * not accept the mechanism, only mutual ones. So one that reveals the password is there only inside
 * TLS, and only where nothing stronger may be used: falling back to it would be what an attacker who
 * edits the offer is after. That holds for a SCRAM of which we know only the name, such as one that binds the
 * channel, unless the caller names PLAIN. (DIGEST-MD5 is not stronger than PLAIN inside TLS, RFC 6331.)
 * Empty: there is nothing that may be used.
 */
export function choose(
  { offered, named, secure, least, crypto }: Circumstances,
  table: readonly Mechanism[] = mechanisms,
): readonly Mechanism[] {
  const mayReveal = secure && (named !== undefined || !offered.some(isScram));
  const usable = table.filter(
    (mechanism) =>
      offered.includes(mechanism.name) &&
      (named === undefined ? !mechanism.onlyIfNamed : named.includes(mechanism.name)) &&
      (mayReveal || !reveals(mechanism)) &&
      isAtLeast(strengthOf(mechanism), least) &&
      mechanism.available(crypto),
  );
  const [first, ...others] = usable;
  if (first === undefined) return [];
  return [first, ...others.filter((mechanism) => mechanism.mutual)];
}

function isScram(name: string): boolean {
  return name.startsWith("SCRAM-");
}
