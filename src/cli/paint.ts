/** Ways to set text off; on a terminal they colour it, elsewhere they leave it as it is. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly name: (text: string) => string;
}

/** `NO_COLOR` with any value turns colours off (no-color.org), as does a terminal that is `dumb`. */
export function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
}

/** A paint that colours, or the one that does nothing. */
export function paint(colours: boolean): Paint {
  // SGR codes: one that begins, and the one that ends it.
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
