import type { Terminal } from "./command.ts";
import { layOut } from "./layout.ts";

/** Ways to set text off. On a terminal they colour it; elsewhere they leave it as it is. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly name: (text: string) => string;
}

/** True to colour the output. `NO_COLOR` with any value says no (no-color.org), and so does a terminal that is `dumb`. */
export function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
}

/** A paint that colours, or one that does nothing. */
function paintWith(colours: boolean): Paint {
  // Each style has two SGR codes: one begins it, the other ends it.
  const style = (begin: number, end: number) => (text: string) =>
    colours ? `\u001b[${begin}m${text}\u001b[${end}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    good: style(32, 39),
    bad: style(31, 39),
    name: style(36, 39),
  };
}

/** Prints the output of a command as wide as the terminal is. */
export class Printer {
  readonly paint: Paint;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.paint = paintWith(terminal.colours);
  }

  /** Prints a heading, after an empty line. */
  heading(text: string, more = ""): void {
    this.#terminal.out("\n");
    this.#print([this.paint.bold(text) + more]);
  }

  /** Prints parts beside one another, as far as they fit, and the others below. */
  line(...parts: readonly string[]): void {
    const [first = "", ...others] = parts;
    this.#print([`  ${first}`, ...others]);
  }

  #print(parts: readonly string[], hanging?: string): void {
    for (const line of layOut(parts, this.#terminal.columns, hanging)) this.raw(line);
  }

  /** Prints a step: how long it took, in milliseconds, then parts as `line` does. */
  step(milliseconds: number, ...parts: readonly string[]): void {
    const time = this.paint.dim(`${milliseconds.toFixed(1).padStart(7)} ms`);
    // The lines below begin under the first part, if there is room.
    const hanging = this.#terminal.columns < 60 ? undefined : " ".repeat(14);
    this.#print([`  ${time}`, ...parts], hanging);
  }

  /** Prints a sentence of its own. */
  sentence(text: string): void {
    this.#print([text]);
  }

  /** Prints a line as it is, however long it is. */
  raw(text: string): void {
    this.#terminal.out(`${text}\n`);
  }
}
