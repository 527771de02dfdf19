import { isElement, type XPathNode } from "../xml/element.ts";

/** What an expression gives: one of the four types of XPath 1.0, section 1. */
export type XPathValue = XPathNode[] | string | number | boolean;

/** What a variable may hold, or a caller's function may return. */
export type XPathInput = readonly XPathNode[] | string | number | boolean;

/** Whether something that came from outside is a value of XPath: a list of nodes or a plain value. */
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
 * A function of the caller's, bound under the name it is called by. Arguments come as the expression
 * gives them (convert with `toText`, `toNumber`, `toBoolean`); what it throws ends the evaluation.
 *
 * @example compile("lower(@type) = 'chat'", { functions: { lower: (v) => toText(v).toLowerCase() } })
 */
export type XPathFunction = (...args: XPathValue[]) => XPathInput;

/** The types an expression can have before it is evaluated; `any` is known only afterwards. */
export type Type = "nodes" | "string" | "number" | "boolean" | "any";

/** A string as a number (XPath 1.0, 4.4): no plus sign, no exponent, white space around it allowed. */
export function numberOf(text: string): number {
  const trimmed = trim(text);
  return NUMERAL.test(trimmed) ? Number(trimmed) : Number.NaN;
}

const NUMERAL = /^-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/;

/** White space of XML, cut off at both ends in linear time. */
export function trim(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** Whether a character code is white space of XML: space, tab, line feed, carriage return. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** A number as a string (XPath 1.0, 4.2): never an exponent, no minus before zero. */
export function textOfNumber(value: number): string {
  if (value === 0) return "0";
  const text = String(value);
  return text.includes("e") ? withoutExponent(text) : text;
}

/** `1.5e+21` and `1.5e-7`, as JavaScript prints them, with the zeros written out. */
function withoutExponent(text: string): string {
  const sign = text.startsWith("-") ? "-" : "";
  const [mantissa = "", exponent = "0"] = text.slice(sign.length).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}

/** A value that is no node-set as XPath's `string()` has it. */
export function textOfPlain(value: string | number | boolean): string {
  return typeof value === "number" ? textOfNumber(value) : String(value);
}

/** Any value as XPath's `string()` has it; a node-set is its first node. */
export function toText(value: XPathInput): string {
  if (typeof value !== "object") return textOfPlain(value);
  const first = value[0];
  return first === undefined ? "" : textOfNode(first);
}

/** Any value as XPath's `number()` has it. */
export function toNumber(value: XPathInput): number {
  return typeof value === "object" || typeof value === "string"
    ? numberOf(toText(value))
    : Number(value);
}

/** Any value as XPath's `boolean()` has it. */
export function toBoolean(value: XPathInput): boolean {
  return isTrue(value);
}

/** `toBoolean`, for whatever a node-set is a list of. */
export function isTrue(value: string | number | boolean | readonly unknown[]): boolean {
  // Of numbers, zero and NaN are false, in JavaScript as in XPath; of texts, the empty one.
  return typeof value === "object" ? value.length > 0 : Boolean(value);
}

/** The string-value of a node (XPath 1.0, 5): of an element, all text within it. */
export function textOfNode(node: XPathNode): string {
  const root = isElement(node) ? node : node.kind === "document" ? node.root : undefined;
  if (root === undefined) return (node as { value: string }).value;
  let text = "";
  // A stack of our own: trees that a program built may be deeper than the call stack.
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
