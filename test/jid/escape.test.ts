import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeLocal, unescapeLocal } from "../../src/jid/escape.ts";
import { jid } from "../../src/jid/jid.ts";

/** The examples of XEP-0106, version 1.1.1, 5.1 to 5.8: the text and the local part. */
const EXAMPLES: [text: string, local: string][] = [
  ["space cadet", String.raw`space\20cadet`],
  ['call me "ishmael"', String.raw`call\20me\20\22ishmael\22`],
  ["at&t guy", String.raw`at\26t\20guy`],
  ["d'artagnan", String.raw`d\27artagnan`],
  ["/.fanboy", String.raw`\2f.fanboy`],
  ["::foo::", String.raw`\3a\3afoo\3a\3a`],
  ["<foo>", String.raw`\3cfoo\3e`],
  ["user@host", String.raw`user\40host`],
  [String.raw`c:\net`, String.raw`c\3a\net`],
  [String.raw`c:\\net`, String.raw`c\3a\\net`],
  [String.raw`c:\cool stuff`, String.raw`c\3a\cool\20stuff`],
  [String.raw`c:\5commas`, String.raw`c\3a\5c5commas`],
  ["here's_a_wild_&_/cr%zy/_address", String.raw`here\27s_a_wild_\26_\2fcr%zy\2f_address`],
  [
    `here's_a_wild_&_/cr%zy/_address_for:<wv>("IMPS")`,
    String.raw`here\27s_a_wild_\26_\2fcr%zy\2f_address_for\3a\3cwv\3e(\22IMPS\22)`,
  ],
  [String.raw`\3and\2is\5cool`, String.raw`\5c3and\2is\5c5cool`],
  ["tr\u00e9ville@musketeers.lit", String.raw`tréville\40musketeers.lit`],
  [
    String.raw`somenick!user"&'/:<>\3address`,
    String.raw`somenick!user\22\26\27\2f\3a\3c\3e\5c3address`,
  ],
];

describe("XEP-0106 gives the examples", () => {
  test.each(EXAMPLES)("%j is the local part %j", (text, local) => {
    expect(escapeLocal(text)).toBe(local);
    expect(unescapeLocal(local)).toBe(text);
    expect(jid.of({ local, domain: "x" }).local).toBe(local.toLowerCase());
  });
});

test.each([String.raw`\2plus\2is\4`, String.raw`foo\bar`, String.raw`foob\41r`, "", "\\"])(
  "%j is no escape sequence, and stays as it is both ways",
  (text) => {
    expect(escapeLocal(text)).toBe(text);
    expect(unescapeLocal(text)).toBe(text);
  },
);

test.each([" ", " x", "x ", "  "])("%j cannot be escaped", (text) => {
  expect(() => escapeLocal(text)).toThrow(
    expect.objectContaining({
      code: "BAD_JID",
      message: expect.stringContaining("space") as string,
    }) as Error,
  );
});

test.each([
  [String.raw`\20x`, String.raw`\20x`],
  [String.raw`x\20`, String.raw`x\20`],
  [String.raw`\20`, String.raw`\20`],
  [String.raw`x\20\20y`, "x  y"],
  [String.raw`\2F`, String.raw`\2F`],
  [String.raw`\5c5c`, String.raw`\5c`],
  [String.raw`\5c\20x`, String.raw`\ x`],
])("%j is read as %j", (local, text) => {
  expect(unescapeLocal(local)).toBe(text);
});

test("any text that can be escaped comes back, and none of its characters is forbidden", () => {
  const texts = fc
    .string({ unit: fc.constantFrom(...Array.from(` "&'/:<>@\\25c0f7a`)) })
    .filter((text) => text.trim() === text);
  fc.assert(
    fc.property(texts, (text) => {
      const local = escapeLocal(text);
      expect(local).not.toMatch(/[ "&'/:<>@]/);
      expect(unescapeLocal(local)).toBe(text);
    }),
  );
});
