import { BrokerError } from "../base/errors.ts";

/** The characters of an expression that an error shows on either side of the offset. */
const WINDOW = 40;

/**
 * The error of an XPath expression. `XPATH_SYNTAX` means that it cannot be compiled, `XPATH_LIMIT`
 * that its evaluation took more steps than allowed. The message shows the place:
 *
 *     expected ")" at offset 10
 *       count(body
 *                 ^
 */
export class XPathError extends BrokerError {
  override readonly name: string = "XPathError";
  /** The expression as it was given. */
  readonly expression: string;
  /** The place in the expression, counted in UTF-16 code units from 0. */
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
  // A line break or a tab would move the caret.
  const shown = before + expression.slice(from, to).replace(/\s/g, " ") + after;
  return `  ${shown}\n  ${" ".repeat(before.length + offset - from)}^`;
}
