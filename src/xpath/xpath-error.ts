import { BrokerError } from "../base/errors.ts";

/** How much of a long expression an error shows on either side of the offset, in characters. */
const WINDOW = 40;

/**
 * An XPath expression that cannot be used (`XPATH_SYNTAX`, found when it is compiled), or whose
 * evaluation took more steps than allowed (`XPATH_LIMIT`). The message shows the place:
 *
 *     expected ")" at offset 10
 *       count(body
 *                 ^
 */
export class XPathError extends BrokerError {
  override readonly name: string = "XPathError";
  /** The expression as it was given. */
  readonly expression: string;
  /** Where in the expression, counted in UTF-16 code units from 0. */
  readonly offset: number;

  constructor(
    code: "XPATH_SYNTAX" | "XPATH_LIMIT",
    problem: string,
    expression: string,
    offset: number,
  ) {
    super(code, `${problem} at offset ${offset}\n${caret(expression, offset)}`);
    this.expression = expression;
    this.offset = offset;
  }
}

function caret(expression: string, offset: number): string {
  const from = Math.max(0, offset - WINDOW);
  const to = Math.min(expression.length, offset + WINDOW);
  const before = from > 0 ? "…" : "";
  const after = to < expression.length ? "…" : "";
  // A line break or a tab would put the caret elsewhere.
  const shown = before + expression.slice(from, to).replace(/\s/g, " ") + after;
  return `  ${shown}\n  ${" ".repeat(before.length + offset - from)}^`;
}
