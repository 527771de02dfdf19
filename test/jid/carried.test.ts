import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  carriedJid,
  domainOf,
  isInDomain,
  isSameAddress,
  tryCarriedJid,
} from "../../src/jid/carried.ts";
import { tryJid } from "../../src/jid/jid.ts";

describe("an address that servers carry is read", () => {
  test.each<[text: string, local: string | undefined, domain: string, resource?: string]>([
    // RFC 7622 allows these parts: they are prepared.
    ["Juliet@EXAMPLE.org/Balcony", "juliet", "example.org", "Balcony"],
    ["gro\u00df@x", "gro\u00df", "x"],
    ["e\u0301@x/e\u0301", "\u00e9", "x", "\u00e9"],
    // It refuses these: they stay as spelt.
    ["\u2603%irc.example@comp1.localhost", "\u2603%irc.example", "comp1.localhost"],
    ["\u2665radio@COMP1.localhost", "\u2665radio", "comp1.localhost"],
    ["#room%irc@gw/\u2764\ufe0f Anna", "#room%irc", "gw", "\u2764\ufe0f Anna"],
    ["alice@localhost/\u2764\ufe0f", "alice", "localhost", "\u2764\ufe0f"],
    ["\ufb01n@x", "\ufb01n", "x"],
    ["X\u00b2@x", "X\u00b2", "x"],
    ["Alice@x/\u{1f469}\u200d\u{1f467}", "alice", "x", "\u{1f469}\u200d\u{1f467}"],
  ])("%j", (text, local, domain, resource) => {
    expect(carriedJid(text)).toMatchObject({ local, domain, resource });
    expect(tryCarriedJid(text)?.full).toBe(carriedJid(text).full);
    expect(domainOf(text)).toBe(domain);
  });
});

describe("no server carries", () => {
  test.each([
    ["a b@x", /U\+0020/],
    ["a:b@x", /U\+003A/],
    ["x/\u200e", /U\+200E/],
    ["\u00ad@x", /U\+00AD/],
    ["\u05d0a@x", /directions/],
    ["@x", /local part is empty/],
    ["x/", /resource is empty/],
    ["a@b@c", /domain .* U\+0040/],
    ["\u2603@x..y", /empty label/],
    [`${"\u2603".repeat(342)}@x`, /more than 1023 bytes/],
  ])("%j", (text, why) => {
    expect(() => carriedJid(text)).toThrow(expect.objectContaining({ code: "BAD_JID" }) as Error);
    expect(() => carriedJid(text)).toThrow(why);
    expect(tryCarriedJid(text)).toBeUndefined();
  });
});

test.each(["@x", "x/", "a@", "a@b@c", "", "a@b c"])("%j has no domain to be sent to", (text) => {
  expect(() => domainOf(text)).toThrow(expect.objectContaining({ code: "BAD_JID" }) as Error);
});

test("of an address to be sent to only the domain is read", () => {
  expect(domainOf("a b:c@B.example/\u0000")).toBe("b.example");
});

describe("servers may take for one", () => {
  test.each([
    ["alice@localhost", "Alice@LOCALHOST"],
    ["\u00df@x", "ss@x"],
    ["gro\u00df@x/a", "gross@x/a"],
    ["\u03bd\u03af\u03ba\u03bf\u03c2@x", "\u03bd\u03af\u03ba\u03bf\u03c3@x"],
    ["\u039d\u038a\u039a\u039f\u03a3@x", "\u03bd\u03af\u03ba\u03bf\u03c3@x"],
    ["room@x/\u2122", "room@x/TM"],
    ["\u2460@x", "1@x"],
    ["room@x/\uff2e\uff49\uff43\uff4b", "room@x/Nick"],
    ["\ufb01n@x", "fin@x"],
    ["x\u00b2@x", "x2@x"],
    ["#r@gw/\u2764\ufe0f Anna", "#r@gw/\u2764 Anna"],
    ["x/a\u00a0b", "x/a b"],
    ["\u2603@B\u00dcCHER.example/r", "\u2603@xn--bcher-kva.example/r"],
    ["a b@x", "a b@X."],
    ["x/e\u0301", "x/\u00e9"],
  ])("%j and %j", (left, right) => {
    expect(isSameAddress(left, right)).toBe(true);
    expect(isSameAddress(right, left)).toBe(true);
  });
});

describe("nobody takes for one", () => {
  test.each<[left: string | undefined, right: string | undefined]>([
    ["alice@x", "alice@x/r"],
    ["alice@x", "x"],
    ["x/a", "a@x"],
    ["x/a", "x/A"],
    ["room@x/nick", "room@x/Nick"],
    ["\u1e9e@x", "ss@x"],
    ["\u{1f130}@x", "a@x"],
    ["\u0131@x", "i@x"],
    ["a b@x", "A b@x"],
    ["fa\u00df.example", "fass.example"],
    ["x@a", "x@b"],
    ["\u00ad@x", "x"],
    ["a\uff20b@x", "a@b@x"],
    ["", undefined],
    ["x", undefined],
  ])("%j and %j", (left, right) => {
    expect(isSameAddress(left, right)).toBe(false);
    expect(isSameAddress(right, left)).toBe(false);
  });

  test("a text longer than any address and another", () => {
    const long = `\ufdfa${"a".repeat(1_000_000)}@x`;
    expect(isSameAddress(long, long.toUpperCase())).toBe(false);
  });
});

test("a missing address is the same as a missing one", () => {
  expect(isSameAddress(undefined, undefined)).toBe(true);
});

test.each([
  ["a@example.org/r", "example.org", true],
  ["a@EXAMPLE.org.", "example.org", true],
  ["\u2603@example.org/\u2764", "example.org", true],
  ["sm", "sm", true],
  ["a@example.org.evil", "example.org", false],
  ["evil/x@example.org", "example.org", false],
  ["a@b@example.org", "example.org", false],
  ["example.org@evil", "example.org", false],
  ["", "example.org", false],
])("%j is in %s: %s", (text, domain, expected) => {
  expect(isInDomain(text, domain)).toBe(expected);
});

test("addresses that are equal under RFC 7622 are equal, and the comparison is symmetric", () => {
  const parts = fc.string({
    unit: fc.constantFrom(...Array.from("aAÉé\u00df\u03a3\u03c2\u03c3\u0131\u2122\u00ad@/ \u05d0")),
  });
  const texts = fc.tuple(parts, parts).map(([local, resource]) => `${local}@x/${resource}`);
  fc.assert(
    fc.property(texts, texts, (left, right) => {
      expect(isSameAddress(left, left)).toBe(true);
      expect(isSameAddress(left, right)).toBe(isSameAddress(right, left));
      const prepared = tryJid(left);
      if (prepared !== undefined) expect(isSameAddress(left, prepared.full)).toBe(true);
    }),
  );
});
