import { NAME_REST, NAME_START } from "../xml/qname.ts";
import { isSpace } from "./value.ts";
import { XPathError } from "./xpath-error.ts";

/** The kinds of tokens. `name` is a name test; `operator` is an operator of XPath 1.0, 3.7. */
export type TokenKind =
  | "number"
  | "literal"
  | "variable"
  | "function"
  | "node-type"
  | "axis"
  | "name"
  | "operator"
  | "punctuation"
  | "end";

/** A token at an `offset` in the expression. Its `text` has no quotes, no `$` and no white space. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

const NCNAME = `[${NAME_START}][${NAME_REST}]*`;

// Each pattern takes linear time: no two neighbouring parts of it match the same character.
const NUMBER = /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)/y;
const QNAME = new RegExp(`${NCNAME}(?::(?!:)${NCNAME})?`, "uy");
const NAME_TEST = new RegExp(`${NCNAME}(?::(?!:)(?:${NCNAME}|\\*))?`, "uy");
const LONG_SIGNS = new Set(["..", "//", "::", "!=", "<=", ">="]);
const SIGNS = new Set("()[].@,/|+-=<>*".split(""));

const PUNCTUATION = new Set(["(", ")", "[", "]", ".", "..", "@", ",", "::"]);
const OPERATOR_NAMES = new Set(["and", "or", "mod", "div"]);
const NODE_TYPES = new Set(["comment", "text", "processing-instruction", "node"]);
// An operand follows each of these, so that `*` is a name test there and `div` an element.
const OPERAND_FOLLOWS = new Set(["@", "::", "(", "[", ","]);

/**
 * Cuts an expression into tokens (XPath 1.0, 3.7); the last one is `end`. The token before a star or
 * a word decides its kind:
 *
 *     div div div
 *     ^ a name test: nothing stands before it
 *         ^ an operator: an operand stands before it
 *             ^ a name test: an operator stands before it
 */
export function lex(expression: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.test(expression) ? expression.slice(offset, pattern.lastIndex) : undefined;
  };
  const fail = (problem: string, at: number): never => {
    throw new XPathError("XPATH_SYNTAX", problem, expression, at);
  };
  const push = (kind: TokenKind, text: string, length = text.length): void => {
    tokens.push({ kind, text, offset });
    offset += length;
  };

  for (;;) {
    while (isSpace(expression.charCodeAt(offset))) offset++;
    if (offset >= expression.length) break;
    const char = expression.charAt(offset);
    const last = tokens.at(-1);
    const afterOperand =
      last !== undefined &&
      last.kind !== "operator" &&
      !(last.kind === "punctuation" && OPERAND_FOLLOWS.has(last.text));

    if (char === '"' || char === "'") {
      const end = expression.indexOf(char, offset + 1);
      if (end < 0) fail("this string is never closed", offset);
      push("literal", expression.slice(offset + 1, end), end + 1 - offset);
      continue;
    }
    const number = char === "." || (char >= "0" && char <= "9") ? take(NUMBER) : undefined;
    if (number !== undefined) {
      push("number", number);
      continue;
    }
    if (char === "$") {
      offset++;
      const name = take(QNAME) ?? fail('expected a name after "$"', offset);
      offset--;
      push("variable", name, name.length + 1);
      continue;
    }
    const name = take(NAME_TEST);
    if (name !== undefined) {
      push(
        afterOperand && OPERATOR_NAMES.has(name)
          ? "operator"
          : kindOfName(name, expression, offset),
        name,
      );
      continue;
    }
    const pair = expression.slice(offset, offset + 2);
    const sign = LONG_SIGNS.has(pair) ? pair : char;
    if (sign === char && !SIGNS.has(char)) {
      fail(`${JSON.stringify(char)} is not allowed here`, offset);
    }
    if (sign === "*") push(afterOperand ? "operator" : "name", sign);
    else push(PUNCTUATION.has(sign) ? "punctuation" : "operator", sign);
  }
  push("end", "");
  return tokens;
}

/** Returns the kind of a name: the text after it makes it a function, an axis, or a name test. */
function kindOfName(name: string, expression: string, offset: number): TokenKind {
  let next = offset + name.length;
  while (isSpace(expression.charCodeAt(next))) next++;
  if (expression.startsWith("::", next)) return "axis";
  if (expression.startsWith("(", next)) return NODE_TYPES.has(name) ? "node-type" : "function";
  return "name";
}
