import { describe, expect, test } from "vitest";
import { constantTimeEqual, hex, randomId } from "../../../src/base/crypto/crypto.ts";

describe("bytes", () => {
  test("are written as two lower-case digits each", () => {
    expect(hex(Uint8Array.of(0, 10, 171, 255))).toBe("000aabff");
    expect(hex(new Uint8Array())).toBe("");
  });

  test.each<[number[], number[], boolean]>([
    [[], [], true],
    [[1, 2, 3], [1, 2, 3], true],
    [[1, 2, 3], [1, 2, 4], false],
    [[0, 2, 3], [1, 2, 3], false],
    [[1, 2], [1, 2, 0], false],
    [[1, 2, 0], [1, 2], false],
    [[], [0], false],
    [[0], [], false],
  ])("%j and %j are equal: %s", (left, right, equal) => {
    expect(constantTimeEqual(Uint8Array.from(left), Uint8Array.from(right))).toBe(equal);
  });

  test("an id has 128 random bits", () => {
    const asked: number[] = [];
    const random = (length: number): Uint8Array => {
      asked.push(length);
      return new Uint8Array(length).fill(0xa5);
    };
    expect(randomId({ random })).toBe("a5".repeat(16));
    expect(asked).toEqual([16]);
  });
});
