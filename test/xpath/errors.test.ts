import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { xml } from "../../src/xml/element.ts";
import { compile, type XPathOptions } from "../../src/xpath/compile.ts";
import { toBoolean } from "../../src/xpath/value.ts";
import { XPathError } from "../../src/xpath/xpath-error.ts";

const OPTIONS = {
  namespaces: { muc: "urn:muc" },
  variables: { room: "x" },
  functions: { lower: () => "" },
};

function failure(expression: string): XPathError {
  try {
    compile(expression, OPTIONS);
  } catch (error) {
    if (error instanceof XPathError) return error;
  }
  expect.unreachable(`${expression} was taken`);
}

describe("what is wrong with an expression is said with the place", () => {
  test.each([
    ["", 0, "expected an expression, found the end"],
    ["   ", 3, "expected an expression, found the end"],
    ["a b", 2, 'expected an operator or the end, found "b"'],
    ["a/", 2, "expected a name, * or a kind of node such as text(), found the end"],
    ["a//", 3, "expected a name"],
    ["//", 2, "expected a name"],
    ["/ /", 2, 'found "/"'],
    ["a[", 2, "expected an expression, found the end"],
    ["a[]", 2, 'expected an expression, found "]"'],
    ["a[1", 3, 'expected "]", found the end'],
    ["a]", 1, 'found "]"'],
    ["(a", 2, 'expected ")", found the end'],
    ["a)", 1, 'found ")"'],
    ["()", 1, "expected an expression"],
    ["count(a", 7, 'expected ")", found the end'],
    ["count(a,)", 8, "expected an expression"],
    ["@", 1, "expected a name"],
    ["@@a", 1, 'found "@"'],
    ["a::b", 0, 'there is no axis "a"'],
    ["child::", 7, "expected a name"],
    ["child:b", 0, 'the prefix "child" is not bound'],
    ["::a", 0, "expected an expression"],
    [".[1]", 1, 'found "["'],
    ["..[1]", 2, 'found "["'],
    ["./", 2, "expected a name"],
    ["a/1", 2, "expected a name"],
    ["a/(b)", 2, "expected a name"],
    ["a/'b'", 2, "expected a name"],
    ["a/count(b)", 2, 'there is no kind of node "count"'],
    ["a/txt()", 2, 'there is no kind of node "txt"; did you mean "text"?'],
    ["text(1)", 5, 'expected ")", found "1"'],
    ["processing-instruction(x)", 23, 'expected ")"'],
    ["1 +", 3, "expected an expression"],
    ["+ 1", 0, "expected an expression"],
    ["1 = = 2", 4, "expected an expression"],
    ["a | 1", 4, "expected nodes, found a number"],
    ["'x' | a", 0, "expected nodes, found a string"],
    ["1/a", 0, "expected nodes, found a number"],
    ["'x'[1]", 0, "expected nodes, found a string"],
    ["true()[1]", 0, "expected nodes, found a boolean"],
    ["$room/a", 0, "expected nodes, found a string"],
    ["a and", 5, "expected an expression"],
    ["and", undefined, ""],
    ["a or or b", 8, 'found "b"'],
    ["a & b", 2, '"&" is not allowed here'],
    ["a ! b", 2, '"!" is not allowed here'],
    ["a == b", 3, "expected an expression"],
    ["#a", 0, '"#" is not allowed here'],
    ["{urn:x}a", 0, '"{" is not allowed here'],
    ["'abc", 0, "this string is never closed"],
    ['a = "b', 4, "this string is never closed"],
    ["$", 1, 'expected a name after "$"'],
    ["$ room", 1, 'expected a name after "$"'],
    ["$rom", 0, 'there is no variable "$rom"; did you mean "room"?'],
    ["$other", 0, 'there is no variable "$other"'],
    ["p:a", 0, 'the prefix "p" is not bound'],
    ["mcu:x", 0, 'the prefix "mcu" is not bound; did you mean "muc"?'],
    ["muc:*/x:*", 6, 'the prefix "x" is not bound'],
    ["@y:a", 1, 'the prefix "y" is not bound'],
    ["z:f()", 0, 'the prefix "z" is not bound'],
    ["muc:f()", 0, 'there is no function "muc:f"'],
    ["a:b:c", 3, '":" is not allowed here'],
    ["a: b", 1, '":" is not allowed here'],
    ["conains(a, 'b')", 0, 'there is no function "conains"; did you mean "contains"?'],
    ["starts_with(a, 'b')", 0, 'did you mean "starts-with"?'],
    ["Count(a)", 0, 'did you mean "count"?'],
    ["lowr(a)", 0, 'did you mean "lower"?'],
    ["ends-with(a, 'b')", 0, 'there is no function "ends-with"'],
    ["toString(a)", 0, 'there is no function "toString"'],
    ["constructor(a)", 0, 'there is no function "constructor"'],
    ["childs::a", 0, 'did you mean "child"?'],
    ["decendant::a", 0, 'did you mean "descendant"?'],
    ["atribute::a", 0, 'did you mean "attribute"?'],
    ["ancestor-of-self::a", 0, 'did you mean "ancestor-or-self"?'],
    ["__proto__::a", 0, 'there is no axis "__proto__"'],
    ["count()", 0, "count() takes 1 argument, found 0"],
    ["count(a, b)", 0, "count() takes 1 argument, found 2"],
    ["not()", 0, "not() takes 1 argument, found 0"],
    ["true(1)", 0, "true() takes 0 arguments, found 1"],
    ["concat('a')", 0, "concat() takes 2 or more arguments, found 1"],
    ["substring('a')", 0, "substring() takes 2 to 3 arguments, found 1"],
    ["name(a, b)", 0, "name() takes 0 to 1 arguments, found 2"],
    ["1 + last(2)", 4, "last() takes 0 arguments, found 1"],
    ["count('a')", 6, "expected nodes, found a string"],
    ["sum(1)", 4, "expected nodes, found a number"],
    ["name('a')", 5, "expected nodes, found a string"],
  ])("%j at %s: %s", (expression, offset, problem) => {
    if (offset === undefined) {
      expect(compile(expression, OPTIONS)).toBeDefined();
      return;
    }
    const error = failure(expression);
    expect(error).toMatchObject({ code: "XPATH_SYNTAX", expression, offset, retryable: false });
    expect(error.message).toContain(problem);
  });

  test("a caret points at it", () => {
    expect(failure("/message[cuont(x) > 1]").message).toBe(
      'the XPath cannot be used: there is no function "cuont"; did you mean "count"? at offset 9\n' +
        "  /message[cuont(x) > 1]\n" +
        "           ^",
    );
  });

  test("of a long expression only the surroundings are shown", () => {
    const error = failure(`${"a/".repeat(50)}§${"/b".repeat(50)}`);
    const [, shown = "", pointer = ""] = error.message.split("\n");
    expect(shown).toHaveLength(84);
    expect(shown.startsWith("  …") && shown.endsWith("…")).toBe(true);
    expect(shown.charAt(pointer.indexOf("^"))).toBe("§");
  });

  test("the caret stands right after tabs and line breaks too", () => {
    const [, shown = "", pointer = ""] = failure("a\t\n§").message.split("\n");
    expect(shown.charAt(pointer.indexOf("^"))).toBe("§");
  });
});

describe("whatever is given", () => {
  const words = [
    ..."/ // | + - * = != < <= > >= ( ) [ ] . .. @ , :: $ ' \" : ! & # { } 1 .5 0 a b muc:x muc:* *".split(
      " ",
    ),
    ..."and or div mod text() node() comment() child:: ancestor:: self:: preceding:: namespace::".split(
      " ",
    ),
    ..."count( not( string( concat( 'x' \"y\" last() position() lower( $room é 𝒳 \u0000 \ud800".split(
      " ",
    ),
  ];

  test("an expression compiles and can be evaluated, or ends in an error with a code and a place", () => {
    const element = xml("a", { b: "1" }, xml("b", {}, "x"), "y", xml("a"));
    const soup = fc.array(fc.constantFrom(" ", ...words), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.oneof(
          soup.map((parts) => parts.join("")),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          try {
            const xpath = compile(text, OPTIONS);
            expect(xpath.test(element)).toBe(toBoolean(xpath.evaluate(element)));
          } catch (error) {
            expect(error).toBeInstanceOf(BrokerError);
            if (error instanceof XPathError) {
              expect(error.offset).toBeGreaterThanOrEqual(0);
              expect(error.offset).toBeLessThanOrEqual(text.length);
            } else expect(error).toHaveProperty("code", "BAD_OPTION"); // a node-set of lower()
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("what would be too much is found when the expression is compiled", () => {
  test.each([
    ["65,537 characters", `'${"x".repeat(65_535)}'`, "longer than 65536 characters"],
    ["65 brackets deep", "(".repeat(65) + ")".repeat(65), "more than 64 brackets deep"],
    ["65 predicates deep", "a[".repeat(65) + "]".repeat(65), "more than 64 brackets deep"],
    ["a thousand calls deep", "not(".repeat(1000), "more than 64 brackets deep"],
    ["257 steps", `a${"/a".repeat(300)}`, "deeper than 256"],
    ["a chain of 300 sums", `1${"+1".repeat(300)}`, "deeper than 256"],
    [
      "steps in predicates of steps",
      `${"a/".repeat(60)}a[${"a/".repeat(60)}a[${"b/".repeat(160)}a]]`,
      "deeper",
    ],
  ])("%s", (_what, expression, problem) => {
    expect(failure(expression).message).toContain(problem);
  });

  test.each([
    ["a long text", `'${"x".repeat(65_000)}'`],
    ["brackets in brackets", `${"(".repeat(60)}1${")".repeat(60)}`],
    ["a long path", `a${"/a".repeat(250)}`],
    ["a long sum", `1${"+1".repeat(250)}`],
    ["many signs", `-${"-".repeat(60_000)}1`],
    ["many or", `a${" or a".repeat(10_000)}`],
    ["many and", `a${" and a".repeat(9_000)}`],
    ["a long union", `a${" | a".repeat(10_000)}`],
    ["many positions", `a${"[1]".repeat(20_000)}`],
    ["many predicates", `a${"[.]".repeat(20_000)}`],
    ["many nodes as arguments", `concat(a${",a".repeat(32_000)})`],
    ["many texts as arguments", `concat('a'${",'a'".repeat(10_000)})`],
    ["many dots", `.${"/.".repeat(250)}`],
    ["predicates in predicates", `${"a[".repeat(60)}1${"]".repeat(60)}`],
  ])("within the bounds, everything compiles and can be evaluated: %s", (_what, expression) => {
    const element = xml("a");
    const xpath = compile(expression);
    expect(() => xpath.evaluate(element)).not.toThrow();
    expect(() => xpath.test(element)).not.toThrow();
  });

  test("an own function may not stand in for one of XPath's", () => {
    expect(() => compile("a", { functions: { count: () => 1 } })).toThrow(
      expect.objectContaining({ code: "BAD_OPTION" }),
    );
  });

  test("options that it does not know, or of another kind, are refused", () => {
    const refused = (options: unknown) => () => compile("a", options as XPathOptions);
    expect(refused({ namespace: {} })).toThrow("an option of compile must be one of");
    expect(refused({ namespaces: 5 })).toThrow("namespaces must be an object, got 5");
    expect(refused({ functions: { f: 5 } })).toThrow("functions.f must be a function, got 5");
  });

  test("a variable holds a value of XPath, and an expression is a string", () => {
    const text = { kind: "text", value: "x" };
    const bad = [undefined, null, {}, [1], [null], [text], [{ kind: "x" }], () => 1];
    for (const value of bad) {
      const variables = { v: value as string };
      expect(() => compile("$v", { variables })).toThrow(
        "the variable $v must be a value of XPath",
      );
    }
    expect(() => compile(undefined as unknown as string)).toThrow(
      "must be a string, got a undefined",
    );
  });

  test("a bound on steps must be above 0", () => {
    expect(() => compile("a", { steps: 0 })).toThrow(BrokerError);
    expect(() => compile("a", { steps: Number.NaN })).toThrow("steps must be above 0, got NaN");
  });
});

describe("an evaluation that takes too many steps ends in XPATH_LIMIT", () => {
  const wide = xml("a", {}, ...Array.from({ length: 300 }, () => xml("a", {}, "x".repeat(100))));

  test.each([
    "count(//*[count(//*[count(//*) > 1]) > 1])",
    "//*[preceding::*[following::*[. = 'y']]]",
    "//*[. = //*[. = 'y']/..]",
    "//a/following::*[preceding::*[following::*[count(preceding::*) > 1000]]]",
  ])("%s", (expression) => {
    const xpath = compile(expression, { steps: 50_000 });
    const limit = expect.objectContaining({ code: "XPATH_LIMIT", expression }) as unknown;
    expect(() => xpath.evaluate(wide)).toThrow(limit);
  });

  test("going through a long text again and again is paid for", () => {
    const lang = { "xml:lang": "x".repeat(100_000) };
    const long = xml(
      "a",
      lang,
      "x".repeat(100_000),
      ...Array.from({ length: 1000 }, () => xml("b")),
    );
    for (const expression of [
      "//b[contains(/, 'y')]",
      "//b[substring-before(/, 'y') or substring-after(/, 'y')]",
      "//b[string-length(/) = 1]",
      "//b[substring(/, 2) = 'y']",
      "//b[translate(/, 'x', 'y') = 'x']",
      "//b[normalize-space(/) = 'y']",
      "//b[/ > 1]",
      "//b[/ + 1]",
      "//b[number(/) = 1]",
      "//b[sum(/) = 1]",
      "//b[concat(/, /) = 'y']",
      "//b[starts-with(/a/@xml:lang, /a/@xml:lang) = false()]",
      "//b[lang('x')]",
    ]) {
      const limit = expect.objectContaining({ code: "XPATH_LIMIT" }) as unknown;
      expect(() => compile(expression).test(long), expression).toThrow(limit);
    }
  });

  test("what looks at each character alone costs more", () => {
    const text = "\u{1f600} ".repeat(50_000);
    const often = (expression: string) => Array.from({ length: 12 }, () => expression).join(" or ");
    for (const expression of [
      "string-length(.) = 1",
      "substring(., 2, 3) = 'y'",
      "normalize-space(.) = 'y'",
      "translate(., ' ', 'y') = 'y'",
    ]) {
      const limit = expect.objectContaining({ code: "XPATH_LIMIT" }) as unknown;
      expect(compile(expression).test(xml("a", {}, text)), expression).toBe(false);
      expect(() => compile(often(expression)).test(xml("a", {}, text)), expression).toThrow(limit);
    }
  });

  test("text that grows with every nesting is paid for before it is huge", () => {
    const big = "x".repeat(1_000_000);
    const xpath = compile(`concat($a${",$a".repeat(1000)}, @b)`, { variables: { a: big } });
    expect(() => xpath.evaluate(wide)).toThrow(expect.objectContaining({ code: "XPATH_LIMIT" }));
  });

  test("250,000 steps are allowed unless told otherwise", () => {
    const xpath = compile("//*[//*[//*[. = 'y']]]");
    expect(() => xpath.evaluate(wide)).toThrow("more than 250000 steps");
    expect(compile("//*[.//*]").select(wide)).toHaveLength(1);
  });

  test("a tree that contains itself ends in it as well", () => {
    const loop = xml("a");
    loop.append(loop);
    for (const expression of ["//b", "string()", "//a[last()]", "a/preceding::b | //b"]) {
      expect(() => compile(expression, { steps: 5000 }).evaluate(loop)).toThrow(XPathError);
    }
  });

  test("the next evaluation starts anew", () => {
    const xpath = compile("//a[. = 'y']", { steps: 200 });
    expect(() => xpath.evaluate(wide)).toThrow(XPathError);
    expect(xpath.evaluate(xml("a", {}, xml("a", {}, "y")))).toHaveLength(2);
  });
});
