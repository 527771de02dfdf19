import { BrokerError } from "../../base/errors.ts";
import { type Arithmetic, type Call, type Custom, typeOf } from "../expression.ts";
import { isTrue, isXPathValue, textOfPlain, type XPathInput } from "../value.ts";
import { all, always, any, type Code, type Compiler, never } from "./code.ts";
import { compareCode } from "./compare.ts";
import { replacements, translate, type Value } from "./functions.ts";
import { collect, count, firstText, visit } from "./path.ts";
import type { Place } from "./place.ts";
import type { Walk } from "./walk.ts";

/**
 * Compiles expressions to closures, each for one type of result. `boolean` of a path stops at its
 * first node, `string` takes the text of the first node, and only `nodes` makes a list.
 */
export const compiler: Compiler = {
  boolean(expression) {
    if (expression.kind === "boolean") return expression.value ? always : never;
    if (expression.kind === "path") return visit(expression, always, compiler);
    if (expression.kind === "compare") return compareCode(expression, compiler);
    if (expression.kind === "union" || expression.kind === "or") {
      return any(expression.operands.map((operand) => compiler.boolean(operand)));
    }
    if (expression.kind === "and") {
      return all(expression.operands.map((operand) => compiler.boolean(operand)));
    }
    if (typeOf(expression) === "boolean") return compiler.value(expression) as Code<boolean>;
    const value = compiler.value(expression);
    return (node, walk) => isTrue(value(node, walk));
  },

  string(expression) {
    if (typeOf(expression) === "string") return compiler.value(expression) as Code<string>;
    if (expression.kind === "path") {
      const text = firstText(expression, compiler);
      return (node, walk) => text(node, walk) ?? "";
    }
    const value = compiler.value(expression);
    return (node, walk) => textOf(value(node, walk), walk);
  },

  number(expression) {
    if (expression.kind === "negate") {
      const operand = compiler.number(expression.operand);
      return (node, walk) => -operand(node, walk);
    }
    if (expression.kind === "arithmetic") {
      const left = compiler.number(expression.left);
      const right = compiler.number(expression.right);
      const calculate = ARITHMETIC[expression.operator];
      return (node, walk) => {
        const first = left(node, walk);
        return calculate(first, right(node, walk));
      };
    }
    const type = typeOf(expression);
    if (type === "number") return compiler.value(expression) as Code<number>;
    if (type === "boolean" || type === "any") {
      const value = compiler.value(expression);
      return (node, walk) => numberOfValue(value(node, walk), walk);
    }
    const text = compiler.string(expression);
    return (node, walk) => walk.number(text(node, walk));
  },

  nodes(expression) {
    if (expression.kind === "path") return collect(expression, compiler);
    if (expression.kind === "union") {
      const operands = expression.operands.map((operand) => compiler.nodes(operand));
      return (node, walk) => {
        const all = new Set<Place>();
        for (const operand of operands) for (const place of operand(node, walk)) all.add(place);
        return walk.sort([...all]);
      };
    }
    const value = compiler.value(expression);
    return (node, walk) => nodesOf(value(node, walk));
  },

  value(expression): Code<Value> {
    switch (expression.kind) {
      case "path":
      case "union":
        return compiler.nodes(expression);
      case "number":
      case "string":
      case "boolean": {
        const { value } = expression;
        return () => value;
      }
      case "or":
      case "and":
      case "compare":
        return compiler.boolean(expression);
      case "negate":
      case "arithmetic":
        return compiler.number(expression);
      case "variable": {
        const { value } = expression;
        return (_node, walk) => inside(value, walk);
      }
      case "call":
        return callCode(expression);
      case "custom":
        return customCode(expression);
    }
  },
};

const ARITHMETIC: Readonly<Record<Arithmetic, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  div: (left, right) => left / right,
  // The remainder has the sign of the dividend, in JavaScript as in XPath.
  mod: (left, right) => left % right,
};

function negated(code: Code<boolean>): Code<boolean> {
  if (code === always) return never;
  if (code === never) return always;
  return (node, walk) => !code(node, walk);
}

function callCode(call: Call): Code<Value> {
  const { core } = call;
  const shortcut = shortcutOf(call);
  if (shortcut !== undefined) return shortcut;
  const args = call.args.map((arg, index) => {
    const type = core.takes[index] ?? core.takes.at(-1) ?? "any";
    return type === "any" ? compiler.value(arg) : compiler[type](arg);
  });
  const [first, second] = args;
  if (first === undefined) {
    return (node, walk) => {
      walk.spend(1);
      return core.run(walk, node);
    };
  }
  if (second === undefined) {
    return (node, walk) => {
      walk.spend(1);
      return core.run(walk, node, first(node, walk));
    };
  }
  if (args.length === 2) {
    return (node, walk) => {
      walk.spend(1);
      return core.run(walk, node, first(node, walk), second(node, walk));
    };
  }
  return (node, walk) => {
    walk.spend(args.length);
    return core.run(walk, node, ...args.map((arg) => arg(node, walk)));
  };
}

/** Compiles calls that only convert, and common calls with a constant argument. */
function shortcutOf({ name, args }: Call): Code<Value> | undefined {
  const [first, second, third] = args;
  if (first === undefined) return undefined;
  if (name === "boolean") return compiler.boolean(first);
  if (name === "not") return negated(compiler.boolean(first));
  if (name === "string") return compiler.string(first);
  if (name === "number") return compiler.number(first);
  if (name === "count" && first.kind === "path") return count(first, compiler);
  if (second?.kind !== "string") return undefined;
  const { value } = second;
  const text = compiler.string(first);
  if (name === "starts-with" && value.length < 64) {
    return (node, walk) => {
      walk.spend(1);
      return text(node, walk).startsWith(value);
    };
  }
  if (name === "contains") {
    return (node, walk) => {
      walk.spend(1);
      return walk.search(text(node, walk), value) >= 0;
    };
  }
  if (name === "translate" && third?.kind === "string") {
    const by = replacements(value, third.value);
    return (node, walk) => {
      walk.spend(1);
      return translate(walk, text(node, walk), by);
    };
  }
  return undefined;
}

function customCode(call: Custom): Code<Value> {
  const args = call.args.map((arg) => compiler.value(arg));
  return (node, walk) => {
    walk.spend(1);
    const values = args.map((arg) => {
      const value = arg(node, walk);
      return typeof value === "object" ? value.map((place) => place.node) : value;
    });
    const result = call.run(...values);
    if (isXPathValue(result)) return inside(result, walk);
    throw new BrokerError("BAD_OPTION", `the function ${call.name}() returned no value of XPath`);
  };
}

/** Returns a value from outside with its nodes as places. */
function inside(value: XPathInput, walk: Walk): Value {
  return typeof value === "object" ? walk.places(value) : value;
}

function nodesOf(value: Value): readonly Place[] {
  if (typeof value === "object") return value;
  throw new BrokerError("BAD_OPTION", `a function must return nodes here, got a ${typeof value}`);
}

function textOf(value: Value, walk: Walk): string {
  if (typeof value !== "object") return textOfPlain(value);
  const [first] = value;
  return first === undefined ? "" : walk.text(first);
}

function numberOfValue(value: Value, walk: Walk): number {
  return typeof value === "object" || typeof value === "string"
    ? walk.number(textOf(value, walk))
    : Number(value);
}
