import { expect, test } from "vitest";
import { webCrypto } from "../../../src/base/crypto/web-crypto.ts";
import type { Credentials, Mechanism } from "../../../src/sasl/mechanism.ts";
import { anonymous } from "../../../src/sasl/mechanisms/anonymous.ts";
import { external } from "../../../src/sasl/mechanisms/external.ts";
import { plain } from "../../../src/sasl/mechanisms/plain.ts";

function credentials(given: Partial<Credentials>): Credentials {
  return {
    username: "tim",
    password: () => Promise.resolve("tanstaaftanstaaf"),
    authzid: undefined,
    domain: "example.org",
    digestUri: "xmpp/example.org",
    signal: new AbortController().signal,
    ...given,
  };
}

test.each<[Mechanism, Partial<Credentials>, string | undefined]>([
  [plain, {}, "\0tim\0tanstaaftanstaaf"],
  [plain, { username: "Kurt", authzid: "Ursel" }, "Ursel\0Kurt\0tanstaaftanstaaf"],
  [plain, { password: () => Promise.resolve("\u043f\u{1f511}") }, "\0tim\0\u043f\u{1f511}"],
  [external, {}, ""],
  [external, { authzid: "tim@example.org" }, "tim@example.org"],
  [anonymous, {}, undefined],
])("$name begins with what its RFC says", async (mechanism, given, expected) => {
  const initial = await mechanism.begin(credentials(given), webCrypto).start();
  expect(initial && new TextDecoder().decode(initial)).toBe(expected);
});

test("PLAIN refuses a NUL, which would change who logs in", async () => {
  const login = credentials({ password: () => Promise.resolve("a\0b") });
  await expect(plain.begin(login, webCrypto).start()).rejects.toMatchObject({
    code: "AUTH_FAILED",
    mechanism: "PLAIN",
  });
});

test("PLAIN answers no challenge", async () => {
  const exchange = plain.begin(credentials({}), webCrypto);
  await expect(exchange.answer(new Uint8Array())).rejects.toMatchObject({ code: "AUTH_FAILED" });
});

test.each([external, anonymous])("$name answers one challenge and no more", async (mechanism) => {
  const exchange = mechanism.begin(credentials({}), webCrypto);
  expect(await exchange.answer(new Uint8Array())).toHaveLength(0);
  await expect(exchange.answer(new Uint8Array())).rejects.toMatchObject({ code: "AUTH_FAILED" });
});
