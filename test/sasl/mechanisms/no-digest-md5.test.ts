import { expect, test } from "vitest";
import { digestMd5 } from "../../../src/sasl/mechanisms/digest-md5.ts";
import { digestMd5 as absent } from "../../../src/sasl/mechanisms/no-digest-md5.ts";

test("the module for browsers tells of DIGEST-MD5 what the other tells, but that it is not available", () => {
  const facts = ({ name, mutual, revealsSecret, onlyIfNamed }: typeof digestMd5) => ({
    ...{ name, mutual, revealsSecret, onlyIfNamed },
  });
  expect(facts(absent)).toEqual(facts(digestMd5));
  const crypto = { supports: () => true } as unknown as Parameters<typeof absent.available>[0];
  expect(digestMd5.available(crypto)).toBe(true);
  expect(absent.available(crypto)).toBe(false);
});
