import type { Crypto } from "../base/crypto/crypto.ts";
import { type Mechanism, reveals } from "./mechanism.ts";
import { mechanisms } from "./mechanisms/mechanisms.ts";
import { isAtLeast, type Strength, strengthOf } from "./strength.ts";

/** The facts that the choice of mechanisms depends on. */
export interface Circumstances {
  /** The mechanisms that the server offers. */
  readonly offered: readonly string[];
  /** The mechanisms that the caller or the dialect names: no others are used. The order stays ours. */
  readonly named: readonly string[] | undefined;
  /** True if TLS protects the connection. */
  readonly secure: boolean;
  /** The least strength that may be used, because an earlier login had it. */
  readonly least: Strength;
  readonly crypto: Crypto;
}

/**
 * Chooses the mechanisms to try, in order: the strongest, then only mutual ones. The others are tried
 * where the server does not accept the first after all. A mechanism that reveals the secret is used only
 * inside TLS, and only if nothing stronger is offered: an attacker who changes the offer wants the client
 * to fall back to it. A SCRAM that this library does not have counts as stronger too, such as one that
 * binds the channel, unless the caller names the mechanisms. (DIGEST-MD5 is not stronger than PLAIN
 * inside TLS: RFC 6331.) The list is empty if nothing may be used.
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
