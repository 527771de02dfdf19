import { badOption } from "../base/check.ts";
import { type Jid, jid } from "../jid/jid.ts";
import { mechanisms } from "../sasl/mechanisms.ts";

/** An option that is an address. Ends in `BAD_OPTION`. */
export function addressOption(option: string, value: unknown, wanted: "account" | "any"): Jid {
  const address = read(value);
  if (address !== undefined && (wanted === "any" || address.local !== undefined)) return address;
  throw badOption(
    option,
    wanted === "account" ? "an address such as user@example.org" : "an address",
    value,
  );
}

/** An option that is a domain: an address without user and resource. Ends in `BAD_OPTION`. */
export function domainOption(option: string, value: unknown): string {
  const address = read(value);
  if (address !== undefined && address.full === address.domain) return address.domain;
  throw badOption(option, "a domain such as example.org", value);
}

/** An option that is true or false; left out, it is the fallback. Ends in `BAD_OPTION`. */
export function flagOption(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw badOption(option, "true or false", value);
}

/** A list of mechanisms by their names. Ends in `BAD_OPTION`. */
export function mechanismsOption(option: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const known = mechanisms.map((mechanism) => mechanism.name);
  if (!Array.isArray(value) || value.length === 0) {
    throw badOption(option, `a list of mechanisms (${known.join(", ")})`, value);
  }
  return value.map((name: unknown) => {
    if (typeof name === "string" && known.includes(name)) return name;
    throw badOption(option, `a list of mechanisms (${known.join(", ")})`, name);
  });
}

function read(value: unknown): Jid | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return jid(value);
  } catch {
    return undefined;
  }
}
