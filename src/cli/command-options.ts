import { POLICIES } from "../contract/rows/tls-options.ts";
import { type DialectName, dialects } from "../dialect/dialects.ts";
import { passwordOption } from "../sasl/password.ts";

/** One option of the command line. */
export interface CommandOption {
  /** The name of its value in the help; an option without one is a flag. */
  readonly value?: string;
  /** Its short form, one letter. */
  readonly short?: string;
  /** Its line in the help; an option without one belongs to a dialect. */
  readonly line?: string;
}

/** Every option of the command line. The options of a dialect have the names of its own table. */
export const commandOptions = {
  help: { short: "h", line: "this text" },
  version: { short: "v", line: "the version of the package" },
  dialect: { value: "DIALECT" },
  jid: { value: "ADDRESS" },
  domain: { value: "NAME" },
  username: { value: "NAME" },
  plaintext: {},
  host: { value: "NAME", line: "the server (default: the domain of the dialect)" },
  port: { value: "NUMBER", line: "its port (default: the dialect's)" },
  tls: { value: "POLICY", line: `${POLICIES.join(", ")} (default: the dialect's)` },
  ca: { value: "FILE", line: "certificates to trust, in PEM, instead of the system's" },
  trace: { line: "prints every element on the wire as well, without secrets" },
} as const satisfies Readonly<Record<string, CommandOption>>;

/** The name of an option of the command line. */
export type CommandOptionName = keyof typeof commandOptions;

/** True if the command line has an option of that name. */
export function isCommandOption(name: string): name is CommandOptionName {
  return Object.hasOwn(commandOptions, name);
}

/** The options of the command line that say who logs in, for one dialect. */
export interface Identity {
  readonly needs: readonly CommandOptionName[];
  readonly takes: readonly CommandOptionName[];
}

/** The identity options of a dialect: those of its own table that the command line has. */
export function identityOf(dialect: DialectName): Identity {
  const { needs, takes } = dialects[dialect].options;
  return {
    needs: Object.keys(needs).filter(isCommandOption),
    takes: Object.keys(takes).filter(isCommandOption),
  };
}

/** The name of the option of a dialect that takes its password or secret. */
export function secretOf(dialect: DialectName): string {
  const { needs, takes } = dialects[dialect].options;
  const rows = Object.entries({ ...needs, ...takes });
  const secret = rows.find(([, { check }]) => check === passwordOption);
  return secret?.[0] ?? "password";
}

/** An option as the help writes it: `--jid ADDRESS`. */
export function written(name: CommandOptionName): string {
  const { value }: CommandOption = commandOptions[name];
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}
