import { type Crypto, constantTimeEqual } from "../../base/crypto/crypto.ts";
import { decodeBase64, encodeBase64 } from "../../base/text/base64.ts";
import { utf8Bytes } from "../../base/text/utf8.ts";
import { AuthError } from "../auth-error.ts";
import type { Credentials, Mechanism } from "../mechanism.ts";
import { saslprep } from "../saslprep.ts";
import { derive } from "./derivation.ts";
import { MutualExchange, type Proof } from "./mutual-exchange.ts";

/** The fewest iterations that are accepted: RFC 5802, 5.1 and RFC 7677, 4 ask for at least as many. */
export const LEAST_ITERATIONS = 4096;

/**
 * The most iterations that are accepted, by hash: the server's number decides how long a core of ours is
 * busy. Each takes about half a second: 0.40 s with SHA-1 and with SHA-256, 0.47 s with SHA-512 (best of
 * six, Node 20, 2 cores, 2026-11-26). Recommended in 2026 are 1,300,000, 600,000 and 210,000.
 */
export const MOST_ITERATIONS = {
  "SHA-1": 2_000_000,
  "SHA-256": 2_000_000,
  "SHA-512": 1_000_000,
} as const;

/** A hash that SCRAM is registered with. */
export type ScramHash = keyof typeof MOST_ITERATIONS;

/** The number of random bytes in our nonce. */
const NONCE_BYTES = 24;

const HASH_LENGTH = { "SHA-1": 20, "SHA-256": 32, "SHA-512": 64 } as const;

/**
 * The server's first message: nonce, salt and iterations (RFC 5802, 7). Extensions may follow; each is a letter that is
 * none of the server's own, and a value of at least one character other than NUL.
 */
const SERVER_FIRST =
  /^r=([\x21-\x2b\x2d-\x7e]+),s=([^,]*),i=([^,]*)(?:,(?![eimrsv]=)[A-Za-z]=[^\0,]+)*$/;

/** The server's last message: its signature, and extensions as in the first. */
const SERVER_FINAL = /^v=([^,]*)(?:,(?![eimrsv]=)[A-Za-z]=[^\0,]+)*$/;

/** The flag `n`: the client does not support channel binding (RFC 5802, 6). */
const BINDING_FLAG = "n";

/**
 * SCRAM (RFC 5802, 7677) with a hash, without channel binding. The password never crosses the wire,
 * and the server must prove that it knows it too.
 */
export function scram(hash: ScramHash): Mechanism {
  const name = `SCRAM-${hash}`;
  return {
    name,
    mutual: true,
    revealsSecret: false,
    onlyIfNamed: false,
    available: (crypto) => crypto.supports(hash),
    begin: (credentials, crypto) =>
      new MutualExchange(new ScramProof(name, hash, credentials, crypto)),
  };
}

/**
 *     C: n,,n=user,r=fyko
 *     S:                 r=fyko3rfc,s=QSXCR,i=4096
 *     C: c=biws,r=fyko3rfc,p=v0X8v3
 *     S:                       v=rmF9pq
 */
class ScramProof implements Proof {
  readonly mechanism: string;
  readonly #hash: ScramHash;
  readonly #credentials: Credentials;
  readonly #crypto: Crypto;
  readonly #nonce: string;
  readonly #header: string;
  #firstBare = "";
  #serverSignature = new Uint8Array();

  constructor(mechanism: string, hash: ScramHash, credentials: Credentials, crypto: Crypto) {
    this.mechanism = mechanism;
    this.#hash = hash;
    this.#credentials = credentials;
    this.#crypto = crypto;
    this.#nonce = encodeBase64(crypto.random(NONCE_BYTES));
    const { authzid } = credentials;
    this.#header = `${BINDING_FLAG},${authzid === undefined ? "" : `a=${escapeName(authzid)}`},`;
  }

  first(): Uint8Array {
    const username = this.#prepare(this.#credentials.username, "the user name");
    this.#firstBare = `n=${escapeName(username)},r=${this.#nonce}`;
    return utf8Bytes(this.#header + this.#firstBare);
  }

  async prove(serverFirst: string): Promise<Uint8Array> {
    const { nonce, salt, iterations } = this.#readServerFirst(serverFirst);
    const password = this.#prepare(await this.#credentials.password(), "the password");
    const length = HASH_LENGTH[this.#hash];
    const salted = await derive(
      () => this.#crypto.pbkdf2(this.#hash, utf8Bytes(password), salt, iterations, length),
      this.#credentials,
    );
    const withoutProof = `c=${encodeBase64(utf8Bytes(this.#header))},r=${nonce}`;
    const signed = utf8Bytes(`${this.#firstBare},${serverFirst},${withoutProof}`);
    const clientKey = await this.#hmac(salted, utf8Bytes("Client Key"));
    const storedKey = await this.#crypto.hash(this.#hash, clientKey);
    const proof = xor(clientKey, await this.#hmac(storedKey, signed));
    const serverKey = await this.#hmac(salted, utf8Bytes("Server Key"));
    this.#serverSignature = Uint8Array.from(await this.#hmac(serverKey, signed));
    return utf8Bytes(`${withoutProof},p=${encodeBase64(proof)}`);
  }

  #readServerFirst(message: string): { nonce: string; salt: Uint8Array; iterations: number } {
    // `m=` is an extension that must be understood, and we understand none.
    if (message.startsWith("m=")) throw this.#failed("the server demands an unknown extension");
    const [, nonce = "", salt = "", iterations = ""] = this.#parse("first", SERVER_FIRST, message);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw this.#failed("the server's nonce does not extend ours");
    }
    return { nonce, salt: this.#readSalt(salt), iterations: this.#readIterations(iterations) };
  }

  #readSalt(text: string): Uint8Array {
    const salt = decodeBase64(text);
    if (salt !== undefined && salt.length > 0) return salt;
    throw this.#failed("the server's salt is empty or not base64");
  }

  #readIterations(text: string): number {
    const iterations = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0;
    const most = MOST_ITERATIONS[this.#hash];
    if (iterations >= LEAST_ITERATIONS && iterations <= most) return iterations;
    const range = `from ${LEAST_ITERATIONS} to ${most}`;
    throw this.#failed(`the server's iteration count is not a number ${range}`);
  }

  verify(serverFinal: string): void {
    const [, verifier = ""] = this.#parse("final", SERVER_FINAL, serverFinal);
    const signature = decodeBase64(verifier);
    if (signature === undefined || !constantTimeEqual(signature, this.#serverSignature)) {
      throw this.#failed("the server's signature is wrong");
    }
  }

  /** Takes a message apart, unless it is `e=`, by which the server tells why it refused (RFC 5802, 7). */
  #parse(which: "first" | "final", grammar: RegExp, message: string): RegExpExecArray {
    const reason = /^e=([^,]*)/.exec(message)?.[1];
    if (reason !== undefined) {
      throw new AuthError(this.mechanism, {
        condition: "not-authorized",
        detail: /^[a-z-]{1,64}$/.test(reason) ? reason : undefined,
      });
    }
    const parts = grammar.exec(message);
    if (parts === null) throw this.#failed(`the server's ${which} message is malformed`);
    return parts;
  }

  #prepare(text: string, what: string): string {
    const prepared = saslprep(text);
    if (prepared !== undefined && prepared !== "") return prepared;
    throw this.#failed(`${what} is empty or holds what SASLprep (RFC 4013) forbids`);
  }

  #hmac(key: Uint8Array, data: Uint8Array): Promise<Uint8Array> {
    return this.#crypto.hmac(this.#hash, key, data);
  }

  #failed(detail: string): AuthError {
    return new AuthError(this.mechanism, { detail });
  }
}

/** Writes a `saslname` (RFC 5802, 7): escapes the comma, which separates, and the escape itself. */
function escapeName(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, index) => byte ^ (right[index] ?? 0));
}
