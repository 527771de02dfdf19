import { badOption } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import {
  type AttributesInit,
  build,
  type Child,
  Dictionary,
  Element,
  isElement,
  NO_PREFIXES,
} from "./element.ts";
import { parse } from "./read/parse.ts";
import { TemplateSource } from "./template-source.ts";
import { XmlError } from "./xml-error.ts";

/** A value in a template: a child, a list of them, or nothing (`false` too, so that `&&` can be used). */
export type Hole = Child | false | readonly Hole[];

/** `xml(…)` and `` xml`…` ``. */
export interface Xml {
  /**
   * Builds an element. The attribute `xmlns` is its namespace, `""` for none; without it the element is in
   * its parent's, or as a stanza in `jabber:client`. `xmlns:p` declares a prefix. An element is a child as it
   * is, another node of XPath by its text. Throws `BAD_OPTION` for a value that cannot be an attribute or a
   * child.
   *
   * @example xml("message", { to: "romeo@example.net", type: "chat" }, xml("body", {}, "Hello"))
   */
  (name: string, attrs?: AttributesInit | null, ...children: Child[]): Element;
  /**
   * Builds an element from a template. Values are escaped. In content a value may be a text, an element or
   * a list of them; in an attribute, with or without quotes, a text. An attribute whose whole value is
   * `undefined`, `null` or `false` is left out, also one that declares a namespace. White space beside a tag
   * is left out if it contains a line end, except in CDATA. Throws an `XmlError` if the template is not legal
   * XML, and `BAD_OPTION` if an element stands in an attribute.
   *
   * @example xml`<message to=${jid} type='chat'><body>Hello ${name}</body></message>`
   */
  (template: TemplateStringsArray, ...values: Hole[]): Element;
}

/** The element that a template means, with marks for its values. It is made once and used each time. */
interface Plan {
  readonly skeleton: Element;
  /** The character around the number of a value. The template does not contain it. */
  readonly mark: string;
}

/** The namespace of elements for which the template names none. They get their parent's. */
const AS_PARENT = "urn:xmpp-broker:as-parent";

const TWICE = "an attribute twice";

const plans = new WeakMap<TemplateStringsArray, Plan>();

/** Builds elements, called as a function or as the tag of a template. */
export const xml: Xml = (
  first: string | TemplateStringsArray,
  second?: AttributesInit | Hole,
  ...others: Hole[]
): Element => {
  if (typeof first === "string") {
    return build(first, second as AttributesInit | null | undefined, others as Child[]);
  }
  if (!isTemplate(first))
    throw badOption("the first argument of xml", "a name or a template", first);
  let plan = plans.get(first);
  if (plan === undefined) {
    plan = planOf(first);
    plans.set(first, plan);
  }
  return new Filling(plan.mark, [second as Hole, ...others]).element(plan.skeleton);
};

/** True if an array is a template. An array that was read from JSON has no `raw`. */
function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && Object.hasOwn(value, "raw");
}

function planOf(template: TemplateStringsArray): Plan {
  const whole = template.join("");
  let code = 0xe000;
  while (whole.includes(String.fromCharCode(code))) code++;
  const mark = String.fromCharCode(code);
  const source = new TemplateSource();
  for (const [n, part] of template.entries()) {
    if (n > 0) source.value(`${mark}${n - 1}${mark}`);
    source.text(part);
  }
  return { skeleton: parse(source.end(), { ns: AS_PARENT }), mark };
}

/** Puts the values of one call into a plan. */
class Filling {
  readonly #mark: string;
  readonly #values: readonly Hole[];

  constructor(mark: string, values: readonly Hole[]) {
    this.#mark = mark;
    this.#values = values;
  }

  element(skeleton: Element): Element {
    const { name, ns = "", attrs, prefixes, children } = skeleton;
    const filled = new Element(name, ns === AS_PARENT ? undefined : this.#textUnlessNothing(ns));
    for (const [key, marked] of Object.entries(attrs)) {
      const value = this.#textUnlessNothing(marked ?? "");
      if (value === undefined) continue;
      const spelt = this.#text(key);
      // The values may give two prefixes one namespace.
      if (spelt in filled.attrs) throw new XmlError("not-well-formed", TWICE, 0, spelt);
      filled.attrs[spelt] = value;
    }
    if (prefixes !== NO_PREFIXES) {
      const own = new Dictionary();
      for (const [prefix, marked] of Object.entries(prefixes)) {
        const uri = this.#textUnlessNothing(marked);
        if (uri !== undefined) own[prefix] = uri;
      }
      filled.prefixes = own;
    }
    for (const child of children) {
      if (typeof child !== "string") filled.append(this.element(child));
      else {
        for (const [n, part] of child.split(this.#mark).entries()) {
          if (n % 2 === 0) filled.append(part === "" ? null : part);
          else append(filled, this.#values[Number(part)]);
        }
      }
    }
    return filled;
  }

  /** Fills in a text. Undefined if a value stands alone in it and is nothing. */
  #textUnlessNothing(text: string): string | undefined {
    const parts = text.split(this.#mark);
    const isAlone = parts.length === 3 && parts[0] === "" && parts[2] === "";
    return isAlone && isNothing(this.#values[Number(parts[1])]) ? undefined : this.#text(text);
  }

  #text(text: string): string {
    const parts = text.split(this.#mark);
    return parts.map((part, n) => (n % 2 === 0 ? part : this.#valueText(Number(part)))).join("");
  }

  #valueText(n: number): string {
    const value = this.#values[n];
    if (isNothing(value)) return "";
    if (typeof value === "object") {
      if ("value" in value && typeof value.value === "string") return value.value;
      throw new BrokerError(
        "BAD_OPTION",
        `value ${n + 1} of the template must be a text or a number, since it stands in an attribute`,
      );
    }
    return String(value);
  }
}

function isNothing(value: Hole): value is null | undefined | false {
  return value === null || value === undefined || value === false;
}

function append(parent: Element, value: Hole): void {
  if (isNothing(value)) return;
  if (isList(value)) for (const each of value) append(parent, each);
  else parent.append(value);
}

function isList(value: Hole): value is readonly Hole[] {
  return Array.isArray(value) && !isElement(value);
}
