import { describe, expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { compile } from "../../src/xpath/compile.ts";
import { toBoolean, toNumber, toText, type XPathInput } from "../../src/xpath/value.ts";

const price = xml("price", { currency: "EUR" }, "4", xml("part", {}, ".5"));
const attribute = compile("@currency").select(price);
const text = compile("part/text()").select(price);

describe("values convert as XPath's own functions convert them", () => {
  test.each<[XPathInput, string, number, boolean]>([
    ["", "", Number.NaN, false],
    ["2", "2", 2, true],
    [" -2.50 ", " -2.50 ", -2.5, true],
    [2.5, "2.5", 2.5, true],
    [-0, "0", -0, false],
    [1e21, "1000000000000000000000", 1e21, true],
    [1.25e-7, "0.000000125", 1.25e-7, true],
    [Number.NaN, "NaN", Number.NaN, false],
    [Infinity, "Infinity", Infinity, true],
    [true, "true", 1, true],
    [false, "false", 0, false],
    [[], "", Number.NaN, false],
    [[price, xml("other", {}, "9")], "4.5", 4.5, true],
    [attribute, "EUR", Number.NaN, true],
    [text, ".5", 0.5, true],
    [[{ kind: "document", root: price }], "4.5", 4.5, true],
  ])("%s", (value, asText, asNumber, asBoolean) => {
    expect(toText(value)).toBe(asText);
    expect(toNumber(value)).toBe(asNumber);
    expect(toBoolean(value)).toBe(asBoolean);
    if (typeof value === "object") return;
    const variables = { value };
    expect(compile("string($value)", { variables }).evaluate(price)).toBe(asText);
    expect(compile("number($value)", { variables }).evaluate(price)).toBe(asNumber);
    expect(compile("boolean($value)", { variables }).evaluate(price)).toBe(asBoolean);
  });
});

describe("values whose type is known only when a function has given them", () => {
  const give = (value: XPathInput) => (expression: string) =>
    compile(expression, { functions: { give: () => value } }).evaluate(price);

  test.each<[XPathInput, string, unknown]>([
    ["4.5", "give() = 4.5", true],
    ["4.5", "give() < 5", true],
    ["4.5", "give() = '4.50'", false],
    ["4.5", "give() = /", true],
    ["4.5", "/ = give()", true],
    ["x", "give() < 5", false],
    ["x", "give() = true()", true],
    ["", "give() != false()", false],
    [4.5, "give() = /", true],
    [4.5, "/ > give()", false],
    [4.5, "give() = '4.5'", true],
    [0, "give() = false()", true],
    [true, "give() = /", true],
    [false, "/ != give()", true],
    [true, "give() <= /", true],
    [[price], "give() = 4.5", true],
    [[price], "give() = '4.5'", true],
    [[price], "give() = give()", true],
    [[price], "give() != give()", false],
    [[], "give() = give()", false],
    [[], "give() = false()", true],
    [[price], "string(give())", "4.5"],
    [[price], "number(give())", 4.5],
    [true, "string(give())", "true"],
    [true, "give() + 1", 2],
    [2, "string(give())", "2"],
    ["", "boolean(give())", false],
    [[], "not(give())", true],
    [1, "count(part[give()])", 1],
    [2, "count(part[give()])", 0],
    ["", "count(part[give()])", 0],
    [[price], "count(part[give()])", 1],
    [false, "count(part[give()])", 0],
  ])("%j in %s", (value, expression, result) => {
    expect(give(value)(expression)).toBe(result);
  });
});
