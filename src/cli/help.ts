import { type DialectName, dialects } from "../dialect/dialects.ts";
import type { Command } from "./command.ts";
import {
  type CommandOption,
  type CommandOptionName,
  commandOptions,
  identityOf,
  written,
} from "./command-options.ts";
import { list, wrap } from "./layout.ts";

/** The text of `xmpp-broker --help`, made from the tables of commands, dialects and options. */
export function help(commands: Readonly<Record<string, Command>>, columns: number): string {
  const usage = Object.values(commands).flatMap(({ usage }) => usage);
  const logins = (Object.keys(dialects) as DialectName[]).map((name) => {
    const { needs, takes } = identityOf(name);
    const options = [...needs.map(written), ...takes.map((option) => `[${written(option)}]`)];
    return [`--dialect ${name} ${options.join(" ")}`, dialects[name].line] as const;
  });
  const options = (Object.keys(commandOptions) as CommandOptionName[]).flatMap((name) => {
    const { line }: CommandOption = commandOptions[name];
    return line === undefined ? [] : [[written(name), line] as const];
  });
  return [
    ...wrap("xmpp-broker: see the dialects of XMPP at work", columns),
    "",
    "Usage",
    ...list(usage, columns),
    "",
    "Login",
    ...list(logins, columns),
    "",
    "Options",
    ...list(options, columns),
    "",
    ...wrap(
      "The password, or a component's secret, comes from XMPP_PASSWORD, or the command asks for it. It is never " +
        "taken from the command line, where other users could read it. With NO_COLOR set, nothing is coloured.",
      columns,
    ),
    "",
    ...wrap(
      "Exit status: 0 success, 1 failure (one line with the code), 2 wrong arguments.",
      columns,
    ),
    "",
  ].join("\n");
}
