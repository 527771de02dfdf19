import { badOption } from "../base/check.ts";
import { tryCarriedJid } from "../jid/carried.ts";
import type { Jid } from "../jid/jid.ts";
import { mechanisms } from "../sasl/mechanisms/mechanisms.ts";

/** Checks an option that is an address. Ends in `BAD_OPTION`. */
export function addressOption(option: string, value: unknown): Jid {
  const address = read(value);
  if (address !== undefined) return address;
  throw badOption(option, "an address such as example.org or user@example.org", value);
}

/** Checks an option that is the address of an account. Ends in `BAD_OPTION`. */
export function accountOption(option: string, value: unknown): Jid {
  const address = read(value);
  if (address?.local !== undefined) return address;
  throw badOption(option, "an address such as user@example.org", value);
}

/** Checks an option that is a domain: an address without local part and resource. Ends in `BAD_OPTION`. */
export function domainOption(option: string, value: unknown): string {
  const address = read(value);
  if (address !== undefined && address.full === address.domain) return address.domain;
  throw badOption(option, "a domain such as example.org", value);
}

/** Checks a list of mechanisms by their names. Ends in `BAD_OPTION`. */
export function mechanismsOption(option: string, value: unknown): readonly string[] {
  const known = mechanisms.map(({ name }) => name);
  const wanted = `a list of at least one mechanism (${known.join(", ")})`;
  if (!Array.isArray(value) || value.length === 0) throw badOption(option, wanted, value);
  return value.map((name: unknown) => {
    if (typeof name === "string" && known.includes(name)) return name;
    throw badOption(option, wanted, name);
  });
}

/** A part that RFC 7622 refuses stays as spelt, where servers allow it: an account may be what its server calls it. */
function read(value: unknown): Jid | undefined {
  return typeof value === "string" ? tryCarriedJid(value) : undefined;
}
