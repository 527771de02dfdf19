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

/** The meaning of the names in an expression, and the cost that its evaluation may have. */
export interface XPathOptions {
  /**
   * Namespaces by prefix. An element name without a prefix matches in any namespace, or in the
   * namespace of the empty prefix where that is bound (`""`: in none). An attribute name without a
   * prefix is in no namespace. `xml` is always bound.
   */
  readonly namespaces?: Readonly<Record<string, string>> | undefined;
  /** Variables by name; the name is the text after the `$`. */
  readonly variables?: Readonly<Record<string, XPathInput>> | undefined;
  /** Functions by name. The functions of XPath itself cannot be replaced. */
  readonly functions?: Readonly<Record<string, XPathFunction>> | undefined;
  /**
   * The steps that one evaluation may take before it ends in `XPATH_LIMIT`; 250,000 by default. In a
   * `FilterIndex` an evaluation may have fewer: see its `match`.
   */
  readonly steps?: number | undefined;
}

/**
 * A compiled expression. The given element is the context node, and the only child of a document
 * above it: `/message`, `self::message`, `body` and `//body` all work. Each method throws
 * `XPATH_LIMIT` when the expression takes more steps than allowed. It also throws every error of a
 * function that the caller bound.
 */
export interface XPath {
  /** The expression as it was given. */
  readonly expression: string;
  /** Returns the result of the expression. Nodes are in document order. */
  evaluate(element: Element): XPathValue;
  /** Returns the nodes of a node-set in document order; none for a string, number or boolean. */
  select(element: Element): XPathNode[];
  /** Converts the result as XPath's `boolean()` does: a node-set is true when it is not empty. */
  test(element: Element): boolean;
  /** Returns the first node of a node-set in document order. */
  first(element: Element): XPathNode | undefined;
}

/** A compiled expression with its tree, and with evaluation on a walk that expressions share. */
export class CompiledXPath implements XPath {
  readonly expression: string;
  /** The parsed expression after folding. */
  readonly tree: Expression;
  /** The type of the result: `any` where only the evaluation tells. */
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

  /** Does the same as `test`, on a shared walk. */
  testOn(walk: Walk): boolean {
    this.#testing ??= compiler.boolean(this.tree);
    walk.begin(this.expression, this.#steps);
    return this.#testing(walk.root, walk);
  }

  /**
   * Returns the result on a shared walk, or `undefined` if it is false. Most results are false, and
   * `test` finds that fastest. Where a match is `likely`, the nodes are gathered at once.
   */
  matchOn(walk: Walk, likely: boolean): XPathValue | undefined {
    if (this.type === "boolean") return this.testOn(walk) || undefined;
    if (likely && this.type === "nodes") {
      const nodes = this.evaluateOn(walk);
      return toBoolean(nodes) ? nodes : undefined;
    }
    return this.testOn(walk) ? this.evaluateOn(walk) : undefined;
  }

  /** Does the same as `evaluate`, on a shared walk. */
  evaluateOn(walk: Walk): XPathValue {
    this.#giving ??= compiler.value(this.tree);
    walk.begin(this.expression, this.#steps);
    const value = this.#giving(walk.root, walk);
    return typeof value === "object" ? value.map((place) => place.node) : value;
  }
}

/**
 * Compiles an XPath 1.0 expression for use on any number of elements. Throws an `XPathError` with
 * code `XPATH_SYNTAX` and the offset of the fault. The faults are bad syntax, an unbound prefix, an
 * unknown function or variable, a wrong number of arguments, more than 65,536 characters, more than
 * 64 brackets within brackets, more than 256 operators and steps within each other. Throws
 * `BAD_OPTION` for an argument or option of the wrong type.
 *
 * @example compile("/message[@type='chat']/body").select(stanza)
 */
export function compile(expression: string, options?: XPathOptions): XPath {
  return prepare(expression, options);
}

/** Does the same as `compile`; its type shows the tree. */
export function prepare(expression: string, options: XPathOptions = {}): CompiledXPath {
  const known = ["namespaces", "variables", "functions", "steps"];
  const own = knownOptions("compile", options, known, "the options of compile");
  const { namespaces = {}, variables = {}, functions = {}, steps = MAX_STEPS } = own;
  if (typeof (expression as unknown) !== "string") {
    throw new BrokerError(
      "BAD_OPTION",
      `the expression must be a string, got a ${typeof expression}`,
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
