import { describe, expect, test } from "vitest";
import { askPassword, type Password, passwordOption } from "../../src/sasl/password.ts";

test.each<[string, Password]>([
  ["a text", "sesame"],
  ["a function", () => "sesame"],
  ["an asynchronous function", () => Promise.resolve("sesame")],
])("a password is %s", async (_, password) => {
  expect(await askPassword(passwordOption("password", password), "PLAIN")).toBe("sesame");
});

test.each([
  ["", "an empty text"],
  [undefined, "undefined"],
  [null, "object"],
  [123456, "number"],
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
    await expect(askPassword(password as () => string, "PLAIN")).rejects.toMatchObject({
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
    await expect(askPassword(() => given as string, "PLAIN")).rejects.toMatchObject({
      code: "AUTH_FAILED",
      retryable: false,
      mechanism: "PLAIN",
    });
  });
});
