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

/** What may stand in a template: a child, several, or nothing (`false`, so that `&&` can be used). */
export type Hole = Child | false | readonly Hole[];

/** `xml(…)` and `` xml`…` ``. */
export interface Xml {
  /**
   * Builds an element. `xmlns` among the attributes is its namespace (`""` for none; left out, it has
   * its parent's, and as a stanza `jabber:client`), `xmlns:p` declares a prefix.
   *
   * @example xml("message", { to: "romeo@example.net", type: "chat" }, xml("body", {}, "Hello"))
   */
  (name: string, attrs?: AttributesInit | null, ...children: Child[]): Element;
  /**
   * Builds an element as it is written. What is put in is escaped: in content a text, an element or a
   * list of them; as a value, with or without quotes, a text. A whole value that is `undefined`, `null`
   * or `false` leaves out its attribute, or the namespace or prefix it would declare. White space that contains
   * a line end and stands beside a tag is layout, and left out (in CDATA nothing is). Throws an `XmlError` where
   * the template is not legal XML, `BAD_OPTION` where an element stands in an attribute.
   *
   * @example xml`<message to=${jid} type='chat'><body>Hello ${name}</body></message>`
   */
  (template: TemplateStringsArray, ...values: Hole[]): Element;
}

/** What a template means, with marks where its values go: made once, used each time. */
interface Plan {
  readonly skeleton: Element;
  /** A character that the template has not, and that stands on both sides of a value's number. */
  readonly mark: string;
}

/** Elements in no namespace that the template names: their parent's. */
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

/** An array that was read from JSON is no template: only a template has `raw`. */
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
      // Two prefixes may have been given one namespace.
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

  /** `#text`, or `undefined` where a value that is nothing stands alone. */
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
      throw new BrokerError("BAD_OPTION", `value ${n + 1} of the template stands in an attribute`);
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
