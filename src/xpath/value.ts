import { isElement, type XPathNode } from "../xml/element.ts";

/** The result of an expression: one of the four types of XPath 1.0, section 1. */
export type XPathValue = XPathNode[] | string | number | boolean;

/** The value of a variable, or the result of a function that the caller bound. */
export type XPathInput = readonly XPathNode[] | string | number | boolean;

/** Returns true if a value from outside is a value of XPath: a list of nodes or a plain value. */
export function isXPathValue(value: unknown): value is XPathInput {
  if (Array.isArray(value)) return value.every(isNode);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isNode(value: unknown): boolean {
  if (typeof value !== "object" || value === null || isElement(value)) return isElement(value);
  const { kind, root, parent, value: text } = value as Readonly<Record<string, unknown>>;
  if (kind === "document") return isElement(root);
  return (kind === "attribute" || kind === "text") && isElement(parent) && typeof text === "string";
}

/**
 * A function that an expression can call. Its arguments are not converted: use `toText`, `toNumber`
 * and `toBoolean`. An error that it throws ends the evaluation. A result that is no value of XPath ends
 * it in `BAD_OPTION`.
 *
 * @example compile("lower(@type) = 'chat'", { functions: { lower: (v) => toText(v).toLowerCase() } })
 */
export type XPathFunction = (...args: XPathValue[]) => XPathInput;

/** The type of an expression before its evaluation. `any` means that only the evaluation tells. */
export type Type = "nodes" | "string" | "number" | "boolean" | "any";

/** Converts a string to a number (XPath 1.0, 4.4): without plus sign or exponent, perhaps within white space. */
export function numberOf(text: string): number {
  const trimmed = trim(text);
  return NUMERAL.test(trimmed) ? Number(trimmed) : Number.NaN;
}

const NUMERAL = /^-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/;

/** Cuts off white space of XML at both ends, in linear time. */
export function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** Returns true for the code of a space, tab, line feed or carriage return. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** Converts a number to a string (XPath 1.0, 4.2): without exponent, and without minus before zero. */
export function textOfNumber(value: number): string {
  if (value === 0) return "0";
  const text = String(value);
  return text.includes("e") ? withoutExponent(text) : text;
}

/** Writes out the zeros of `1.5e+21` or `1.5e-7`, the form in which JavaScript prints such numbers. */
function withoutExponent(text: string): string {
  const sign = text.startsWith("-") ? "-" : "";
  const [mantissa = "", exponent = "0"] = text.slice(sign.length).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}

/** Converts a string, number or boolean as XPath's `string()` does. */
export function textOfPlain(value: string | number | boolean): string {
  return typeof value === "number" ? textOfNumber(value) : String(value);
}

/** Converts any value as XPath's `string()` does; of a node-set the first node. */
export function toText(value: XPathInput): string {
  if (typeof value !== "object") return textOfPlain(value);
  const first = value[0];
  return first === undefined ? "" : textOfNode(first);
}

/** Converts any value as XPath's `number()` does. */
export function toNumber(value: XPathInput): number {
  return typeof value === "object" || typeof value === "string"
    ? numberOf(toText(value))
    : Number(value);
}

/** Converts any value as XPath's `boolean()` does. */
export function toBoolean(value: XPathInput): boolean {
  return isTrue(value);
}

/** Does the same as `toBoolean`, for a node-set that is a list of any kind of items. */
export function isTrue(value: string | number | boolean | readonly unknown[]): boolean {
  // Zero, NaN and the empty text are false, in JavaScript as in XPath.
  return typeof value === "object" ? value.length > 0 : Boolean(value);
}

/** Returns the string-value of a node (XPath 1.0, 5). That of an element is all text within it. */
export function textOfNode(node: XPathNode): string {
  const root = isElement(node) ? node : node.kind === "document" ? node.root : undefined;
  if (root === undefined) return (node as { value: string }).value;
  let text = "";
  // This stack is an array: a tree that a program built may be deeper than the call stack.
  const stack: (typeof root.children)[number][] = [root];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if (typeof item === "string") text += item;
    else
      for (let index = item.children.length - 1; index >= 0; index--) {
        const child = item.children[index];
        if (child !== undefined) stack.push(child);
      }
  }
  return text;
}
