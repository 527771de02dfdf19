import { createHash, createHmac, pbkdf2, randomFillSync } from "node:crypto";
import { promisify } from "node:util";
import type { Crypto, HashName } from "./crypto.ts";

const OPENSSL_NAMES: Readonly<Record<HashName, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-512": "sha512",
};

const derive = promisify(pbkdf2);

/**
 * Random bytes for small demands, such as an id a request: fetching them costs the same for sixteen as
 * for thousands. No byte is given twice, and none that was given stays behind.
 */
const pool = new Uint8Array(4096);
let left = 0;

function random(length: number): Uint8Array {
  if (length > pool.length / 16) return randomFillSync(new Uint8Array(length));
  if (left < length) {
    randomFillSync(pool);
    left = pool.length;
  }
  const bytes = pool.slice(left - length, left);
  pool.fill(0, left - length, left);
  left -= length;
  return bytes;
}

/**
 * Node's own cryptography. PBKDF2 runs in the thread pool, so a high iteration count does not stop
 * the event loop. MD5 is missing where OpenSSL runs in FIPS mode.
 */
export const nodeCrypto: Crypto = {
  random,

  supports(hash) {
    try {
      createHash(OPENSSL_NAMES[hash]);
      return true;
    } catch {
      return false;
    }
  },

  hash: (hash, data) => settled(() => plain(createHash(OPENSSL_NAMES[hash]).update(data).digest())),

  hmac: (hash, key, data) =>
    settled(() => plain(createHmac(OPENSSL_NAMES[hash], key).update(data).digest())),

  pbkdf2: async (hash, password, salt, iterations, length) =>
    plain(await derive(password, salt, iterations, length, OPENSSL_NAMES[hash])),
};

/** A Buffer's `toString` and `slice` are not a Uint8Array's: what leaves here is what browsers give. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}

/** What is computed at once, as the promise the contract asks for: a throw becomes a rejection. */
function settled(compute: () => Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve) => {
    resolve(compute());
  });
}
