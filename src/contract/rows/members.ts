import { record, text, wholeNumber } from "../../base/check.ts";
import {
  type NeededOption,
  needed,
  type Option,
  optional,
  type Settled,
} from "../../base/option.ts";

/** The rows of an object that may have other members as well, such as a dialect of the caller's. */
export type MemberRows = Readonly<Record<string, NeededOption<unknown> | Option<unknown>>>;

/** A row for a text that is not empty, and for one that may be missing. */
export const aText = needed(text);
export const maybeText = optional(text);

/** A row for a whole number in a range, and for one that may be missing. */
export const aNumber = (least: number, most?: number) =>
  needed((name, value) => wholeNumber(name, value, least, most));
export const maybeNumber = (least: number, most?: number) =>
  optional((name, value) => wholeNumber(name, value, least, most));

/** Reads the members that the rows name; others are passed over. Ends in `BAD_OPTION`. */
export function readMembers<Rows extends MemberRows>(
  name: string,
  value: unknown,
  rows: Rows,
): Settled<Rows> {
  const given = record(name, value);
  const read = Object.entries(rows).map(([member, row]) => {
    const isLeftOut = given[member] === undefined && "fallback" in row;
    return [member, isLeftOut ? row.fallback : row.check(`${name}.${member}`, given[member])];
  });
  return Object.fromEntries(read) as Settled<Rows>;
}
