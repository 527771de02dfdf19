import { describe, expect, test } from "vitest";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { encodeBase64 } from "../../src/base/text/base64.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import { type Carrier, runExchange, type ServerMessage } from "../../src/sasl/exchange.ts";
import type { Credentials, Mechanism } from "../../src/sasl/mechanism.ts";
import { plain } from "../../src/sasl/mechanisms/plain.ts";
import { scram } from "../../src/sasl/mechanisms/scram.ts";

const base64 = (text: string): string => encodeBase64(new TextEncoder().encode(text));

const credentials: Credentials = {
  username: "user",
  password: () => Promise.resolve("pencil"),
  authzid: undefined,
  domain: "example.org",
  digestUri: "xmpp/example.org",
  signal: new AbortController().signal,
};

const crypto = {
  ...webCrypto,
  random: () => Uint8Array.from(atob("fyko+d2lbbFgONRv9qkxdawL"), (each) => each.charCodeAt(0)),
};

/** The messages of the example in RFC 5802, 5. */
const FIRST = base64("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
const FINAL = base64("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");

/** Carries an exchange over nothing but a list: no element and no namespace is there. */
async function run(
  mechanism: Mechanism,
  messages: readonly ServerMessage[],
): Promise<{ said: string[]; outcome: unknown }> {
  const said: string[] = [];
  const left = [...messages];
  const carrier: Carrier = {
    start: (name, initial) => said.push(`start ${name} ${initial ?? "(none)"}`),
    respond: (data) => said.push(`respond ${data}`),
    abort: () => said.push("abort"),
    next() {
      const message = left.shift();
      return message === undefined
        ? Promise.reject(new TypeError("lost"))
        : Promise.resolve(message);
    },
  };
  const outcome: unknown = await runExchange(
    carrier,
    mechanism,
    mechanism.begin(credentials, crypto),
  ).catch((error: unknown) => error);
  return { said, outcome };
}

const scramSha1 = scram("SHA-1");

describe("an exchange knows no element", () => {
  test.each<[string, ServerMessage[]]>([
    [
      "whose proof comes with success",
      [
        { kind: "challenge", data: FIRST },
        { kind: "success", data: FINAL },
      ],
    ],
    [
      "whose proof comes in a challenge",
      [
        { kind: "challenge", data: FIRST },
        { kind: "challenge", data: FINAL },
        { kind: "success", data: undefined },
      ],
    ],
  ])("%s", async (_, messages) => {
    const { said, outcome } = await run(scramSha1, messages);
    expect(outcome).toBeUndefined();
    expect(said.slice(0, 2)).toEqual([
      `start SCRAM-SHA-1 ${base64("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")}`,
      `respond ${base64("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")}`,
    ]);
    expect(said.slice(2)).toEqual(messages.length === 3 ? ["respond "] : []);
  });

  test("and rejects with the error of its carrier", async () => {
    const { outcome } = await run(scramSha1, [{ kind: "challenge", data: FIRST }]);
    expect(outcome).toBeInstanceOf(TypeError);
  });
});

test.each<[string, string]>([
  ["is not base64", "r=1"],
  ["is no message of the mechanism", base64("hello")],
])("a challenge that %s is given up aloud", async (_, data) => {
  const { said, outcome } = await run(scramSha1, [{ kind: "challenge", data }]);
  expect(outcome).toBeInstanceOf(AuthError);
  expect(said.at(-1)).toBe("abort");
});

test.each<[string, Mechanism, ServerMessage, string]>([
  [
    "tells condition and text",
    scramSha1,
    { kind: "failure", condition: "account-disabled", text: " since May " },
    "SCRAM-SHA-1, account-disabled, since May",
  ],
  [
    "without a condition is one of the credentials",
    scramSha1,
    { kind: "failure", condition: undefined, text: undefined },
    "SCRAM-SHA-1, not-authorized",
  ],
  [
    "tells no text where the mechanism reveals the password",
    plain,
    { kind: "failure", condition: "not-authorized", text: "pencil is wrong" },
    "PLAIN, not-authorized",
  ],
  [
    "tells no text where the mechanism does not say that it keeps its secret",
    { ...plain, name: "OAUTHBEARER", revealsSecret: undefined },
    { kind: "failure", condition: "not-authorized", text: "pencil is wrong" },
    "OAUTHBEARER, not-authorized",
  ],
])("a failure %s", async (_, mechanism, message, detail) => {
  const { outcome } = await run(mechanism, [message]);
  expect(outcome).toBeInstanceOf(AuthError);
  expect((outcome as AuthError).message).toMatch(new RegExp(`: ${detail}$`));
});
