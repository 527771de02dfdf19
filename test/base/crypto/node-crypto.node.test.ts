import { describe, expect, test } from "vitest";
import { hex } from "../../../src/base/crypto/crypto.ts";
import { nodeCrypto } from "../../../src/base/crypto/node-crypto.ts";
import { derivations, hashes, macs } from "./crypto-vectors.ts";

const encoder = new TextEncoder();

describe("Node's cryptography", () => {
  test.each(hashes)("%s of %j is %s", async (name, text, digest) => {
    expect(nodeCrypto.supports(name)).toBe(true);
    expect(hex(await nodeCrypto.hash(name, encoder.encode(text)))).toBe(digest);
  });

  test.each(macs)("HMAC %s, key %j, of %j is %s", async (name, key, text, mac) => {
    expect(hex(await nodeCrypto.hmac(name, encoder.encode(key), encoder.encode(text)))).toBe(mac);
  });

  test.each(derivations)(
    "PBKDF2 %s of %j, salt %j, %i rounds is %s",
    async (name, password, salt, rounds, key) => {
      const bytes = [encoder.encode(password), encoder.encode(salt)] as const;
      const derived = await nodeCrypto.pbkdf2(name, ...bytes, rounds, key.length / 2);
      expect(hex(derived)).toBe(key);
    },
  );

  test("what it returns is a plain Uint8Array", async () => {
    const results = [
      nodeCrypto.random(8),
      await nodeCrypto.hash("SHA-1", new Uint8Array()),
      await nodeCrypto.hmac("SHA-1", new Uint8Array(), new Uint8Array()),
      await nodeCrypto.pbkdf2("SHA-1", new Uint8Array(), new Uint8Array(1), 1, 8),
    ];
    for (const bytes of results) expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
  });

  test("deriving a key leaves the event loop free", async () => {
    let turns = 0;
    const tick = (): void => {
      turns++;
      handle = setImmediate(tick);
    };
    let handle = setImmediate(tick);
    await nodeCrypto.pbkdf2("SHA-512", new Uint8Array(8), new Uint8Array(8), 20_000, 64);
    clearImmediate(handle);
    expect(turns).toBeGreaterThan(2);
  });

  test("random bytes differ, also where they are fetched many at a time", () => {
    const ids = Array.from({ length: 2000 }, (_, n) => hex(nodeCrypto.random(12 + (n % 9))));
    expect(new Set(ids)).toHaveLength(2000);
    expect(ids).toSatisfy((all: string[]) => all.every((id) => !id.includes("000000000000")));
    expect(nodeCrypto.random(10_000)).toHaveLength(10_000);
  });
});
