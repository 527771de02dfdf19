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
 * Random bytes for small demands, such as the id of a request. Sixteen cost as much to fetch as
 * thousands. No byte is given twice, and a byte that was given is erased here.
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
 * Node's own cryptography. PBKDF2 runs in the thread pool, so many iterations do not stop the event
 * loop. MD5 is missing where OpenSSL runs in FIPS mode.
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

/** Copies a Buffer to a plain Uint8Array, as browsers give: a Buffer's `toString` and `slice` differ. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}

/** Computes at once, and gives the promise that the contract asks for. A throw becomes a rejection. */
function settled(compute: () => Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve) => {
    resolve(compute());
  });
}
