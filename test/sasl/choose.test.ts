import { describe, expect, test } from "vitest";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { type Circumstances, choose } from "../../src/sasl/choose.ts";
import { mechanisms } from "../../src/sasl/mechanisms/mechanisms.ts";
import type { Strength } from "../../src/sasl/strength.ts";

const everything = { ...webCrypto, supports: () => true };

function chosen(offered: string, given: Partial<Circumstances> = {}): string {
  const list = choose({
    offered: offered.split(" "),
    named: undefined,
    secure: true,
    least: "revealing",
    crypto: everything,
    ...given,
  });
  return list.map((mechanism) => mechanism.name).join(" ");
}

const ALL = "PLAIN ANONYMOUS DIGEST-MD5 SCRAM-SHA-1 EXTERNAL SCRAM-SHA-512 SCRAM-SHA-256 X-OAUTH2";

describe("without names, inside TLS", () => {
  test.each([
    [ALL, "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1"],
    ["SCRAM-SHA-1 PLAIN", "SCRAM-SHA-1"],
    ["PLAIN", "PLAIN"],
    ["DIGEST-MD5 PLAIN", "PLAIN"],
    ["DIGEST-MD5 ANONYMOUS EXTERNAL", ""],
    ["SCRAM-SHA-256-PLUS X-OAUTH2", ""],
    ["SCRAM-SHA-1-PLUS PLAIN", ""],
    ["SCRAM-SHA3-512 PLAIN", ""],
    ["", ""],
  ])("of %j are tried: %j", (offered, expected) => {
    expect(chosen(offered)).toBe(expected);
  });
});

test("PLAIN is never used in clear", () => {
  expect(chosen("PLAIN", { secure: false })).toBe("");
  expect(chosen("PLAIN", { secure: false, named: ["PLAIN"] })).toBe("");
  expect(chosen(ALL, { secure: false })).toBe("SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1");
});

test("PLAIN beside a SCRAM that is not there yet is used where it is named", () => {
  expect(chosen("SCRAM-SHA-1-PLUS PLAIN", { named: ["PLAIN"] })).toBe("PLAIN");
});

test.each([
  [["DIGEST-MD5"], "DIGEST-MD5"],
  [["DIGEST-MD5", "SCRAM-SHA-1"], "SCRAM-SHA-1 DIGEST-MD5"],
  [["PLAIN"], "PLAIN"],
  [["PLAIN", "SCRAM-SHA-1"], "SCRAM-SHA-1"],
  [["EXTERNAL"], "EXTERNAL"],
  [["EXTERNAL", "SCRAM-SHA-1", "PLAIN"], "EXTERNAL SCRAM-SHA-1"],
  [["ANONYMOUS"], "ANONYMOUS"],
  [["ANONYMOUS", "PLAIN"], "PLAIN"],
])("if %j are named, %j are tried", (named, expected) => {
  expect(chosen(ALL, { named })).toBe(expected);
});

test("what the runtime cannot do is passed over", () => {
  expect(chosen(ALL, { named: ["DIGEST-MD5", "PLAIN"], crypto: webCrypto })).toBe("PLAIN");
});

test.each<[Strength, string[] | undefined, string]>([
  ["mutual", undefined, "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1"],
  ["mutual", ["PLAIN"], ""],
  ["mutual", ["EXTERNAL", "ANONYMOUS"], ""],
  ["mutual", ["EXTERNAL", "DIGEST-MD5", "PLAIN"], "DIGEST-MD5"],
  ["concealing", ["PLAIN"], ""],
  ["concealing", ["EXTERNAL", "PLAIN"], "EXTERNAL"],
  ["concealing", ["SCRAM-SHA-1", "PLAIN"], "SCRAM-SHA-1"],
])("after a %s login, if %j are named, %j are tried", (least, named, expected) => {
  expect(chosen(ALL, { least, named })).toBe(expected);
});

test("only mutual mechanisms follow the first", () => {
  for (const { name } of mechanisms) {
    for (const follower of choose(
      {
        offered: ALL.split(" "),
        named: ALL.split(" "),
        secure: true,
        least: "revealing",
        crypto: everything,
      },
      mechanisms.slice(mechanisms.findIndex((mechanism) => mechanism.name === name)),
    ).slice(1)) {
      expect(follower.mutual).toBe(true);
    }
  }
});
