import { expect, test } from "vitest";
import { mechanisms } from "../../src/sasl/mechanisms/mechanisms.ts";
import { isAtLeast, type Strength, strengthOf } from "../../src/sasl/strength.ts";

test("each mechanism has its strength", () => {
  const strengths = mechanisms.map((mechanism) => `${mechanism.name} ${strengthOf(mechanism)}`);
  expect(strengths).toEqual([
    "EXTERNAL concealing",
    "SCRAM-SHA-512 mutual",
    "SCRAM-SHA-256 mutual",
    "SCRAM-SHA-1 mutual",
    "DIGEST-MD5 mutual",
    "PLAIN revealing",
    "ANONYMOUS concealing",
  ]);
  expect(strengthOf({ mutual: false })).toBe("revealing");
});

test.each<[Strength, Strength, boolean]>([
  ["revealing", "revealing", true],
  ["revealing", "concealing", false],
  ["revealing", "mutual", false],
  ["concealing", "revealing", true],
  ["concealing", "concealing", true],
  ["concealing", "mutual", false],
  ["mutual", "revealing", true],
  ["mutual", "concealing", true],
  ["mutual", "mutual", true],
])("%s is at least %s: %s", (strength, least, expected) => {
  expect(isAtLeast(strength, least)).toBe(expected);
});
