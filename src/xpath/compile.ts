import { badOption, callable, knownOptions, record } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { Element, XPathNode } from "../xml/element.ts";
import type { Code } from "./evaluate/code.ts";
import { compiler } from "./evaluate/compiler.ts";
import { coreFunctions, type Value } from "./evaluate/functions.ts";
import { MAX_STEPS, Walk } from "./evaluate/walk.ts";
import { type Expression, typeOf } from "./expression.ts";
import { fold } from "./fold.ts";
import { parse } from "./parser.ts";
import {
  isXPathValue,
  type Type,
  toBoolean,
  type XPathFunction,
  type XPathInput,
  type XPathValue,
} from "./value.ts";

/** What the names in an expression mean, and how much its evaluation may cost. */
export interface XPathOptions {
  /**
   * Namespaces by prefix. Without the empty prefix, unprefixed element names mean any namespace;
   * with it, that one (`""`: none). Unprefixed attribute names are in no namespace. `xml` is bound.
   */
  readonly namespaces?: Readonly<Record<string, string>> | undefined;
  /** Variables by name, as written after the `$`. */
  readonly variables?: Readonly<Record<string, XPathInput>> | undefined;
  /** Functions by name, as written before the `(`; those of XPath itself cannot be replaced. */
  readonly functions?: Readonly<Record<string, XPathFunction>> | undefined;
  /**
   * The steps that one evaluation may take before it ends in `XPATH_LIMIT`; 250,000 by default. In a
   * `FilterIndex` an evaluation may have fewer: see its `match`.
   */
  readonly steps?: number | undefined;
}

/**
 * A compiled expression. The element given is the context node, and above it is a document that has
 * it as its only child: `/message`, `self::message`, `body` and `//body` all work. Each method ends
 * in `XPATH_LIMIT` when the expression takes more steps than allowed, and passes on what a function
 * of the caller's throws.
 */
export interface XPath {
  /** The expression as it was given. */
  readonly expression: string;
  /** The result as it is; nodes are in document order. */
  evaluate(element: Element): XPathValue;
  /** The nodes of a node-set in document order; none for a string, number or boolean. */
  select(element: Element): XPathNode[];
  /** The result as `boolean()` has it: a node-set is true when it is not empty. */
  test(element: Element): boolean;
  /** The first node of a node-set in document order. */
  first(element: Element): XPathNode | undefined;
}

/** The compiled expression as the index sees it: its tree, and evaluation on a shared walk. */
export class CompiledXPath implements XPath {
  readonly expression: string;
  /** The expression with constants folded. */
  readonly tree: Expression;
  /** The type of the result, as far as it is known before evaluation. */
  readonly type: Type;
  readonly #steps: number;
  #testing: Code<boolean> | undefined;
  #giving: Code<Value> | undefined;

  constructor(expression: string, tree: Expression, steps: number) {
    this.expression = expression;
    this.tree = tree;
    this.type = typeOf(tree);
    this.#steps = steps;
  }

  evaluate(element: Element): XPathValue {
    return this.evaluateOn(new Walk(element));
  }

  select(element: Element): XPathNode[] {
    const value = this.evaluate(element);
    return typeof value === "object" ? value : [];
  }

  test(element: Element): boolean {
    return this.testOn(new Walk(element));
  }

  first(element: Element): XPathNode | undefined {
    return this.select(element)[0];
  }

  /** `test` on a walk that others share. */
  testOn(walk: Walk): boolean {
    this.#testing ??= compiler.boolean(this.tree);
    walk.begin(this.expression, this.#steps);
    return this.#testing(walk.root, walk);
  }

  /**
   * The result on a walk that others share, or `undefined` if it is false. Most are false, and that is
   * found fastest by `test`; where a match is `likely`, its nodes are gathered at once.
   */
  matchOn(walk: Walk, likely: boolean): XPathValue | undefined {
    if (this.type === "boolean") return this.testOn(walk) || undefined;
    if (likely && this.type === "nodes") {
      const nodes = this.evaluateOn(walk);
      return toBoolean(nodes) ? nodes : undefined;
    }
    return this.testOn(walk) ? this.evaluateOn(walk) : undefined;
  }

  /** `evaluate` on a walk that others share. */
  evaluateOn(walk: Walk): XPathValue {
    this.#giving ??= compiler.value(this.tree);
    walk.begin(this.expression, this.#steps);
    const value = this.#giving(walk.root, walk);
    return typeof value === "object" ? value.map((place) => place.node) : value;
  }
}

/**
 * Compiles an XPath 1.0 expression for use on any number of elements. Ends in an `XPathError` with
 * code `XPATH_SYNTAX` and the offset for whatever is wrong with it: syntax, unbound prefixes,
 * unknown functions and variables, wrong numbers of arguments, more than 65,536 characters, more
 * than 64 brackets or 256 operators and steps deep.
 *
 * @example compile("/message[@type='chat']/body").select(stanza)
 */
export function compile(expression: string, options?: XPathOptions): XPath {
  return prepare(expression, options);
}

/** `compile` with the type that shows the tree. */
export function prepare(expression: string, options: XPathOptions = {}): CompiledXPath {
  const known = ["namespaces", "variables", "functions", "steps"];
  const own = knownOptions("compile", options, known, "the options of compile");
  const { namespaces = {}, variables = {}, functions = {}, steps = MAX_STEPS } = own;
  if (typeof (expression as unknown) !== "string") {
    throw new BrokerError(
      "BAD_OPTION",
      `an expression must be a string, got a ${typeof expression}`,
    );
  }
  record("namespaces", namespaces);
  record("variables", variables);
  record("functions", functions);
  if (!(steps > 0)) throw new BrokerError("BAD_OPTION", `steps must be above 0, got ${steps}`);
  for (const [prefix, uri] of Object.entries<unknown>(namespaces)) {
    if (typeof uri !== "string") throw badOption(`namespaces.${prefix}`, "a text", uri);
  }
  for (const [name, value] of Object.entries(variables)) {
    if (isXPathValue(value)) continue;
    throw new BrokerError("BAD_OPTION", `the variable $${name} must be a value of XPath`);
  }
  for (const [name, given] of Object.entries(functions)) {
    callable(`functions.${name}`, given);
    if (!Object.hasOwn(coreFunctions, name)) continue;
    throw new BrokerError("BAD_OPTION", `functions must not replace XPath's own ${name}()`);
  }
  const tree = fold(parse(expression, { namespaces, variables, functions }));
  return new CompiledXPath(expression, tree, steps);
}
