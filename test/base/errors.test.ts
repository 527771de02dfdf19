import { expect, test } from "vitest";
import type * as errors from "../../src/base/errors.ts";
import { asBrokerError, BrokerError, isBrokerError } from "../../src/base/errors.ts";
import { StanzaError } from "../../src/stream/stanza-error.ts";

async function anotherCopy(): Promise<typeof errors> {
  // (A file that is asked for with a query is another module.)
  const path = "../../src/base/errors.ts?copy";
  return (await import(/* @vite-ignore */ path)) as typeof errors;
}

test.each<[string, unknown, boolean]>([
  ["a BrokerError", new BrokerError("BUSY"), true],
  ["a class of it", new StanzaError("gone"), true],
  ["another error", new TypeError("no"), false],
  ["an object with a code", { code: "BUSY" }, false],
  ["a text", "BUSY", false],
  ["null", null, false],
  ["undefined", undefined, false],
])("isBrokerError: %s", (_, thrown, is) => {
  expect(isBrokerError(thrown)).toBe(is);
});

test("an error of another copy of the package is recognized, and is not wrapped", async () => {
  const copy = await anotherCopy();
  const error = new copy.BrokerError("BUSY");
  expect(error).not.toBeInstanceOf(BrokerError);
  expect(isBrokerError(error)).toBe(true);
  expect(asBrokerError(error, "CONNECT_FAILED")).toBe(error);
});

test("a thrown value that is no BrokerError becomes the cause of one", () => {
  const thrown = new TypeError("no such thing");
  const error = asBrokerError(thrown, "LOOKUP_FAILED", { retryable: true });
  expect(error).toMatchObject({ code: "LOOKUP_FAILED", retryable: true, cause: thrown });
  expect(error.message).toMatch(/: no such thing$/);
});

test.each([{}, { cause: undefined, retryable: undefined }])("facts %o are left out", (facts) => {
  const error = new BrokerError("BUSY", undefined, facts);
  expect("cause" in error).toBe(false);
  expect(error.retryable).toBe(false);
});
