import { badOption, knownOptions, record } from "../../base/check.ts";
import type { Option } from "../../base/option.ts";
import { tryCarriedJid } from "../../jid/carried.ts";
import type { Element } from "../../xml/element.ts";

/**
 * How the broker learns that the server has handled a stanza. `auto`: it asks while a delivery waits for a proof.
 * `always`: every delivery does. `false`: it never asks. `to`: the address to ask, as `auto`.
 */
export type AcksOption = "auto" | "always" | false | { readonly to: string };

/** The setting of `acks`; the address is prepared. */
export type AcksSetting = AcksOption;

/** The end of a stanza whose session ended before its proof: it is reported, or sent again. */
export type UnackedChoice = "report" | "requeue";

/** The setting of `unacked`: one choice for all stanzas, or a function that chooses for each. */
export type UnackedOption = UnackedChoice | ((stanza: Element) => UnackedChoice);

/** Makes the row of `acks`. */
export function acksRow(): Option<AcksOption, AcksSetting> {
  return { check: acksOption, fallback: "auto" };
}

/** Makes the row of `unacked`. */
export function unackedRow(): Option<UnackedOption> {
  return { check: unackedOption, fallback: "report" };
}

function acksOption(name: string, value: unknown): AcksSetting {
  if (value === "auto" || value === "always" || value === false) return value;
  if (typeof value !== "object") {
    throw badOption(name, '"auto", "always", false or { to: an address }', value);
  }
  const { to } = knownOptions(name, record(name, value), ["to"]);
  const address = typeof to === "string" ? tryCarriedJid(to) : undefined;
  if (address === undefined) throw badOption(`${name}.to`, "an address such as example.org", to);
  return Object.freeze({ to: address.full });
}

function unackedOption(name: string, value: unknown): UnackedOption {
  if (value === "report" || value === "requeue") return value;
  if (typeof value === "function") return value as UnackedOption;
  throw badOption(name, '"report", "requeue" or a function', value);
}
