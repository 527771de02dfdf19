import { type Crypto, constantTimeEqual, hex, randomId } from "../../base/crypto/crypto.ts";
import { utf8Bytes } from "../../base/text/utf8.ts";
import { AuthError } from "../auth-error.ts";
import type { Credentials, Mechanism } from "../mechanism.ts";
import { type Directives, quote, readDirectives } from "./directives.ts";
import { MutualExchange, type Proof } from "./mutual-exchange.ts";

const NAME = "DIGEST-MD5";

/**
 * DIGEST-MD5 (RFC 2831), historic since RFC 6331. It is used with jabberd2's router, which has nothing
 * else, and where it is named. `qop` is `auth`, the algorithm `md5-sess`; each nonce is used once.
 */
export const digestMd5: Mechanism = {
  name: NAME,
  mutual: true,
  revealsSecret: false,
  onlyIfNamed: true,
  available: (crypto) => crypto.supports("MD5"),
  begin: (credentials, crypto) => new MutualExchange(new DigestProof(credentials, crypto)),
};

/**
 *     S: realm="localhost",nonce="OA6MG9tE",qop="auth",charset=utf-8,algorithm=md5-sess
 *     C: username="chris",realm="localhost",nonce="OA6MG9tE",…,response=d388dad9
 *     S:                     rspauth=ea40f60335
 */
class DigestProof implements Proof {
  readonly mechanism = NAME;
  readonly #credentials: Credentials;
  readonly #crypto: Crypto;
  #rspauth = "";

  constructor(credentials: Credentials, crypto: Crypto) {
    this.#credentials = credentials;
    this.#crypto = crypto;
  }

  async prove(message: string): Promise<Uint8Array> {
    const challenge = parse(message);
    const nonce = once(challenge, "nonce");
    if (nonce === undefined || nonce === "") throw failed("the challenge has no nonce");
    if (once(challenge, "algorithm")?.toLowerCase() !== "md5-sess") {
      throw failed("the challenge asks for an unknown algorithm");
    }
    const qop = (once(challenge, "qop") ?? "auth").toLowerCase().split(",");
    if (!qop.some((option) => option.trim() === "auth"))
      throw failed("the server insists on a security layer");
    once(challenge, "stale");
    once(challenge, "maxbuf");
    const charset = once(challenge, "charset");
    if (charset !== undefined && charset.toLowerCase() !== "utf-8") {
      throw failed("the challenge asks for an unknown charset");
    }

    const { username, authzid, digestUri, domain } = this.#credentials;
    const realm = chooseRealm(challenge.get("realm") ?? [], domain);
    const cnonce = randomId(this.#crypto);
    const password = await this.#credentials.password();
    const encode = charset === undefined ? onlyLatin1 : latin1IfPossible;
    const { response, rspauth } = await proofs(
      {
        username: encode(username),
        realm: realm ?? "",
        password: encode(password),
        nonce,
        cnonce,
        digestUri,
        authzid,
      },
      this.#crypto,
    );
    this.#rspauth = rspauth;

    const parts = [
      ...(charset === undefined ? [] : ["charset=utf-8"]),
      `username=${quote(username)}`,
      ...(realm === undefined ? [] : [`realm=${quote(realm)}`]),
      `nonce=${quote(nonce)}`,
      "nc=00000001",
      `cnonce=${quote(cnonce)}`,
      `digest-uri=${quote(digestUri)}`,
      `response=${response}`,
      "qop=auth",
      ...(authzid === undefined ? [] : [`authzid=${quote(authzid)}`]),
    ];
    const text = parts.join(",");
    return charset === undefined ? onlyLatin1(text) : utf8Bytes(text);
  }

  verify(message: string): void {
    const rspauth = once(parse(message), "rspauth") ?? "";
    if (!constantTimeEqual(utf8Bytes(rspauth), utf8Bytes(this.#rspauth))) {
      throw failed("the server did not prove that it knows the password");
    }
  }
}

/** The facts that both sides know and prove. */
export interface Proven {
  readonly username: Uint8Array;
  readonly realm: string;
  readonly password: Uint8Array;
  readonly nonce: string;
  readonly cnonce: string;
  readonly digestUri: string;
  readonly authzid: string | undefined;
}

/** Computes our proof and the server's, for `md5-sess`, `auth` and a new nonce (RFC 2831, 2.1.2.1 and 2.1.3). */
export async function proofs(
  { username, realm, password, nonce, cnonce, digestUri, authzid }: Proven,
  crypto: Pick<Crypto, "hash">,
): Promise<{ readonly response: string; readonly rspauth: string }> {
  const md5 = (...parts: Uint8Array[]): Promise<Uint8Array> => crypto.hash("MD5", join(parts));
  const identity = await md5(username, utf8Bytes(`:${realm}:`), password);
  const session = `:${nonce}:${cnonce}${authzid === undefined ? "" : `:${authzid}`}`;
  const key = hex(await md5(identity, utf8Bytes(session)));
  const sign = async (a2: string): Promise<string> => {
    const hashed = hex(await md5(utf8Bytes(a2)));
    return hex(await md5(utf8Bytes(`${key}:${nonce}:00000001:${cnonce}:auth:${hashed}`)));
  };
  return {
    response: await sign(`AUTHENTICATE:${digestUri}`),
    rspauth: await sign(`:${digestUri}`),
  };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Chooses the server's domain if it is among the realms, else the first realm, if there is one. */
function chooseRealm(realms: readonly string[], domain: string): string | undefined {
  return realms.includes(domain) ? domain : realms[0];
}

/** Reads a directive that may occur once at most (RFC 2831, 2.1.1). */
function once(directives: Directives, name: string): string | undefined {
  const values = directives.get(name) ?? [];
  if (values.length > 1) throw failed(`the server sent ${name} twice`);
  return values[0];
}

function parse(message: string): Directives {
  const directives = readDirectives(message);
  if (directives === undefined) throw failed("the server's message is malformed");
  return directives;
}

/**
 * Encodes text that fits into ISO 8859-1 so, even where the charset is UTF-8 (RFC 2831, 2.1.2.1).
 * jabberd2 does the same; ejabberd 23.01 hashes UTF-8 and refuses such passwords (seen 2026-11-22).
 */
function latin1IfPossible(text: string): Uint8Array {
  return latin1(text) ?? utf8Bytes(text);
}

function onlyLatin1(text: string): Uint8Array {
  const encoded = latin1(text);
  if (encoded === undefined) {
    throw failed(
      "the server takes only ISO 8859-1, and the user name or password does not fit into it",
    );
  }
  return encoded;
}

function latin1(text: string): Uint8Array | undefined {
  const encoded = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) return undefined;
    encoded[index] = code;
  }
  return encoded;
}

function failed(detail: string): AuthError {
  return new AuthError(NAME, { detail });
}
