/** The hashes that the mechanisms need. A runtime may lack some: browsers have no MD5. */
export type HashName = "MD5" | "SHA-1" | "SHA-256" | "SHA-512";

/** The cryptography of a runtime: Node's own module, or the Web Crypto API. */
export interface Crypto {
  /** Gives `length` bytes from a cryptographically secure source. */
  random(length: number): Uint8Array;
  /** Tells whether this runtime has the hash. */
  supports(hash: HashName): boolean;
  /** Computes the digest of the data. */
  hash(hash: HashName, data: Uint8Array): Promise<Uint8Array>;
  /** Computes the keyed digest of the data (RFC 2104). */
  hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Promise<Uint8Array>;
  /** Derives a key by PBKDF2 with HMAC, off the main thread; `length` is in bytes. */
  pbkdf2(
    hash: HashName,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): Promise<Uint8Array>;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Writes bytes as lower-case hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length; index++) text += HEX[bytes[index] ?? 0] ?? "";
  return text;
}

/** Compares two byte strings, in a time that does not tell where they differ. */
export function constantTimeEqual(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return difference === 0;
}

/** Makes an id that cannot be guessed: 16 random bytes (128 bits) in hexadecimal. */
export function randomId(crypto: Pick<Crypto, "random">): string {
  return hex(crypto.random(16));
}

/** A random number from 0 to below 1. */
export function randomShare(crypto: Pick<Crypto, "random">): number {
  return crypto.random(4).reduce((sum, byte) => (sum + byte) / 256, 0);
}
