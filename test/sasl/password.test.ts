import { describe, expect, test } from "vitest";
import {
  askPassword,
  type Password,
  type PasswordRequest,
  passwordOption,
} from "../../src/sasl/password.ts";

const ask: PasswordRequest = { mechanism: "PLAIN", domain: "example.org", attempt: 2 };

test.each<[string, Password]>([
  ["a text", "sesame"],
  ["a function", () => "sesame"],
  ["an asynchronous function", () => Promise.resolve("sesame")],
])("a password is %s", async (_, password) => {
  expect(await askPassword(passwordOption("password", password), ask)).toBe("sesame");
});

test("a password function is told what the password is for, and cannot change that", async () => {
  const told: PasswordRequest[] = [];
  await askPassword((request) => {
    told.push(request);
    return "sesame";
  }, ask);
  expect(told).toEqual([{ mechanism: "PLAIN", domain: "example.org", attempt: 2 }]);
  expect(Object.isFrozen(told[0])).toBe(true);
});

test.each([
  ["", "an empty text"],
  [undefined, "undefined"],
  [null, "null"],
  [123456, "a number"],
  [["hunter2"], "an array"],
])("%j is no password, and the error does not show it", (value, got) => {
  expect(() => passwordOption("secret", value)).toThrow(
    expect.objectContaining({
      code: "BAD_OPTION",
      message: expect.stringMatching(new RegExp(`secret must be .*, got ${got}$`)) as string,
    }) as Error,
  );
});

describe("a password function fails the login", () => {
  const cause = new RangeError("the keyring is locked");
  test.each<[string, () => unknown]>([
    [
      "that throws",
      () => {
        throw cause;
      },
    ],
    ["that rejects", () => Promise.reject(cause)],
  ])("%s, and its error is the cause", async (_, password) => {
    await expect(askPassword(password as () => string, ask)).rejects.toMatchObject({
      code: "AUTH_FAILED",
      mechanism: "PLAIN",
      cause,
      retryable: true,
    });
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["an empty text", ""],
    ["a number", 42],
  ])("that gives %s", async (_, given) => {
    await expect(askPassword(() => given as string, ask)).rejects.toMatchObject({
      code: "AUTH_FAILED",
      retryable: false,
      mechanism: "PLAIN",
    });
  });
});
