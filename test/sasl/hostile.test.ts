import fc from "fast-check";
import { expect, test } from "vitest";
import type { Crypto } from "../../src/base/crypto/crypto.ts";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import type { Credentials, Exchange } from "../../src/sasl/mechanism.ts";
import { quote, readDirectives } from "../../src/sasl/mechanisms/directives.ts";
import { mechanisms } from "../../src/sasl/mechanisms/mechanisms.ts";
import { saslprep } from "../../src/sasl/saslprep.ts";

const NONCE = "fyko+d2lbbFgONRv9qkxdawL";

/** Every hash is a SHA-1, so that all mechanisms run in browsers too; no proof can be right by chance. */
const crypto: Crypto = {
  ...webCrypto,
  supports: () => true,
  random: (length) =>
    length === 24 ? Uint8Array.from(atob(NONCE), (c) => c.charCodeAt(0)) : new Uint8Array(length),
  hash: (_, data) => webCrypto.hash("SHA-1", data),
};

const credentials: Credentials = {
  username: "user",
  password: () => Promise.resolve("pencil"),
  authzid: undefined,
  domain: "example.org",
  digestUri: "xmpp/example.org",
  signal: new AbortController().signal,
};

/** Bytes; texts like those that servers send; and such texts with something changed. */
const message = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .oneof(
      fc.string({ unit: "grapheme", maxLength: 64 }),
      fc
        .array(
          fc.constantFrom(
            ...[`r=${NONCE}x`, "s=QSXCR+Q6sek8bf92", "i=4096", "i=1", "m=x", "e=other-error"],
            ...["v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "v=", 'nonce="a"', "nonce=b", "qop=auth"],
            ...["algorithm=md5-sess", "charset=utf-8", 'realm="r"', "rspauth=00", '"', "\\", "="],
          ),
          { maxLength: 6 },
        )
        .map((parts) => parts.join(",")),
    )
    .map((text) => new TextEncoder().encode(text)),
);

async function outcome(exchange: Exchange, messages: readonly Uint8Array[]): Promise<unknown> {
  try {
    await exchange.start();
    for (const one of messages) await exchange.answer(one);
    await exchange.finish(messages.at(-1));
    return "success";
  } catch (error) {
    return error;
  }
}

test.each(mechanisms)(
  "whatever a server says to $name, it ends in success or an AuthError",
  async (mechanism) => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 3 }), async (messages) => {
        const result = await outcome(mechanism.begin(credentials, crypto), messages);
        // A mutual mechanism never takes for proved what was made up without the password.
        if (mechanism.mutual) expect(result).toBeInstanceOf(AuthError);
        else if (result !== "success") expect(result).toBeInstanceOf(AuthError);
        if (result instanceof AuthError) expect(result.message).not.toContain("pencil");
      }),
      { numRuns: 150 },
    );
  },
);

test("any text survives quoting in a list of directives, and stays one", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const directives = readDirectives(`before=x,a=${quote(text)},after=y`);
      expect(directives?.get("a")).toEqual([text]);
      expect([...(directives?.keys() ?? [])]).toEqual(["before", "a", "after"]);
    }),
  );
});

test("what is prepared once stays as it is when it is prepared again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const prepared = saslprep(text);
      // A few characters are normalized to what is forbidden; none to what is prepared otherwise.
      if (prepared !== undefined) expect(saslprep(prepared) ?? prepared).toBe(prepared);
    }),
  );
});
