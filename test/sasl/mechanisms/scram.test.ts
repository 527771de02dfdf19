import { describe, expect, test } from "vitest";
import type { Crypto } from "../../../src/base/crypto/crypto.ts";
import { webCrypto } from "../../../src/base/crypto/web-crypto.ts";
import { decodeBase64 } from "../../../src/base/text/base64.ts";
import { AuthError } from "../../../src/sasl/auth-error.ts";
import type { Credentials, Exchange } from "../../../src/sasl/mechanism.ts";
import {
  LEAST_ITERATIONS,
  MOST_ITERATIONS,
  type ScramHash,
  scram,
} from "../../../src/sasl/mechanisms/scram.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

/** A crypto whose next nonce is known. */
function withNonce(nonce: string): Crypto {
  return { ...webCrypto, random: () => decodeBase64(nonce) ?? new Uint8Array() };
}

function credentials(username: string, password: string, authzid?: string): Credentials {
  return {
    username,
    password: () => Promise.resolve(password),
    authzid,
    domain: "example.org",
    digestUri: "xmpp/example.org",
    signal: new AbortController().signal,
  };
}

/** The examples of RFC 5802, 5, of RFC 7677, 3, and logins recorded with ejabberd 23.01. */
const conversations: {
  from: string;
  hash: ScramHash;
  user: [string, string];
  nonce: string;
  clientFirst: string;
  serverFirst: string;
  clientFinal: string;
  serverFinal: string;
}[] = [
  {
    from: "RFC 5802",
    hash: "SHA-1",
    user: ["user", "pencil"],
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    clientFirst: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    clientFinal:
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    serverFinal: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    from: "RFC 7677",
    hash: "SHA-256",
    user: ["user", "pencil"],
    nonce: "rOprNGfwEbeRWgbNEkqO",
    clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    serverFirst:
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    clientFinal:
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
  {
    from: "ejabberd",
    hash: "SHA-512",
    user: ["alice", "alicepw"],
    nonce: "LVsQevIJaj1ZkHwh",
    clientFirst: "n,,n=alice,r=LVsQevIJaj1ZkHwh",
    serverFirst: "r=LVsQevIJaj1ZkHwhgGo1Y3DxjH9c0Rovlx5+MA==,s=UyOv8zjlYRRVUYjgXshRCQ==,i=4096",
    clientFinal:
      "c=biws,r=LVsQevIJaj1ZkHwhgGo1Y3DxjH9c0Rovlx5+MA==,p=t/5dJ0tdEMqUiq5X46BVAsgDDuoThiX529IIBKR7E42hxsgSYWYlIWyzDNHoaaU+LCTD5okyYLUFCg2e70lXqw==",
    serverFinal:
      "v=em3J04xsKMFvVxF10BiBib2JpLOgCHf4LpULdY0DZmo4stBh2bFvm312cayUDqbfMmoU+ZudNqNWDHeUV+AI+g==",
  },
];

describe.each(conversations)("SCRAM-$hash, the conversation of $from", (conversation) => {
  const { hash, user, nonce, clientFirst, serverFirst, clientFinal, serverFinal } = conversation;
  const begin = (): Exchange => scram(hash).begin(credentials(...user), withNonce(nonce));

  test("is spoken word for word, and the proof may come with success", async () => {
    const exchange = begin();
    expect(text(await exchange.start())).toBe(clientFirst);
    expect(text(await exchange.answer(bytes(serverFirst)))).toBe(clientFinal);
    await exchange.finish(bytes(serverFinal));
  });

  test("may end with the proof in a challenge of its own", async () => {
    const exchange = begin();
    await exchange.start();
    await exchange.answer(bytes(serverFirst));
    expect(await exchange.answer(bytes(serverFinal))).toHaveLength(0);
    await exchange.finish(undefined);
  });
});

const NONCE = "fyko+d2lbbFgONRv9qkxdawL";
const SERVER_FIRST_OF_RFC = conversations[0]?.serverFirst ?? "";
const PROOF_OF_RFC = conversations[0]?.serverFinal ?? "";
const SERVER_FIRST = `r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92,i=4096`;

function begin(): Exchange {
  return scram("SHA-1").begin(credentials("user", "pencil"), withNonce(NONCE));
}

async function rejection(attempt: Promise<unknown>): Promise<AuthError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthError);
  return error as AuthError;
}

describe("a server's first message is refused", () => {
  const nonce = `r=${NONCE}3rfc`;
  const salt = "s=QSXCR+Q6sek8bf92";
  test.each([
    ["with a nonce that is not ours", `r=other3rfc,${salt},i=4096`, "nonce does not extend ours"],
    ["with our nonce and nothing of its own", `r=${NONCE},${salt},i=4096`, "does not extend ours"],
    ["with our nonce in another place", `r=x${NONCE},${salt},i=4096`, "does not extend ours"],
    ["with a nonce that is not printable", `r=${NONCE}\u0001,${salt},i=4096`, "malformed"],
    ["without a nonce", `${salt},i=4096`, "malformed"],
    ["with an extension that must be understood", `m=x,${nonce},${salt},i=4096`, "extension"],
    ["with such an extension at its end", `${nonce},${salt},i=4096,m=x`, "malformed"],
    ["with one iteration", `${nonce},${salt},i=1`, "iteration count"],
    ["with one iteration too few", `${nonce},${salt},i=${LEAST_ITERATIONS - 1}`, "iteration count"],
    [
      "with one iteration too many",
      `${nonce},${salt},i=${MOST_ITERATIONS["SHA-1"] + 1}`,
      "iteration count",
    ],
    ["with a thousand million iterations", `${nonce},${salt},i=1000000000`, "iteration count"],
    ["with a count beyond all numbers", `${nonce},${salt},i=${"9".repeat(400)}`, "iteration count"],
    ["with a negative count", `${nonce},${salt},i=-4096`, "iteration count"],
    ["with a count in another notation", `${nonce},${salt},i=4.096e3`, "iteration count"],
    ["with a count that begins with zero", `${nonce},${salt},i=04096`, "iteration count"],
    ["without a count", `${nonce},${salt}`, "malformed"],
    ["with an empty salt", `${nonce},s=,i=4096`, "salt"],
    ["with a salt that is not base64", `${nonce},s=QSXCR+Q6sek8bf9,i=4096`, "salt"],
    ["with white space in its salt", `${nonce},s=QSXC R+Q6sek8bf92,i=4096`, "salt"],
    ["without a salt", `${nonce},i=4096`, "malformed"],
    ["in another order", `${salt},${nonce},i=4096`, "malformed"],
    ["with two salts", `${nonce},${salt},i=4096,s=QSXCR+Q6`, "malformed"],
    ["with an extension that is none", `${nonce},${salt},i=4096,??`, "malformed"],
    ["with an empty extension", `${nonce},${salt},i=4096,x=`, "malformed"],
    ["with nothing behind a comma", `${nonce},${salt},i=4096,`, "malformed"],
    ["with NUL as an extension", `${nonce},${salt},i=4096,x=\0`, "malformed"],
    ["with NUL in an extension", `${nonce},${salt},i=4096,x=1,y=a\0b`, "malformed"],
    ["with a signature in it", `${nonce},${salt},i=4096,v=AAAA`, "malformed"],
    ["that is empty", "", "malformed"],
    ["that is an error", "e=unknown-user", "unknown-user"],
    ["that is an error with more in it than a name", "e=<b>pencil</b>", "not-authorized"],
  ])("%s", async (_, message, reason) => {
    const exchange = begin();
    await exchange.start();
    const error = await rejection(exchange.answer(bytes(message)));
    expect(error).toMatchObject({ code: "AUTH_FAILED", mechanism: "SCRAM-SHA-1" });
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain("pencil");
  });

  test("that is not UTF-8", async () => {
    const exchange = begin();
    await exchange.start();
    const error = await rejection(exchange.answer(Uint8Array.of(0x72, 0x3d, 0xff)));
    expect(error.message).toContain("UTF-8");
  });
});

describe("the iterations of a server are bounded by what they cost", () => {
  test.each([
    ["SHA-1", 2_000_000],
    ["SHA-256", 2_000_000],
    ["SHA-512", 1_000_000],
  ] as const)("%s: at most %d", async (hash, most) => {
    const derived: number[] = [];
    const crypto: Crypto = {
      ...withNonce(NONCE),
      pbkdf2: (_hash, _password, _salt, iterations, length) => {
        derived.push(iterations);
        return Promise.resolve(new Uint8Array(length));
      },
    };
    for (const iterations of [most, most + 1]) {
      const exchange = scram(hash).begin(credentials("user", "pencil"), crypto);
      await exchange.start();
      const first = bytes(`r=${NONCE}3rfc,s=QSXCR+Q6sek8bf92,i=${iterations}`);
      if (iterations === most) await exchange.answer(first);
      else expect((await rejection(exchange.answer(first))).message).toContain("iteration count");
    }
    expect(derived).toEqual([most]);
  });
});

test("optional extensions of the server are passed over, and signed", async () => {
  const exchange = begin();
  await exchange.start();
  const answer = text(await exchange.answer(bytes(`${SERVER_FIRST},x=1,y=a=\n\u00e9`)));
  expect(answer).toMatch(/^c=biws,r=fyko\+d2lbbFgONRv9qkxdawL3rfc,p=[A-Za-z0-9+/]+=$/);
});

describe("a success is a failure", () => {
  test.each([
    ["with a wrong signature", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="],
    ["with a signature cut short", "v=rmF9"],
    ["with an empty signature", "v="],
    ["with a signature that is not base64", "v=!"],
    ["with the server's error", "e=invalid-proof"],
    ["with something else", "welcome"],
    ["with empty data", ""],
  ])("%s", async (_, data) => {
    const exchange = begin();
    await exchange.start();
    await exchange.answer(bytes(SERVER_FIRST));
    await rejection(exchange.finish(bytes(data)));
  });

  test("without a signature", async () => {
    const exchange = begin();
    await exchange.start();
    await exchange.answer(bytes(SERVER_FIRST));
    const error = await rejection(exchange.finish(undefined));
    expect(error.message).toContain("did not prove");
  });

  test.each([
    ["before any challenge", undefined],
    ["before any challenge, with a signature", bytes("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")],
  ])("%s", async (_, data) => {
    const exchange = begin();
    await exchange.start();
    await rejection(exchange.finish(data));
  });
});

test("a wrong signature in a challenge is refused, and success after it too", async () => {
  const exchange = begin();
  await exchange.start();
  await exchange.answer(bytes(SERVER_FIRST));
  await rejection(exchange.answer(bytes("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")));
  await rejection(exchange.finish(undefined));
});

describe("a signature that was verified in a challenge", () => {
  const proved = async (): Promise<Exchange> => {
    const exchange = begin();
    await exchange.start();
    await exchange.answer(bytes(SERVER_FIRST_OF_RFC));
    await exchange.answer(bytes(PROOF_OF_RFC));
    return exchange;
  };

  test.each([
    ["the same once more", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="],
    ["an error", "e=other-error"],
    ["anything else", "welcome"],
  ])("is not followed by %s with success", async (_, data) => {
    const error = await rejection((await proved()).finish(bytes(data)));
    expect(error.message).toContain("data after its proof");
  });

  test.each([
    ["no data", undefined],
    ["data of no bytes", new Uint8Array()],
  ])("is enough where success has %s", async (_, data) => {
    await (await proved()).finish(data);
  });

  test.each([
    ["something", "welcome"],
    ["nothing", ""],
    ["NUL", "x=\0"],
    ["a demand", "m=x"],
    ["a second one", PROOF_OF_RFC],
  ])("is refused with a comma and %s behind it", async (_, more) => {
    const exchange = begin();
    await exchange.start();
    await exchange.answer(bytes(SERVER_FIRST_OF_RFC));
    const error = await rejection(exchange.finish(bytes(`${PROOF_OF_RFC},${more}`)));
    expect(error.message).toContain("final message is malformed");
  });

  test("may have extensions behind it", async () => {
    const exchange = begin();
    await exchange.start();
    await exchange.answer(bytes(SERVER_FIRST_OF_RFC));
    await exchange.finish(bytes(`${PROOF_OF_RFC},x=1`));
  });
});

test("a challenge after the proof is one too many", async () => {
  const [conversation] = conversations;
  const exchange = begin();
  await exchange.start();
  await exchange.answer(bytes(conversation?.serverFirst ?? ""));
  await exchange.answer(bytes(conversation?.serverFinal ?? ""));
  await rejection(exchange.answer(bytes(conversation?.serverFinal ?? "")));
});

test.each([
  ["a,b=c", undefined, "n,,n=a=2Cb=3Dc,r="],
  ["user", "admin@example.org", "n,a=admin@example.org,n=user,r="],
  ["user", "a=b,c", "n,a=a=3Db=2Cc,n=user,r="],
  ["I\u00adX", undefined, "n,,n=IX,r="],
  ["\u2168", undefined, "n,,n=IX,r="],
])("the user %j acting as %j is written %s", async (username, authzid, expected) => {
  const exchange = scram("SHA-1").begin(credentials(username, "x", authzid), withNonce(NONCE));
  expect(text(await exchange.start())).toBe(expected + NONCE);
});

test("a password that SASLprep forbids is refused without being shown", async () => {
  const secret = "sesame\u0007";
  const exchange = scram("SHA-1").begin(credentials("user", secret), withNonce(NONCE));
  await exchange.start();
  const error = await rejection(exchange.answer(bytes(SERVER_FIRST)));
  expect(error.message).not.toContain("sesame");
});

test("two exchanges never share a nonce", async () => {
  const first = scram("SHA-256").begin(credentials("user", "x"), webCrypto);
  const second = scram("SHA-256").begin(credentials("user", "x"), webCrypto);
  expect(text(await first.start())).not.toBe(text(await second.start()));
});

test.each(Object.entries(MOST_ITERATIONS) as [ScramHash, number][])(
  "SCRAM-%s takes %i iterations, and not one more",
  async (hash, most) => {
    const asked: number[] = [];
    const crypto: Crypto = {
      ...withNonce(NONCE),
      pbkdf2(_hash, _password, _salt, iterations, length) {
        asked.push(iterations);
        return Promise.resolve(new Uint8Array(length));
      },
    };
    const serverFirst = (iterations: number) =>
      bytes(SERVER_FIRST.replace("i=4096", `i=${iterations}`));
    for (const iterations of [most, most + 1]) {
      const exchange = scram(hash).begin(credentials("user", "pencil"), crypto);
      await exchange.start();
      const answer = exchange.answer(serverFirst(iterations));
      if (iterations === most) await answer;
      else expect((await rejection(answer)).message).toContain(`from 4096 to ${most}`);
    }
    expect(asked).toEqual([most]);
  },
);
