import { POLICIES } from "../../contract/rows/tls-options.ts";
import { type DialectName, dialects } from "../../dialect/dialects.ts";
import type { TlsPolicy } from "../../transport/tls-facts.ts";
import { wrong } from "../arguments.ts";
import type { Given } from "../command.ts";
import { type CommandOptionName, identityOf } from "../command-options.ts";

/** A demonstration on a server of the user's. */
export interface Visit {
  readonly dialect: DialectName;
  /** The options of the dialect, without its secret. */
  readonly identity: Readonly<Record<string, string | true>>;
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** The file with the certificates to trust. */
  readonly ca: string | undefined;
  readonly tls: TlsPolicy | undefined;
  /** True if the elements on the wire are printed, without secrets. */
  readonly trace: boolean;
}

const names = Object.keys(dialects) as DialectName[];

/** Reads the options of a visit. Throws `Wrong`. */
export function readVisit(given: Given): Visit {
  const dialect = oneOf("dialect", names, given) ?? wrong("--dialect needs a value");
  return {
    dialect,
    identity: readIdentity(dialect, given),
    host: text("host", given),
    port: readPort(text("port", given)),
    ca: text("ca", given),
    tls: oneOf("tls", POLICIES, given),
    trace: given.trace === true,
  };
}

function readIdentity(dialect: DialectName, given: Given): Record<string, string | true> {
  const { needs, takes } = identityOf(dialect);
  const known = names.map(identityOf).flatMap((each) => [...each.needs, ...each.takes]);
  const foreign = known.find(
    (name) => given[name] !== undefined && !needs.includes(name) && !takes.includes(name),
  );
  if (foreign !== undefined) {
    wrong(`--${foreign} does not go with --dialect ${dialect}, which wants ${spell(needs)}`);
  }
  const missing = needs.filter((name) => given[name] === undefined);
  if (missing.length > 0) wrong(`--dialect ${dialect} needs ${spell(missing)}`);
  const own = [...needs, ...takes].flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(own);
}

function readPort(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65_535) wrong(`--port must be from 1 to 65535, got ${value}`);
  return port;
}

function oneOf<Value extends string>(
  name: CommandOptionName,
  values: readonly Value[],
  given: Given,
): Value | undefined {
  const value = text(name, given);
  if (value === undefined) return undefined;
  const found = values.find((candidate) => candidate === value);
  return found ?? wrong(`--${name} must be one of ${values.join(", ")}, got ${value}`);
}

function text(name: CommandOptionName, given: Given): string | undefined {
  const value = given[name];
  return value === true ? undefined : value;
}

function spell(options: readonly CommandOptionName[]): string {
  return options.map((name) => `--${name}`).join(" and ");
}
