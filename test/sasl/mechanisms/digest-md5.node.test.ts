import { describe, expect, test } from "vitest";
import type { Crypto } from "../../../src/base/crypto/crypto.ts";
import { nodeCrypto } from "../../../src/base/crypto/node-crypto.ts";
import { AuthError } from "../../../src/sasl/auth-error.ts";
import type { Credentials, Exchange } from "../../../src/sasl/mechanism.ts";
import { digestMd5, proofs } from "../../../src/sasl/mechanisms/digest-md5.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

/** A crypto whose next client nonce is known; it is written in hexadecimal digits. */
function withCnonce(digits: string): Crypto {
  return { ...nodeCrypto, random: () => Uint8Array.from(Buffer.from(digits, "hex")) };
}

function credentials(given: Partial<Credentials> & { secret?: string } = {}): Credentials {
  return {
    username: "alice",
    password: () => Promise.resolve(given.secret ?? "alicepw"),
    authzid: undefined,
    domain: "localhost",
    digestUri: "xmpp/localhost",
    signal: new AbortController().signal,
    ...given,
  };
}

test("the example of RFC 2831, 4 is computed as it stands there", async () => {
  const known = {
    username: bytes("chris"),
    realm: "elwood.innosoft.com",
    password: bytes("secret"),
    nonce: "OA6MG9tEQGm2hh",
    cnonce: "OA6MHXh6VqTrRk",
    digestUri: "imap/elwood.innosoft.com",
    authzid: undefined,
  };
  expect(await proofs(known, nodeCrypto)).toEqual({
    response: "d388dad90d4bbd760a152321f2143af7",
    rspauth: "ea40f60335c427b5527b84dbabcdfffd",
  });
});

/** Logins recorded with real servers. */
const conversations = [
  {
    server: "ejabberd 23.01, which names no realm",
    login: credentials(),
    cnonce: "ccf283abee1b0da5",
    challenge: 'nonce="3488428444435677682",qop="auth",charset=utf-8,algorithm=md5-sess',
    response: "d8d4f6ff3bb3ee8fb3ce9d3583462dde",
    realm: undefined,
    proof: "rspauth=522832f253eed019dcdc4bf4720d1b20",
  },
  {
    server: "c2s of jabberd2 2.7.0",
    login: credentials(),
    cnonce: "c199c29091527d0d",
    challenge:
      'realm="localhost", nonce="Va5BC5JdWamZ+ZYL6gmkyA==", qop="auth", charset=utf-8, algorithm=md5-sess',
    response: "d5b7911190cb8d76ea3283ea8fdb2d03",
    realm: "localhost",
    proof: "rspauth=b0931c2bc7e328337c592bd4367221d2",
  },
  {
    server: "the router of jabberd2 2.7.0",
    login: credentials({
      username: "jabberd",
      secret: "secret",
      digestUri: "jabberd-router/localhost",
    }),
    cnonce: "dfd97f2d44ad2533",
    challenge:
      'realm="jabberd-router", nonce="M9BzzctdSBuhbTwYRXFQnw==", qop="auth", charset=utf-8, algorithm=md5-sess',
    response: "2b0e5a3a0abc927e3499cff42d3cde3f",
    realm: "jabberd-router",
    proof: "rspauth=c974c93a494fb4669273daf6936b1d72",
  },
];

describe.each(conversations)("the login at $server", (conversation) => {
  const { login, cnonce, challenge, response, realm, proof } = conversation;
  const begin = (): Exchange => digestMd5.begin(login, withCnonce(cnonce));

  test("is answered with the same digest, and the proof may come with success", async () => {
    const exchange = begin();
    expect(await exchange.start()).toBeUndefined();
    const answer = text(await exchange.answer(bytes(challenge)));
    expect(answer).toContain(`,response=${response},`);
    expect(answer.includes("realm=")).toBe(realm !== undefined);
    if (realm !== undefined) expect(answer).toContain(`,realm="${realm}",`);
    await exchange.finish(bytes(proof));
  });

  test("may end with the proof in a challenge of its own", async () => {
    const exchange = begin();
    await exchange.answer(bytes(challenge));
    expect(await exchange.answer(bytes(proof))).toHaveLength(0);
    await exchange.finish(undefined);
  });
});

const CHALLENGE = 'realm="localhost",nonce="abc",qop="auth",charset=utf-8,algorithm=md5-sess';
const PROOF = "rspauth=522832f253eed019dcdc4bf4720d1b20";

async function rejection(attempt: Promise<unknown>): Promise<AuthError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthError);
  return error as AuthError;
}

describe("a challenge is refused", () => {
  test.each([
    ["without a nonce", "algorithm=md5-sess", "no nonce"],
    ["with an empty nonce", 'nonce="",algorithm=md5-sess', "no nonce"],
    ["with two nonces", 'nonce="a",nonce="b",algorithm=md5-sess', "nonce twice"],
    ["with a second nonce in capitals", 'nonce="a",NONCE="b",algorithm=md5-sess', "nonce twice"],
    ["without an algorithm", 'nonce="a"', "algorithm"],
    ["with the algorithm of HTTP", 'nonce="a",algorithm=md5', "algorithm"],
    ["with two algorithms", 'nonce="a",algorithm=md5-sess,algorithm=md5', "algorithm twice"],
    ["with two charsets", `${CHALLENGE},charset=utf-8`, "charset twice"],
    ["with an unknown charset", 'nonce="a",algorithm=md5-sess,charset=utf-16', "charset"],
    ["with two qops", `${CHALLENGE},qop="auth"`, "qop twice"],
    ["with two stales", `${CHALLENGE},stale=true,stale=true`, "stale twice"],
    ["with two maxbufs", `${CHALLENGE},maxbuf=1,maxbuf=2`, "maxbuf twice"],
    ["that insists on encryption", 'nonce="a",algorithm=md5-sess,qop="auth-conf"', "layer"],
    ["whose quotes never end", 'nonce="a,algorithm=md5-sess', "malformed"],
    ["that is empty", "", "no nonce"],
    ["that is a proof", PROOF, "no nonce"],
  ])("%s", async (_, challenge, reason) => {
    const error = await rejection(
      digestMd5.begin(credentials(), nodeCrypto).answer(bytes(challenge)),
    );
    expect(error).toMatchObject({ code: "AUTH_FAILED", mechanism: "DIGEST-MD5" });
    expect(error.message).toContain(reason);
  });

  test("that is not UTF-8", async () => {
    const exchange = digestMd5.begin(credentials(), nodeCrypto);
    const error = await rejection(exchange.answer(Uint8Array.of(0xff)));
    expect(error.message).toContain("UTF-8");
  });
});

describe("a success is a failure", () => {
  test.each([
    ["with a wrong proof", PROOF],
    ["with two proofs", `${PROOF},rspauth=522832f253eed019dcdc4bf4720d1b20`],
    ["with an empty proof", "rspauth="],
    ["with something else", 'nonce="abc"'],
  ])("%s", async (_, data) => {
    const exchange = digestMd5.begin(credentials(), nodeCrypto);
    await exchange.answer(bytes(CHALLENGE));
    await rejection(exchange.finish(bytes(data)));
  });

  test.each([
    ["after our proof", true],
    ["before any challenge", false],
  ])("without a proof, %s", async (_, answered) => {
    const exchange = digestMd5.begin(credentials(), nodeCrypto);
    if (answered) await exchange.answer(bytes(CHALLENGE));
    const error = await rejection(exchange.finish(undefined));
    expect(error.message).toContain("did not prove");
  });
});

test.each([
  'nonce="abc",qop="auth",charset=UTF-8,algorithm=MD5-sess',
  'NONCE="abc",QOP="AUTH",CHARSET=Utf-8,ALGORITHM=MD5-SESS',
  'nonce="abc",qop="auth-int, Auth",algorithm="Md5-Sess"',
])("the words of the challenge %s count in any case", async (challenge) => {
  const exchange = digestMd5.begin(credentials(), nodeCrypto);
  expect(text(await exchange.answer(bytes(challenge)))).toContain(",qop=auth");
});

test("a second challenge in place of the proof is refused", async () => {
  const exchange = digestMd5.begin(credentials(), nodeCrypto);
  await exchange.answer(bytes(CHALLENGE));
  await rejection(exchange.answer(bytes(`${CHALLENGE},stale=true`)));
});

test.each([
  ["the domain's", 'realm="other",realm="localhost",', 'realm="localhost"'],
  ["the first, if the domain's is not there", 'realm="one",realm="two",', 'realm="one"'],
])("of several realms %s is chosen", async (_, realms, expected) => {
  const exchange = digestMd5.begin(credentials(), nodeCrypto);
  const answer = text(
    await exchange.answer(bytes(`${realms}nonce="a",algorithm=md5-sess,charset=utf-8`)),
  );
  expect(answer).toContain(`,${expected},`);
});

test("what is quoted in the answer cannot be taken for another directive", async () => {
  const login = credentials({ username: 'a",realm="b\\', authzid: 'c"' });
  const answer = text(await digestMd5.begin(login, nodeCrypto).answer(bytes(CHALLENGE)));
  expect(answer).toContain('username="a\\",realm=\\"b\\\\"');
  expect(answer).toContain('authzid="c\\""');
});

test("user name and password that fit into ISO 8859-1 are hashed in it, others in UTF-8", async () => {
  const known = {
    realm: "localhost",
    nonce: "abc",
    digestUri: "xmpp/localhost",
    authzid: undefined,
  };
  const answer = async (username: string, secret: string): Promise<string> =>
    text(
      await digestMd5
        .begin(credentials({ username, secret }), withCnonce("00ff"))
        .answer(bytes(CHALLENGE)),
    );
  const latin = await proofs(
    { ...known, username: Uint8Array.of(0xe9), password: bytes("\u043f"), cnonce: "00ff" },
    nodeCrypto,
  );
  expect(await answer("\u00e9", "\u043f")).toContain(`response=${latin.response}`);
  const both = await proofs(
    { ...known, username: bytes("alice"), password: Uint8Array.of(0xfc), cnonce: "00ff" },
    nodeCrypto,
  );
  expect(await answer("alice", "\u00fc")).toContain(`response=${both.response}`);
});

test("without charset=utf-8 only ISO 8859-1 is spoken", async () => {
  const challenge = bytes('nonce="a",algorithm=md5-sess');
  const answer = await digestMd5
    .begin(credentials({ username: "\u00e9" }), nodeCrypto)
    .answer(challenge);
  expect([...answer]).toContain(0xe9);
  const beyond = digestMd5.begin(credentials({ username: "\u043f" }), nodeCrypto);
  const error = await rejection(beyond.answer(challenge));
  expect(error.message).toContain("ISO 8859-1");
});
