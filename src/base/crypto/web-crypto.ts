import { BrokerError } from "../errors.ts";
import type { Crypto, HashName } from "./crypto.ts";

/** The most bytes that `getRandomValues` gives in one call. */
const RANDOM_LIMIT = 65_536;

/**
 * The Web Crypto API of browsers, Deno, Bun and Node. It has no MD5: asking for it ends in
 * `NO_MECHANISM`. Browsers offer it in secure contexts only.
 */
export const webCrypto: Crypto = {
  random(length) {
    const bytes = new Uint8Array(length);
    for (let start = 0; start < length; start += RANDOM_LIMIT) {
      globalThis.crypto.getRandomValues(bytes.subarray(start, start + RANDOM_LIMIT));
    }
    return bytes;
  },

  supports: (hash) => hash !== "MD5",

  async hash(hash, data) {
    return new Uint8Array(await globalThis.crypto.subtle.digest(offered(hash), own(data)));
  },

  async hmac(hash, key, data) {
    const algorithm = { name: "HMAC", hash: offered(hash) };
    // Browsers refuse an empty key. HMAC pads keys with zeros, so one zero byte is the same key.
    const raw = key.length === 0 ? new Uint8Array(1) : own(key);
    const { subtle } = globalThis.crypto;
    const imported = await subtle.importKey("raw", raw, algorithm, false, ["sign"]);
    return new Uint8Array(await subtle.sign("HMAC", imported, own(data)));
  },

  async pbkdf2(hash, password, salt, iterations, length) {
    const algorithm = { name: "PBKDF2", hash: offered(hash), salt: own(salt), iterations };
    const { subtle } = globalThis.crypto;
    const imported = await subtle.importKey("raw", own(password), "PBKDF2", false, ["deriveBits"]);
    return new Uint8Array(await subtle.deriveBits(algorithm, imported, length * 8));
  },
};

function offered(hash: HashName): string {
  if (hash === "MD5") throw new BrokerError("NO_MECHANISM", "this runtime has no MD5");
  return hash;
}

/** Copies bytes: Web Crypto refuses a view of shared memory, and a copy is never one. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
