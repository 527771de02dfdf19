import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { decodeBase64 } from "../../../base/text/base64.ts";
import {
  checkAuthzid,
  type Exchange,
  type Outcome,
  prepare,
  SaslRefusal,
} from "./sasl-exchange.ts";

type Hash = "sha1" | "sha256" | "sha512";

const LENGTH = { sha1: 20, sha256: 32, sha512: 64 } as const;

/** The least that RFC 7677 allows; a test server has no reason to be slower. */
const ITERATIONS = 4096;

const derive = promisify(pbkdf2);

/**
 * SCRAM (RFC 5802, section 3), from the server's side:
 *
 *     C: n,,n=user,r=<client nonce>
 *     S: r=<client nonce><server nonce>,s=<salt>,i=4096
 *     C: c=biws,r=<both>,p=<proof>
 *     S: v=<signature>
 */
export async function scram(hash: Hash, exchange: Exchange): Promise<Outcome> {
  const first = clientFirst(await exchange.first());
  const account = exchange.accounts.find(first.username);
  if (account === undefined) throw new SaslRefusal("not-authorized");
  checkAuthzid(first.authzid, account, exchange.accounts);

  const nonce = first.nonce + randomBytes(18).toString("base64");
  const salt = randomBytes(16);
  const serverFirst = `r=${nonce},s=${salt.toString("base64")},i=${ITERATIONS}`;
  const final = clientFinal(await exchange.ask(serverFirst));
  if (final.nonce !== nonce) throw new SaslRefusal("not-authorized");
  // The client repeats its first message. If another one arrived, an attacker changed it.
  if (final.binding !== Buffer.from(first.gs2Header).toString("base64")) {
    throw new SaslRefusal("not-authorized");
  }

  const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
  const salted = await derive(prepare(account.password), salt, ITERATIONS, LENGTH[hash], hash);
  const clientKey = hmac(hash, salted, "Client Key");
  const storedKey = createHash(hash).update(clientKey).digest();
  const expected = xor(clientKey, hmac(hash, storedKey, authMessage));
  if (expected.length !== final.proof.length || !timingSafeEqual(expected, final.proof)) {
    throw new SaslRefusal("not-authorized");
  }
  const signature = hmac(hash, hmac(hash, salted, "Server Key"), authMessage);
  return { username: account.username, proof: `v=${signature.toString("base64")}` };
}

/**
 *     n,a=authzid,n=user,r=nonce
 *     ^ `n` or `y`: no channel binding; `p=…` is not offered here
 */
function clientFirst(message: string) {
  const match = /^([ny],(?:a=([^,]*))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(
    message,
  );
  if (match === null) throw new SaslRefusal("malformed-request");
  const [, gs2Header = "", authzid = "", bare = "", username = "", nonce = ""] = match;
  return {
    gs2Header,
    authzid: unescapeName(authzid),
    bare,
    username: unescapeName(username),
    nonce,
  };
}

/** `c=binding,r=nonce,…,p=proof` */
function clientFinal(message: string) {
  const match = /^(c=([^,]+),r=([^,]+)(?:,.*)?),p=([^,]+)$/s.exec(message);
  const proof = decodeBase64(match?.[4] ?? "-");
  if (match === null || proof === undefined) throw new SaslRefusal("malformed-request");
  const [, withoutProof = "", binding = "", nonce = ""] = match;
  return { withoutProof, binding, nonce, proof };
}

/** `=2C` is a comma, `=3D` an equals sign, and no other `=` is legal. */
function unescapeName(name: string): string {
  if (/=(?!2C|3D)/.test(name)) throw new SaslRefusal("malformed-request");
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

const hmac = (hash: Hash, key: Uint8Array, text: string): Buffer =>
  createHmac(hash, key).update(text, "utf8").digest();

const xor = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  left.map((byte, index) => byte ^ (right[index] ?? 0));
