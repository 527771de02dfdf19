import { expect, test } from "vitest";
import { errorCodes } from "../../src/base/errors.ts";
import { codeSpans, readDocument, section } from "./document.ts";

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
