import { knownOptions, oneOf, record, trueOrFalse, wholeNumber } from "./check.ts";

/**
 * One row of a table of options. Its doc comment is its line of the documents. `Given` is the type that a caller
 * gives, `Settled` the type that the check makes of it.
 */
export interface NeededOption<Given, Settled = Given> {
  /** Reads a value that was given. Ends in `BAD_OPTION`. */
  readonly check: (name: string, value: unknown) => Settled;
  /** The rows of an option that is a group of options. */
  readonly rows?: OptionRows;
  /** Never there: it carries the type. */
  readonly given?: Given;
}

/** An option that may be left out. */
export interface Option<Given, Settled = Given> extends NeededOption<Given, Settled> {
  /** The value of an option that is left out. */
  readonly fallback: Settled;
}

/** Options that may all be left out, by their names. */
export type OptionRows = Readonly<Record<string, Option<unknown>>>;

/** All options of one function. */
export interface OptionTable {
  readonly needs: Readonly<Record<string, NeededOption<unknown>>>;
  readonly takes: OptionRows;
}

/** The type of an options object, as far as it must be given. */
export type Needs<Rows> = { readonly [Name in keyof Rows]: GivenAs<Rows[Name]> };

/** The type of an options object, as far as it may be left out. */
export type Takes<Rows> = { readonly [Name in keyof Rows]?: GivenAs<Rows[Name]> | undefined };

/** The type of the settings: no member is missing. */
export type Settled<Rows> = { readonly [Name in keyof Rows]: SettledAs<Rows[Name]> };

type GivenAs<Row> = Row extends NeededOption<infer Given, unknown> ? Given : never;
type SettledAs<Row> = Row extends NeededOption<unknown, infer Settled> ? Settled : never;

/** A row for an option that must be given. */
export function needed<Settled, Given = Settled>(
  check: (name: string, value: unknown) => Settled,
): NeededOption<Given, Settled> {
  return { check };
}

/** A row for an option that stays undefined where it is left out. */
export function optional<Settled, Given = Settled>(
  check: (name: string, value: unknown) => Settled,
): Option<Given, Settled | undefined> {
  return { check, fallback: undefined };
}

/** A row for a whole number. */
export function whole(
  fallback: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): Option<number> {
  return { check: (name, value) => wholeNumber(name, value, least, most), fallback };
}

/** A row for one of a few words. */
export function choice<const Word extends string>(
  fallback: NoInfer<Word>,
  words: readonly Word[],
): Option<Word> {
  return { check: (name, value) => oneOf(name, value, words), fallback };
}

/** A row for true or false. */
export function flag(fallback: boolean): Option<boolean> {
  return { check: trueOrFalse, fallback };
}

/**
 * A row for an object of options. All callers that leave it out share one frozen object: a gateway has thousands
 * of brokers.
 */
export function group<Given, Settled>(rows: OptionRows): Option<Given, Settled> {
  return {
    rows,
    check: (name, value) => Object.freeze(settleGroup(name, rows, value)) as Settled,
    fallback: defaultsOf(rows) as Settled,
  };
}

/** The values of options that are left out; frozen. */
export function defaultsOf<Rows extends OptionRows>(rows: Rows): Settled<Rows> {
  const values = Object.entries(rows).map(([name, { fallback }]) => [name, fallback]);
  return Object.freeze(Object.fromEntries(values) as Settled<Rows>);
}

/**
 * Reads all options of a function once; the result has them all. An option that is undefined counts as left out,
 * and so does one that the object only inherits. Ends in `BAD_OPTION`.
 */
export function settleOptions<Table extends OptionTable>(
  owner: string,
  { needs, takes }: Table,
  options: unknown,
): Settled<Table["needs"] & Table["takes"]> {
  const names = [...Object.keys(needs), ...Object.keys(takes)];
  const given = knownOptions(owner, options as Record<string, unknown>, names);
  const settled: Record<string, unknown> = {};
  for (const [name, { check }] of Object.entries(needs)) settled[name] = check(name, given[name]);
  settleRows(settled, takes, given, "");
  return settled as Settled<Table["needs"] & Table["takes"]>;
}

function settleGroup(owner: string, rows: OptionRows, group: unknown): Record<string, unknown> {
  const given = knownOptions(owner, record(owner, group), Object.keys(rows));
  const settled: Record<string, unknown> = {};
  settleRows(settled, rows, given, `${owner}.`);
  return settled;
}

function settleRows(
  settled: Record<string, unknown>,
  rows: OptionRows,
  given: Readonly<Record<string, unknown>>,
  prefix: string,
): void {
  for (const [name, { check, fallback }] of Object.entries(rows)) {
    const value = given[name];
    settled[name] = value === undefined ? fallback : check(prefix + name, value);
  }
}
