import { expect, test } from "vitest";
import { errorCodes } from "../../src/base/error-codes.ts";
import * as library from "../../src/node.ts";
import { codeSpans, readDocument, section, tableRows } from "./document.ts";

const page = readDocument("docs/errors.md");
const headings = [...page.matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code ?? "");

test("each code has one heading, and each heading is a code", () => {
  expect([...headings].sort()).toEqual([...errorCodes].sort());
});

test.each(errorCodes)("%s is explained", (code) => {
  expect(section(page, `\`${code}\``).trim()).toMatch(/^[A-Z`].{30,}\.$/s);
});

test("the codes named anywhere on the page exist", () => {
  const named = codeSpans(page).filter((span) => /^[A-Z][A-Z_]+$/.test(span));
  expect(named.filter((code) => !errorCodes.some((known) => known === code))).toEqual([]);
});

const { AuthError, BrokerError, StanzaError, StreamError, XmlError, XPathError } = library;

/** One error of each class that carries more than the others. */
const errors: Record<string, library.BrokerError> = {
  StreamError: new StreamError("conflict"),
  StanzaError: new StanzaError("gone"),
  AuthError: new AuthError("PLAIN"),
  XmlError: new XmlError("not-well-formed", "a bad name", 0, "<"),
  XPathError: new XPathError("XPATH_SYNTAX", "an operator expected", "a b", 2),
};

test("each class has the fields and the codes that the page gives it", () => {
  const rows = tableRows(page);
  expect(rows.map(([name = ""]) => codeSpans(name)[0])).toEqual(Object.keys(errors));
  for (const [name = "", codes = "", fields = ""] of rows) {
    const error = errors[codeSpans(name)[0] ?? ""];
    expect(error).toBeInstanceOf(BrokerError);
    expect(error?.name).toBe(codeSpans(name)[0]);
    const code = error?.code ?? "";
    if (codeSpans(codes).length > 0) expect(codeSpans(codes)).toContain(code);
    else expect(section(page, "Input")).toContain(`### \`${code}\``);
    for (const field of codeSpans(fields)) expect(error).toHaveProperty(field);
  }
});
