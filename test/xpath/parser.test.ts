import { describe, expect, test } from "vitest";
import { fold } from "../../src/xpath/fold.ts";
import { parse } from "../../src/xpath/parser.ts";
import { print } from "./print.ts";

const NAMES = {
  namespaces: { p: "urn:p" },
  variables: { number: 2, text: "t", nodes: [] },
  functions: { own: () => "" },
};

describe("an expression is read as", () => {
  test.each([
    ["a", "child::a"],
    ["p:a/@p:b", "child::{urn:p}a/attribute::{urn:p}b"],
    ["@a", "attribute::{}a"],
    ["p:*", "child::{urn:p}*"],
    ["@*", "attribute::*"],
    [".", "self::node()"],
    ["..", "parent::node()"],
    ["/", "/"],
    ["//a", "/descendant-or-self::node()/child::a"],
    ["a//b", "child::a/descendant-or-self::node()/child::b"],
    ["a[1][b]", "child::a[1][child::b]"],
    ["(a)[1]", "(child::a)[1]"],
    ["(a)/b", "(child::a)/child::b"],
    ["id('x')//b", "(id('x'))/descendant-or-self::node()/child::b"],
    ["a or b or c", "(child::a or child::b or child::c)"],
    ["a or b and c or d", "(child::a or (child::b and child::c) or child::d)"],
    ["1 - 2 - 3", "((1 - 2) - 3)"],
    ["1 + 2 * -3", "(1 + (2 * -3))"],
    ["a = b != c < d", "((child::a = child::b) != (child::c < child::d))"],
    ["-a | b", "-(child::a | child::b)"],
    ["string()", "string(.)"],
    ["concat(1, 'a', $text)", "concat(1, 'a', $text)"],
    ["own(own())", "own(own())"],
    ["processing-instruction('x')", "child::processing-instruction('x')"],
    ['"it\'s"', '"it\'s"'],
    ["$nodes/a", "($nodes)/child::a"],
  ])("%s: %s", (expression, printed) => {
    expect(print(parse(expression, NAMES))).toBe(printed);
  });
});

describe("before it is compiled it becomes", () => {
  test.each([
    ["1 + 2 * 3", "7"],
    ["1 div 0", "(1 div 0)"],
    ["-1 div 0", "(-1 div 0)"],
    ["0 div 0", "(0 div 0)"],
    ["-0", "-0"],
    ["1 = 1", "true()"],
    ["concat('a', 1, $text)", "'a1t'"],
    ["$number * 2", "4"],
    ["$nodes", "$nodes"],
    ["not('')", "true()"],
    ["a or true()", "true()"],
    ["a or 0", "boolean(child::a)"],
    ["a and ''", "false()"],
    ["a and 'x' and b", "(child::a and child::b)"],
    ["1 and 'x'", "true()"],
    ["a = 1 + 1", "(child::a = 2)"],
    ["//a", "/descendant::a"],
    ["a//b", "child::a/descendant::b"],
    ["//a[1]", "/descendant-or-self::node()/child::a[1]"],
    ["//a[@b][c = 1]", "/descendant::a[attribute::{}b][(child::c = 1)]"],
    ["//a[own()]", "/descendant-or-self::node()/child::a[own()]"],
    ["//@a", "/descendant-or-self::node()/attribute::{}a"],
    ["./a/.", "child::a"],
    [".", "."],
    ["(a/b)/c", "child::a/child::b/child::c"],
    ["(a/b)[1]/c", "(child::a/child::b)[1]/child::c"],
    ["a[true()][2 > 1]", "child::a"],
    ["a[false()]", "child::a[false()]"],
    ["a['x']", "child::a"],
    ["a[position() = 1 + 1]", "child::a[(position() = 2)]"],
    ["a[1]", "child::a[1]"],
    ["count(a) > 0", "boolean(child::a)"],
    ["0 < count(a)", "boolean(child::a)"],
    ["count(a) >= 1", "boolean(child::a)"],
    ["count(a) = 0", "not(child::a)"],
    ["1 > count(a)", "not(child::a)"],
    ["count(a) > 1", "(count(child::a) > 1)"],
    ["count(a) = count(b)", "(count(child::a) = count(child::b))"],
    ["position() + 1", "(position() + 1)"],
    ["lang('en')", "lang('en')"],
    ["own('x')", "own('x')"],
  ])("%s: %s", (expression, folded) => {
    expect(print(fold(parse(expression, NAMES)))).toBe(folded);
  });
});
