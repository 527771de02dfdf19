import { describe, expect, test } from "vitest";
import { hex } from "../../../src/base/crypto/crypto.ts";
import { webCrypto } from "../../../src/base/crypto/web-crypto.ts";
import { derivations, hashes, macs } from "./crypto-vectors.ts";

const encoder = new TextEncoder();

describe("the Web Crypto API", () => {
  test.each(hashes.filter(([name]) => name !== "MD5"))(
    "%s of %j is %s",
    async (name, text, digest) => {
      expect(hex(await webCrypto.hash(name, encoder.encode(text)))).toBe(digest);
    },
  );

  test.each(macs.filter(([name]) => name !== "MD5"))(
    "HMAC %s, key %j, of %j is %s",
    async (name, key, text, mac) => {
      expect(hex(await webCrypto.hmac(name, encoder.encode(key), encoder.encode(text)))).toBe(mac);
    },
  );

  test.each(derivations)(
    "PBKDF2 %s of %j, salt %j, %i rounds is %s",
    async (name, password, salt, rounds, key) => {
      const bytes = [encoder.encode(password), encoder.encode(salt)] as const;
      const derived = await webCrypto.pbkdf2(name, ...bytes, rounds, key.length / 2);
      expect(hex(derived)).toBe(key);
    },
  );

  test("MD5 is refused, and said to be missing", async () => {
    expect(webCrypto.supports("MD5")).toBe(false);
    expect(webCrypto.supports("SHA-1")).toBe(true);
    await expect(webCrypto.hash("MD5", new Uint8Array())).rejects.toMatchObject({
      code: "NO_MECHANISM",
    });
  });

  test("random bytes come in any number, and differ", () => {
    expect(webCrypto.random(0)).toHaveLength(0);
    const many = webCrypto.random(100_000);
    expect(many).toHaveLength(100_000);
    expect(many.subarray(-32).some((byte) => byte !== 0)).toBe(true);
    expect(hex(webCrypto.random(16))).not.toBe(hex(webCrypto.random(16)));
  });
});
