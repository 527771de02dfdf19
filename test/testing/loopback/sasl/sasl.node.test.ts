import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { expect, test } from "vitest";
import type { RawClient } from "../../../raw-client.ts";
import { base64, CAST, clientHeader, dial, serve } from "../scene.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const text = (encoded: string | undefined): string =>
  Buffer.from(encoded ?? "", "base64").toString("utf8");

async function greet(options: Parameters<typeof serve>[0] = {}): Promise<RawClient> {
  const server = await serve(options);
  const client = await dial(server.ports.client);
  await client.play(`
    C: ${clientHeader()}
    S: <?xml …</stream:features>
  `);
  return client;
}

interface ScramChanges {
  readonly gs2?: string;
  readonly username?: string;
  readonly password?: string;
  readonly binding?: string;
  readonly nonce?: string;
}

/** The client's side of SCRAM (RFC 5802), with something wrong on request; returns the signature to expect. */
async function scram(
  client: RawClient,
  mechanism: string,
  hash: string,
  changes: ScramChanges = {},
): Promise<string> {
  const { gs2 = "n,,", username = "juliet", password = "s3cret" } = changes;
  const bare = `n=${username},r=c1ient`;
  await client.play(`
    C: <auth xmlns='${SASL}' mechanism='${mechanism}'>${base64(gs2 + bare)}</auth>
    S: <challenge xmlns='${SASL}'>{challenge}</challenge>
  `);
  const challenge = text(client.notes.challenge);
  const [, nonce = "", salt = "", iterations = ""] =
    /^r=(c1ient[^,]+),s=([^,]+),i=(\d+)$/.exec(challenge) ?? [];
  const length = createHash(hash).digest().length;
  const salted = pbkdf2Sync(
    password,
    Buffer.from(salt, "base64"),
    Number(iterations),
    length,
    hash,
  );
  const hmac = (key: Buffer, data: string): Buffer => createHmac(hash, key).update(data).digest();
  const clientKey = hmac(salted, "Client Key");
  const bound = `c=${base64(changes.binding ?? gs2)},r=${changes.nonce ?? nonce}`;
  const message = `${bare},${challenge},${bound}`;
  const signature = hmac(createHash(hash).update(clientKey).digest(), message);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  client.say(
    `<response xmlns='${SASL}'>${base64(`${bound},p=${proof.toString("base64")}`)}</response>`,
  );
  return `v=${hmac(hmac(salted, "Server Key"), message).toString("base64")}`;
}

test.each([
  ["SCRAM-SHA-1", "sha1"],
  ["SCRAM-SHA-256", "sha256"],
  ["SCRAM-SHA-512", "sha512"],
])("%s: each side proves that it knows the password", async (mechanism, hash) => {
  const client = await greet();
  const signature = await scram(client, mechanism, hash);
  await client.play(`S: <success xmlns='${SASL}'>{proof}</success>`);
  expect(text(client.notes.proof)).toBe(signature);
});

test.each<[string, ScramChanges]>([
  ["any characters in the password", { username: "romeo", password: CAST.users.romeo }],
  ["the channel binding flag y", { gs2: "y,," }],
  ["one's own name to act as", { gs2: "n,a=juliet@localhost," }],
  ["another spelling of the name", { username: "JULIET" }],
])("SCRAM accepts %s", async (_, changes) => {
  const client = await greet();
  const signature = await scram(client, "SCRAM-SHA-1", "sha1", changes);
  await client.play(`S: <success xmlns='${SASL}'>{proof}</success>`);
  expect(text(client.notes.proof)).toBe(signature);
});

test.each<[string, ScramChanges]>([
  ["a wrong password", { password: "wrong" }],
  ["a header that differs from the one sent first", { binding: "y,," }],
  ["a nonce of another exchange", { nonce: "c1ientelsewhere" }],
])("SCRAM refuses %s", async (_, changes) => {
  const client = await greet();
  await scram(client, "SCRAM-SHA-1", "sha1", changes);
  await client.play(`S: <failure xmlns='${SASL}'><not-authorized/></failure>`);
});

test.each([
  ["SCRAM-SHA-1", "p=tls-unique,,n=juliet,r=abc", "malformed-request"],
  ["SCRAM-SHA-1", "n,,n=jul=2Giet,r=abc", "malformed-request"],
  ["SCRAM-SHA-1", "n,,m=ext,n=juliet,r=abc", "malformed-request"],
  ["SCRAM-SHA-1", "n,,n=nobody,r=abc", "not-authorized"],
  ["SCRAM-SHA-1", "n,a=romeo,n=juliet,r=abc", "invalid-authzid"],
  ["PLAIN", "\0juliet\0wrong", "not-authorized"],
  ["PLAIN", "\0nobody\0s3cret", "not-authorized"],
  ["PLAIN", "romeo\0juliet\0s3cret", "invalid-authzid"],
  ["PLAIN", "juliet\0s3cret", "malformed-request"],
  ["PLAIN", "\0\0s3cret", "malformed-request"],
  ["ANONYMOUS", "x", "invalid-mechanism"],
  ["SCRAM-SHA-256-PLUS", "x", "invalid-mechanism"],
])("%s with %j fails with %s", async (mechanism, said, condition) => {
  const client = await greet();
  await client.play(`
    C: <auth xmlns='${SASL}' mechanism='${mechanism}'>${base64(said)}</auth>
    S: <failure xmlns='${SASL}'><${condition}/></failure>
  `);
});

test.each([
  ["not base64 at all", "AGp1bGlldABzM2NyZXQ", "incorrect-encoding"],
  ["a line break in base64", "AGp1bGlldABzM2NyZXQ=\n", "incorrect-encoding"],
  ["bytes that are not UTF-8", "AP8AYQ==", "malformed-request"],
])("%s is refused", async (_, said, condition) => {
  const client = await greet();
  client.say(`<auth xmlns='${SASL}' mechanism='PLAIN'>${said}</auth>`);
  await client.expect(`<failure xmlns='${SASL}'><${condition}/></failure>`);
});

test("an exchange begun without a response is asked for it, and may be aborted", async () => {
  const client = await greet();
  await client.play(`
    C: <auth xmlns='${SASL}' mechanism='PLAIN'/>
    S: <challenge xmlns='${SASL}'/>
    C: <abort xmlns='${SASL}'/>
    S: <failure xmlns='${SASL}'><aborted/></failure>
    C: <auth xmlns='${SASL}' mechanism='PLAIN'/>
    S: <challenge xmlns='${SASL}'/>
    C: <response xmlns='${SASL}'>${base64(`\0romeo\0${CAST.users.romeo}`)}</response>
    S: <success xmlns='${SASL}'/>
  `);
});

test("ANONYMOUS, where it is offered, gives a name of the server's choice", async () => {
  const client = await greet({ mechanisms: ["ANONYMOUS"] });
  await client.play(`
    C: <auth xmlns='${SASL}' mechanism='ANONYMOUS'>=</auth>
    S: <success xmlns='${SASL}'/>
    C: ${clientHeader()}
    S: <?xml …</stream:features>
    C: <iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>
    S: <iq …<jid>anonymous-{name}@localhost/r</jid></bind></iq>
  `);
});

test("mechanisms are offered as they are named, in that order", async () => {
  const server = await serve({ mechanisms: ["PLAIN", "SCRAM-SHA-1"] });
  const client = await dial(server.ports.client);
  await client.play(`
    C: ${clientHeader()}
    S: <?xml …<mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms>
  `);
});

/** The client's side of DIGEST-MD5 (RFC 2831), with directives changed on request. */
async function digestMd5(
  client: RawClient,
  password: string,
  changes: Record<string, string> = {},
): Promise<string> {
  await client.play(`
    C: <auth xmlns='${SASL}' mechanism='DIGEST-MD5'/>
    S: <challenge xmlns='${SASL}'>{challenge}</challenge>
  `);
  const challenge = text(client.notes.challenge);
  expect(challenge).toMatch(
    /^realm="localhost",nonce="[^"]+",qop="auth",charset=utf-8,algorithm=md5-sess$/,
  );
  const said: Record<string, string> = {
    username: '"juliet"',
    realm: '"localhost"',
    nonce: `"${/nonce="([^"]+)"/.exec(challenge)?.[1] ?? ""}"`,
    nc: "00000001",
    cnonce: '"cn0nce"',
    "digest-uri": '"xmpp/localhost"',
    charset: "utf-8",
    qop: "auth",
    ...changes,
  };
  const value = (name: string): string => (said[name] ?? "").replaceAll('"', "");
  const md5 = (...parts: (string | Buffer)[]): Buffer => {
    const hash = createHash("md5");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const secret = md5(`${value("username")}:${value("realm")}:${password}`);
  const a1 = md5(secret, `:${value("nonce")}:${value("cnonce")}`).toString("hex");
  const answer = (method: string): string => {
    const a2 = md5(`${method}:${value("digest-uri")}`).toString("hex");
    return md5(`${a1}:${value("nonce")}:00000001:${value("cnonce")}:auth:${a2}`).toString("hex");
  };
  const directives = Object.entries({ ...said, response: answer("AUTHENTICATE") });
  const line = directives.map(([name, one]) => `${name}=${one}`).join(",");
  client.say(`<response xmlns='${SASL}'>${base64(line)}</response>`);
  return `rspauth=${answer("")}`;
}

test("DIGEST-MD5: the server's proof comes in a challenge of its own", async () => {
  const client = await greet();
  const proof = await digestMd5(client, "s3cret");
  await client.play(`
    S: <challenge xmlns='${SASL}'>${base64(proof)}</challenge>
    C: <response xmlns='${SASL}'/>
    S: <success xmlns='${SASL}'/>
  `);
});

test.each<[string, string, Record<string, string>, string]>([
  ["a wrong password", "wrong", {}, "not-authorized"],
  ["another realm", "s3cret", { realm: '"elsewhere"' }, "not-authorized"],
  ["another nonce", "s3cret", { nonce: '"mine"' }, "not-authorized"],
  ["another service", "s3cret", { "digest-uri": '"imap/localhost"' }, "not-authorized"],
  ["a count other than one", "s3cret", { nc: "00000002" }, "malformed-request"],
  ["no nonce of its own", "s3cret", { cnonce: '""' }, "malformed-request"],
  ["an unclosed quote", "s3cret", { cnonce: '"a' }, "malformed-request"],
])("DIGEST-MD5 with %s is refused", async (_, password, changes, condition) => {
  const client = await greet();
  await digestMd5(client, password, changes);
  await client.play(`S: <failure xmlns='${SASL}'><${condition}/></failure>`);
});
