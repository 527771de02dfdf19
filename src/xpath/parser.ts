import { NS } from "../xml/namespaces.ts";
import { type AxisName, axes, isAxis } from "./evaluate/axes.ts";
import { type CoreFunction, coreFunctions } from "./evaluate/functions.ts";
import {
  type Arithmetic,
  type Comparison,
  type Expression,
  type NodeTest,
  type Step,
  typeOf,
} from "./expression.ts";
import { lex, type Token, type TokenKind } from "./lexer.ts";
import { nearest } from "./nearest.ts";
import type { XPathFunction, XPathInput } from "./value.ts";
import { XPathError } from "./xpath-error.ts";

/** The meaning of the names in an expression. */
export interface Names {
  readonly namespaces: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, XPathInput>>;
  readonly functions: Readonly<Record<string, XPathFunction>>;
}

/** The length of the longest expression, in UTF-16 code units. */
export const MAX_LENGTH = 65_536;

/** The greatest depth of brackets within brackets. */
export const MAX_NESTING = 64;

/**
 * The greatest depth of calls in an evaluation. Each step of a path is a call, each operator of a
 * chain such as `1 + 1 + 1`, and each bracket. `and`, `or` and `|` take any number of operands.
 */
export const MAX_HEIGHT = 256;

const BINDING: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  "=": 3,
  "!=": 3,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  div: 6,
  mod: 6,
};

const ANY_NODE: Step = { axis: "descendant-or-self", test: { kind: "node" }, predicates: [] };

const CONTEXT_NODE: Expression = { kind: "path", start: "context", predicates: [], steps: [] };

/** Parses an expression (XPath 1.0, 2 and 3). All faults of an expression are found here. */
export function parse(expression: string, names: Names): Expression {
  if (expression.length > MAX_LENGTH) {
    const problem = `longer than ${MAX_LENGTH} characters`;
    throw new XPathError("XPATH_SYNTAX", problem, expression, MAX_LENGTH);
  }
  return new Parser(expression, names).whole();
}

/** A parser by recursive descent, with one loop for all binary operators. */
class Parser {
  readonly #source: string;
  readonly #names: Names;
  readonly #tokens: readonly Token[];
  #next = 0;
  #nesting = 0;
  /** The depth of calls in the expression that was parsed last. */
  #height = 0;

  constructor(source: string, names: Names) {
    this.#source = source;
    this.#names = names;
    this.#tokens = lex(source);
  }

  whole(): Expression {
    const expression = this.#expression();
    if (this.#token.kind !== "end") this.#unexpected("an operator or the end");
    return expression;
  }

  get #token(): Token {
    // The last token is `end`, and the parser never goes past it.
    return this.#tokens[this.#next] as Token;
  }

  #is(text: string, kind: TokenKind = "punctuation"): boolean {
    return this.#token.kind === kind && this.#token.text === text;
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind !== "end") this.#next++;
    return token;
  }

  #skip(text: string, kind?: TokenKind): boolean {
    const found = this.#is(text, kind);
    if (found) this.#next++;
    return found;
  }

  #expect(text: string): void {
    if (!this.#skip(text)) this.#unexpected(`"${text}"`);
  }

  #fail(problem: string, offset = this.#token.offset): never {
    throw new XPathError("XPATH_SYNTAX", problem, this.#source, offset);
  }

  #unexpected(expected: string): never {
    const { kind, text } = this.#token;
    this.#fail(`expected ${expected}, found ${kind === "end" ? "the end" : JSON.stringify(text)}`);
  }

  #rise(height: number): void {
    if (height > MAX_HEIGHT) this.#fail(`deeper than ${MAX_HEIGHT} operators and steps`);
    this.#height = height;
  }

  /** Parses an expression within brackets, or the whole. */
  #expression(): Expression {
    if (++this.#nesting > MAX_NESTING) this.#fail(`more than ${MAX_NESTING} brackets deep`);
    const expression = this.#binary(1);
    this.#nesting--;
    return expression;
  }

  /**
   * Parses operators of at least some strength of binding.
   *
   *     a or b and c = d
   *       ^ binds less than `and` and `=`: its right side is all of `b and c = d`
   */
  #binary(weakest: number): Expression {
    let left = this.#unary();
    let height = this.#height;
    for (;;) {
      const operator = this.#token.text;
      const binding = this.#token.kind === "operator" ? (BINDING[operator] ?? 0) : 0;
      if (binding < weakest) break;
      this.#next++;
      const right = this.#binary(binding + 1);
      if ((left.kind === "or" || left.kind === "and") && left.kind === operator) {
        // One flat list, so that a long chain is not a deep tree.
        (left.operands as Expression[]).push(right);
        height = Math.max(height, this.#height + 1);
        continue;
      }
      height = Math.max(height, this.#height) + 1;
      this.#rise(height);
      if (operator === "or" || operator === "and") {
        left = { kind: operator, operands: [left, right] };
      } else if (binding <= 4) {
        left = { kind: "compare", operator: operator as Comparison, left, right };
      } else {
        left = { kind: "arithmetic", operator: operator as Arithmetic, left, right };
      }
    }
    this.#rise(height);
    return left;
  }

  #unary(): Expression {
    let minus = 0;
    while (this.#skip("-", "operator")) minus++;
    const operand = this.#union();
    if (minus === 0) return operand;
    this.#rise(this.#height + 2);
    const negated: Expression = { kind: "negate", operand };
    return minus % 2 === 1 ? negated : { kind: "negate", operand: negated };
  }

  #union(): Expression {
    const offset = this.#token.offset;
    const first = this.#path();
    if (!this.#is("|", "operator")) return first;
    this.#mustBeNodes(first, offset);
    const operands = [first];
    let height = this.#height;
    while (this.#skip("|", "operator")) {
      const from = this.#token.offset;
      const operand = this.#path();
      this.#mustBeNodes(operand, from);
      operands.push(operand);
      height = Math.max(height, this.#height);
    }
    this.#rise(height + 1);
    return { kind: "union", operands };
  }

  #mustBeNodes(expression: Expression, offset: number): void {
    const type = typeOf(expression);
    if (type !== "nodes" && type !== "any") this.#fail(`expected nodes, found a ${type}`, offset);
  }

  #path(): Expression {
    if (this.#skip("/", "operator")) {
      if (!this.#atStep()) {
        this.#rise(1);
        return { kind: "path", start: "document", predicates: [], steps: [] };
      }
      return this.#steps("document", [], [], 0);
    }
    if (this.#skip("//", "operator")) return this.#steps("document", [], [ANY_NODE], 0);
    if (this.#atStep()) return this.#steps("context", [], [], 0);

    const offset = this.#token.offset;
    const primary = this.#primary();
    let height = this.#height;
    const predicates = this.#predicates();
    const slash = this.#is("/", "operator") || this.#is("//", "operator");
    if (predicates.length === 0 && !slash) {
      this.#rise(height);
      return primary;
    }
    this.#mustBeNodes(primary, offset);
    height = Math.max(height, this.#height) + 1;
    this.#rise(height);
    if (!slash) return { kind: "path", start: primary, predicates, steps: [] };
    const steps = this.#take().text === "//" ? [ANY_NODE] : [];
    return this.#steps(primary, predicates, steps, height);
  }

  #atStep(): boolean {
    const { kind } = this.#token;
    if (kind === "name" || kind === "axis" || kind === "node-type") return true;
    return this.#is(".") || this.#is("..") || this.#is("@");
  }

  #steps(
    start: "document" | "context" | Expression,
    predicates: readonly Expression[],
    steps: Step[],
    startHeight: number,
  ): Expression {
    let height = startHeight;
    do {
      steps.push(this.#step());
      height = Math.max(height, startHeight + steps.length + this.#height);
      this.#rise(height);
      if (this.#is("//", "operator")) steps.push(ANY_NODE);
    } while (this.#skip("/", "operator") || this.#skip("//", "operator"));
    return { kind: "path", start, predicates, steps };
  }

  #step(): Step {
    this.#height = 0;
    if (this.#skip(".")) return { axis: "self", test: { kind: "node" }, predicates: [] };
    if (this.#skip("..")) return { axis: "parent", test: { kind: "node" }, predicates: [] };
    const axis = this.#axis();
    const test = this.#nodeTest(axis);
    return { axis, test, predicates: this.#predicates() };
  }

  #axis(): AxisName {
    if (this.#skip("@")) return "attribute";
    if (this.#token.kind !== "axis") return "child";
    const { text, offset } = this.#take();
    this.#expect("::");
    if (isAxis(text)) return text;
    this.#fail(`there is no axis "${text}"${nearest(text, Object.keys(axes))}`, offset);
  }

  #nodeTest(axis: AxisName): NodeTest {
    const { kind, text, offset } = this.#token;
    if (kind === "name") {
      this.#next++;
      return this.#nameTest(text, axis, offset);
    }
    if (kind === "function") {
      const types = ["node", "text", "comment", "processing-instruction"];
      this.#fail(`there is no kind of node "${text}"${nearest(text, types)}`);
    }
    if (kind !== "node-type") this.#unexpected("a name, * or a kind of node such as text()");
    this.#next++;
    this.#expect("(");
    let test: NodeTest;
    if (text === "processing-instruction") {
      const target = this.#token.kind === "literal" ? this.#take().text : undefined;
      test = { kind: text, target };
    } else test = { kind: text as "node" | "text" | "comment" };
    this.#expect(")");
    return test;
  }

  #nameTest(text: string, axis: AxisName, offset: number): NodeTest {
    if (text === "*") return { kind: "name", ns: undefined, local: undefined };
    const colon = text.indexOf(":");
    const local = text.slice(colon + 1);
    let ns: string | undefined;
    if (colon >= 0) ns = this.#namespace(text.slice(0, colon), offset);
    else ns = axis === "attribute" ? "" : own(this.#names.namespaces, "");
    return { kind: "name", ns, local: local === "*" ? undefined : local };
  }

  #namespace(prefix: string, offset: number): string {
    const ns = own(this.#names.namespaces, prefix) ?? (prefix === "xml" ? NS.xml : undefined);
    if (ns !== undefined) return ns;
    const known = Object.keys(this.#names.namespaces);
    this.#fail(`the prefix "${prefix}" is not bound${nearest(prefix, known)}`, offset);
  }

  /** Parses `[…][…]`. The height is then that of the deepest one. */
  #predicates(): Expression[] {
    const predicates: Expression[] = [];
    let height = 0;
    while (this.#skip("[")) {
      predicates.push(this.#expression());
      height = Math.max(height, this.#height + 1);
      this.#expect("]");
    }
    this.#height = height;
    return predicates;
  }

  #primary(): Expression {
    const { kind, text, offset } = this.#token;
    if (kind === "punctuation" && text === "(") {
      this.#next++;
      const expression = this.#expression();
      const height = this.#height;
      this.#expect(")");
      this.#rise(height);
      return expression;
    }
    if (kind !== "number" && kind !== "literal" && kind !== "variable" && kind !== "function") {
      this.#unexpected("an expression");
    }
    this.#next++;
    if (kind === "function") return this.#call(text, offset);
    this.#height = 1;
    if (kind === "number") return { kind, value: Number(text) };
    if (kind === "literal") return { kind: "string", value: text };
    const value = own(this.#names.variables, text);
    if (value !== undefined) return { kind: "variable", name: text, value };
    const known = Object.keys(this.#names.variables);
    this.#fail(`there is no variable "$${text}"${nearest(text, known)}`, offset);
  }

  #call(name: string, offset: number): Expression {
    this.#expect("(");
    const args: Expression[] = [];
    const offsets: number[] = [];
    let height = 0;
    if (!this.#is(")")) {
      do {
        offsets.push(this.#token.offset);
        args.push(this.#expression());
        height = Math.max(height, this.#height);
      } while (this.#skip(","));
    }
    this.#expect(")");
    this.#rise(height + 1);

    const run = own(this.#names.functions, name);
    if (run !== undefined) return { kind: "custom", name, run, args };
    const core = own(coreFunctions, name);
    if (core === undefined) {
      const colon = name.indexOf(":");
      if (colon >= 0) this.#namespace(name.slice(0, colon), offset);
      const known = [...Object.keys(coreFunctions), ...Object.keys(this.#names.functions)];
      this.#fail(`there is no function "${name}"${nearest(name, known)}`, offset);
    }
    if (args.length < core.least || args.length > core.most) {
      this.#fail(`${name}() takes ${wanted(core)}, found ${args.length}`, offset);
    }
    for (const [index, arg] of args.entries()) {
      if (core.takes[index] === "nodes") this.#mustBeNodes(arg, offsets[index] ?? offset);
    }
    if (args.length === 0 && core.context === true) args.push(CONTEXT_NODE);
    return { kind: "call", name, core, args };
  }
}

function wanted({ least, most }: CoreFunction): string {
  if (least === 1 && most === 1) return "1 argument";
  if (least === most) return `${least} arguments`;
  return `${most === Infinity ? `${least} or more` : `${least} to ${most}`} arguments`;
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
