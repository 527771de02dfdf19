import { readFile } from "node:fs/promises";
import { isBrokerError } from "../base/errors.ts";
import { oneLine } from "../base/text/printable.ts";
import { readArguments, Wrong, wrong } from "./arguments.ts";
import type { Command, Terminal } from "./command.ts";
import { commands } from "./commands.ts";
import { help } from "./help.ts";

/**
 * Runs the command line and resolves with its exit status: 0 for success, 1 for a failure, 2 for arguments that cannot
 * be used. A failure is one line on `err`, with the code of its error.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  try {
    await attempt(argv, terminal);
    return 0;
  } catch (thrown) {
    if (thrown instanceof Wrong) {
      complain(terminal, `${thrown.line} (see xmpp-broker --help)`);
      return 2;
    }
    if (!isBrokerError(thrown)) throw thrown;
    complain(terminal, `${thrown.code}: ${thrown.message}`);
    // These two come from the arguments, before any socket opens.
    return thrown.code === "BAD_OPTION" || thrown.code === "BAD_JID" ? 2 : 1;
  }
}

async function attempt(argv: readonly string[], terminal: Terminal): Promise<void> {
  const { given, words } = readArguments(argv);
  if (given.help === true) {
    terminal.out(help(commands, terminal.columns));
    return;
  }
  if (given.version === true) {
    terminal.out(`${await version()}\n`);
    return;
  }
  const [name, ...rest] = words;
  if (name === undefined) wrong("no command is given: try xmpp-broker demo");
  const command = find(name);
  const extra = rest[command.words ?? 0];
  if (extra !== undefined) wrong(`${extra} is not expected after ${name}`);
  await command.run(given, terminal, rest);
}

function find(name: string): Command {
  const found = Object.entries<Command>(commands).find(([each]) => each === name);
  return found?.[1] ?? wrong(`unknown command ${name}: try ${Object.keys(commands).join(", ")}`);
}

/** Prints one line, even if a server put several into its error. */
function complain(terminal: Terminal, line: string): void {
  terminal.err(`xmpp-broker: ${oneLine(line)}\n`);
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
