import type { CommandOptionName } from "./command-options.ts";

/** The options that a command line gives; a flag is true. */
export type Given = Readonly<Partial<Record<CommandOptionName, string | true>>>;

/** One command. A new one is a file here and a line in `commands.ts`. */
export interface Command {
  /** The ways to call it, each with its line in the help. */
  readonly usage: readonly (readonly [words: string, line: string])[];
  /** How many words it takes behind its name. Default: none. */
  readonly words?: number;
  /** Does it. Throws `Wrong` for options that cannot be used, and the `BrokerError` of a failure. */
  run(given: Given, terminal: Terminal, words: readonly string[]): Promise<void>;
}

/** The terminal, or the pipe, that the command runs on. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** How wide a line of `out` may be. */
  readonly columns: number;
  readonly env: NodeJS.ProcessEnv;
  /** True if `out` may be coloured. */
  readonly colours: boolean;
  /** Asks for a secret; undefined where no person can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** The width of lines where none is known. */
const USUAL = 80;

/** The narrowest lines that are laid out. A narrower terminal breaks them itself. */
const LEAST = 20;

/** The width of a terminal; of a pipe, `COLUMNS` or 80. */
export function columnsOf(terminal: number | undefined, env: NodeJS.ProcessEnv): number {
  const columns = terminal ?? Number.parseInt(env.COLUMNS ?? "", 10);
  return columns > 0 ? Math.max(columns, LEAST) : USUAL;
}
