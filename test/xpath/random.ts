import { type Element, xml } from "../../src/xml/element.ts";

/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

const NAMES = ["a", "b", "c"] as const;
const SPACES = ["", "urn:p", "urn:q"] as const;
const TEXTS = ["x", "xy", "1", "2", " 3 ", "-1.5", "0", "en", "a  b", "𝒳y", "\t"] as const;

/** A small tree, and the same as XML text. Every element has a number of its own in the attribute `n`. */
export function randomTree(random: Random): { element: Element; text: string } {
  let count = 0;
  const make = (depth: number, outer: string): { element: Element; text: string } => {
    const name = random.pick(...NAMES);
    const ns = random.pick(outer, outer, ...SPACES);
    const attrs: Record<string, string> = { n: String(count++) };
    const spelled = [`n="${attrs.n ?? ""}"`];
    for (const [key, spelling] of [
      ["k", "k"],
      ["l", "l"],
      ["xml:lang", "xml:lang"],
      ["{urn:p}k", "p:k"],
    ] as const) {
      if (!random.chance(30)) continue;
      const value = random.pick(...TEXTS).trim();
      attrs[key] = value;
      spelled.push(`${spelling}="${value}"`);
    }
    const children: (Element | string)[] = [];
    let inner = "";
    for (let left = depth > 3 ? 0 : random.below(4) + (depth < 2 ? 2 : 0); left > 0; left--) {
      if (random.chance(35)) {
        const text = random.pick(...TEXTS);
        children.push(text);
        inner += text;
      } else if (count < 20) {
        const child = make(depth + 1, ns);
        children.push(child.element);
        inner += child.text;
      }
    }
    const declared = depth === 0 ? ' xmlns:p="urn:p"' : "";
    const text = `<${name} xmlns="${ns}"${declared} ${spelled.join(" ")}>${inner}</${name}>`;
    const prefixes = depth === 0 ? { "xmlns:p": "urn:p" } : {};
    return { element: xml(name, { xmlns: ns, ...prefixes, ...attrs }, ...children), text };
  };
  return make(0, "");
}

/**
 * A random expression of XPath 1.0, as text. Element names without a prefix stand between `‹` and `›`,
 * since their meaning differs between engines. Left out is what libxml2 is known to do otherwise than
 * the specification says: see the differential test.
 */
export function randomExpression(random: Random): string {
  const grammar = new Grammar(random);
  return random.chance(30) ? grammar.nodes(2) : grammar.any(4);
}

/**
 * A random filter of the kind people write, with constants of which some occur in `randomTree`: what an
 * index can find, what looks as if it could, and what it must try on every stanza.
 */
export function randomFilter(random: Random): string {
  const name = (): string => random.pick("a", "b", "c", "*", "p:a", "q:*");
  const value = (): string =>
    `'${random.pick("x", "xy", "1", "2", "", "en", "y", "0", "a  b", "zz")}'`;
  const attribute = (): string => random.pick("@k", "@l", "@p:k", "@xml:lang", "@n", "@*");
  const path = (): string => {
    const start = random.pick("/", "/", "//", "", "", "(//", "/*/", "//*//", "//*//*/");
    const steps = `${name()}${random.chance(40) ? `${random.pick("/", "/", "//")}${name()}` : ""}`;
    return start === "(//" ? `(//${steps})[${random.pick("1", "last()")}]` : start + steps;
  };
  const condition = (depth: number): string => {
    const inner = (): string => condition(depth - 1);
    switch (random.below(depth > 0 ? 19 : 14)) {
      case 0:
      case 1:
        return `${attribute()} = ${value()}`;
      case 2:
        return `${value()} = ${name()}`;
      case 3:
        return `starts-with(${random.pick(attribute(), name(), ".")}, ${value()})`;
      case 4:
        return `contains(${random.pick(attribute(), name(), ".", "string()")}, ${value()})`;
      case 5:
        return `namespace-uri() = ${random.pick("'urn:p'", "'urn:q'", "''")}`;
      case 6:
        return `local-name() = ${random.pick("'a'", "'b'", "'z'")}`;
      case 7:
        return attribute();
      case 8:
        return `${random.pick("self", "child", "descendant", "ancestor")}::${name()}`;
      case 9:
        return random.pick("1", "2", "last()", "position() = 1", "text()", "..", "//b");
      case 10:
        return `${random.pick(attribute(), name(), ".", "text()")} = ${random.pick("1", "2", value())}`;
      case 11:
        return `string(${random.pick(attribute(), name(), `${attribute()} = 1`)}) = ${value()}`;
      case 12:
        return `count(${name()}) ${random.pick(">", "=", "<")} ${random.pick("0", "1", "2")}`;
      case 13:
        return `${attribute()} ${random.pick("!=", "<", ">=")} ${random.pick("1", "true()", value(), "@l")}`;
      case 14:
        return `not(${inner()})`;
      case 15:
        return `(${inner()} or ${inner()})`;
      case 16:
        return `${inner()} and ${inner()}`;
      case 17:
        return `boolean(${inner()})`;
      default:
        return `${path()}[${inner()}]`;
    }
  };
  const filter = (): string => {
    const predicates = [
      random.chance(70) ? `[${condition(2)}]` : "",
      random.chance(20) ? `[${condition(1)}]` : "",
    ];
    const tail = random.pick(
      "",
      "",
      "",
      `/${name()}`,
      "/@k",
      "//@p:k",
      "/..",
      `/text()`,
      "//node()",
    );
    return path() + predicates.join("") + tail;
  };
  switch (random.below(9)) {
    case 8:
      return `(${filter()} | ${filter()})[${condition(1)}]${random.pick("", "/*", "/@k", "//b")}`;
    case 0:
      return `${filter()} | ${filter()}`;
    case 1:
      return `${filter()} or ${condition(2)}`;
    case 2:
      return condition(3);
    case 3:
      return `${filter()} = ${value()}`;
    default:
      return filter();
  }
}

const AXES = [
  "child",
  "child",
  "child",
  "descendant",
  "descendant-or-self",
  "self",
  "parent",
  "ancestor",
  "ancestor-or-self",
  "following-sibling",
  "preceding-sibling",
  "following",
  "preceding",
  "attribute",
] as const;

class Grammar {
  readonly #random: Random;
  /** How many predicates deep: outside of any, libxml2 knows no position. */
  #inside = 0;
  /** True if the context node may be an attribute, from which libxml2's `following` differs. */
  #attribute = false;

  constructor(random: Random) {
    this.#random = random;
  }

  any(depth: number): string {
    const kind = this.#random.below(7);
    if (kind < 3) return this.nodes(depth);
    if (kind < 5) return this.boolean(depth);
    return kind === 5 ? this.number(depth) : this.string(depth);
  }

  nodes(depth: number): string {
    const random = this.#random;
    const kind = depth <= 0 ? 9 : random.below(20);
    if (kind === 0) return `${this.nodes(depth - 1)} | ${this.nodes(depth - 1)}`;
    if (kind === 1) return `(${this.nodes(depth - 1)})${this.#predicates(depth, true)}`;
    if (kind === 2) return `(${this.nodes(depth - 1)})${this.#slash()}${this.#steps(depth, true)}`;
    if (kind === 3) return `id(${this.any(depth - 2)})`;
    if (kind === 4) return random.pick(".", "..", "/", "@*", "//*", "//text()", "//@*");
    const start = random.pick("", "", "/", "//", "//");
    return start + this.#steps(depth, start === "" && this.#attribute);
  }

  #slash(): string {
    return this.#random.pick("/", "/", "//");
  }

  #steps(depth: number, fromAttribute: boolean): string {
    let text = "";
    let attribute = fromAttribute;
    for (let left = 1 + this.#random.below(4); left > 0; left--) {
      const step = this.#step(depth, attribute);
      attribute = step.attribute;
      text += step.text;
      if (left > 1) text += this.#slash();
    }
    return text;
  }

  #step(depth: number, fromAttribute: boolean): { text: string; attribute: boolean } {
    const random = this.#random;
    if (random.chance(12)) {
      const text = random.pick(".", "..");
      return { text, attribute: fromAttribute && text === "." };
    }
    let axis = random.pick(...AXES);
    if (fromAttribute && axis === "following") axis = "parent";
    const attribute = axis === "attribute";
    let spelled = axis === "child" && random.chance(80) ? "" : `${axis}::`;
    if (attribute && random.chance(80)) spelled = "@";
    const test = attribute
      ? random.pick("*", "k", "l", "n", "p:k", "p:*", "xml:lang", "node()")
      : random.pick("*", "*", "node()", "node()", "‹a›", "‹b›", "‹c›", "p:a", "p:*", "text()", "*");
    const staysAttribute =
      attribute ||
      (fromAttribute && ["self", "ancestor-or-self", "descendant-or-self"].includes(axis));
    const predicates = this.#predicates(depth, staysAttribute);
    return { text: spelled + test + predicates, attribute: staysAttribute };
  }

  #predicates(depth: number, onAttribute: boolean): string {
    const outer = this.#attribute;
    this.#attribute = onAttribute;
    let text = "";
    while (depth > 0 && this.#random.chance(20)) {
      this.#inside++;
      text += `[${this.#predicate(depth - 1)}]`;
      this.#inside--;
    }
    this.#attribute = outer;
    return text;
  }

  #predicate(depth: number): string {
    const random = this.#random;
    const kind = random.below(8);
    if (kind === 0) return random.pick("1", "2", "3", "last()", "last() - 1");
    if (kind === 1) return `position() ${this.#comparison()} ${random.pick("1", "2", "last()")}`;
    if (kind === 2) return `position() mod 2 = ${random.pick("0", "1")}`;
    if (kind === 3) return this.number(depth);
    if (kind === 4) return this.nodes(depth);
    return this.boolean(depth);
  }

  #comparison(): string {
    return this.#random.pick("=", "=", "!=", "<", "<=", ">", ">=");
  }

  boolean(depth: number): string {
    const random = this.#random;
    if (depth <= 0) return random.pick("true()", "false()", "@k", "@n = 2", "‹a›", "text()");
    const less = depth - 1;
    switch (random.below(10)) {
      case 0:
        return `not(${this.any(less)})`;
      case 1:
        return `boolean(${this.any(less)})`;
      case 2:
        return `(${this.boolean(less)} and ${this.any(less)})`;
      case 3:
        return `(${this.boolean(less)} or ${this.any(less)})`;
      case 4:
        return `contains(${this.string(less)}, ${this.string(less)})`;
      case 5:
        return `starts-with(${this.string(less)}, ${this.string(less)})`;
      case 6:
        return `lang(${this.string(less)})`;
      default:
        return `(${this.any(less)} ${this.#comparison()} ${this.any(less)})`;
    }
  }

  number(depth: number): string {
    const random = this.#random;
    if (depth <= 0) {
      const numeral = random.pick("0", "1", "2", "3", ".5", "1.", "10");
      return this.#inside > 0 && random.chance(30) ? random.pick("position()", "last()") : numeral;
    }
    const less = depth - 1;
    switch (random.below(12)) {
      case 0:
        return `(${this.number(less)} ${random.pick("+", "-", "*", "mod")} ${this.number(less)})`;
      case 1:
        return `(${this.number(less)} div ${random.pick("2", "4", "0", "-0")})`;
      case 2:
        return `count(${this.nodes(less)})`;
      case 3:
        return `sum(${this.nodes(less)})`;
      case 4:
        return `string-length(${this.string(less)})`;
      case 5:
        return `${random.pick("floor", "ceiling", "round")}(${this.number(less)})`;
      case 6:
        return `-${this.number(less)}`;
      case 7:
        return `number(${this.any(less)})`;
      case 8:
        return random.pick("number()", "string-length()");
      default:
        return this.number(0);
    }
  }

  string(depth: number): string {
    const random = this.#random;
    if (depth <= 0) return random.pick("'x'", '"xy"', "''", "'1'", "'a'", "'en'", "'y'", "' '");
    const less = depth - 1;
    const one = (): string => this.string(less);
    switch (random.below(14)) {
      case 0:
        return `concat(${one()}, ${one()}${random.chance(30) ? `, ${one()}` : ""})`;
      case 1:
        return `substring(${one()}, ${this.number(less)})`;
      case 2:
        return `substring(${one()}, ${this.number(less)}, ${this.number(less)})`;
      case 3:
        return `${random.pick("substring-before", "substring-after")}(${one()}, ${one()})`;
      case 4:
        return `normalize-space(${random.chance(80) ? one() : ""})`;
      case 5:
        return `translate(${one()}, ${one()}, ${one()})`;
      case 6:
        return `${random.pick("local-name", "name", "namespace-uri")}(${this.nodes(less)})`;
      case 7:
        return random.pick("local-name()", "name()", "namespace-uri()", "string()");
      case 8:
      case 9:
        return `string(${this.any(less)})`;
      default:
        return this.string(0);
    }
  }
}
