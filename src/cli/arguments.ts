import { parseArgs } from "node:util";
import type { Given } from "./command.ts";
import { type CommandOption, commandOptions, isCommandOption } from "./command-options.ts";

/** The words of a command line: its options, and the rest. */
export interface Arguments {
  readonly given: Given;
  readonly words: readonly string[];
}

/** A complaint about the command line, in one line. The command ends with status 2. */
export class Wrong {
  readonly line: string;

  constructor(line: string) {
    this.line = line;
  }
}

/** Ends the command with a complaint about the command line. */
export function wrong(line: string): never {
  // It is no error of the library, and needs no stack: the command catches it.
  // eslint-disable-next-line @typescript-eslint/only-throw-error
  throw new Wrong(line);
}

const options = Object.fromEntries(
  Object.entries<CommandOption>(commandOptions).map(([name, { value, short }]) => {
    const type: "boolean" | "string" = value === undefined ? "boolean" : "string";
    return [name, short === undefined ? { type } : { type, short }];
  }),
);

/**
 * Cuts the command line (without the interpreter and the script) into options and words. Throws `Wrong`. Node's parser
 * does the cutting, but not strictly: its own complaints run over several lines.
 */
export function readArguments(argv: readonly string[]): Arguments {
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const given: Partial<Record<string, string | true>> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (name === "password" || name === "secret") {
      wrong(`${rawName} is not taken: set XMPP_PASSWORD, or wait to be asked`);
    }
    if (!isCommandOption(name)) wrong(`unknown option ${rawName}`);
    if (options[name]?.type === "boolean") {
      if (value !== undefined) wrong(`${rawName} takes no value`);
      given[name] = true;
    } else {
      if (value === undefined || value === "" || (!token.inlineValue && value.startsWith("-"))) {
        wrong(`${rawName} needs a value`);
      }
      if (name in given) wrong(`${rawName} is given twice`);
      given[name] = value;
    }
  }
  return { given, words };
}
