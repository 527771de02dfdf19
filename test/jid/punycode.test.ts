import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePunycode } from "../../src/jid/punycode.ts";

describe("Punycode", () => {
  // The first and third are samples of RFC 3492, section 7.1.
  test.each([
    ["ihqwcrb4cv8a8dqg056pqjye", "他们为什么不说中文"],
    ["bcher-kva", "bücher"],
    ["b1abfaaepdrnnbgefbadotcwatmq2g4l", "почемужеонинеговорятпорусски"],
    ["ls8h", "💩"],
    ["-", ""],
    ["", ""],
    ["a-", "a"],
  ])("%j is %j", (encoded, text) => {
    expect(decodePunycode(encoded)).toBe(text);
  });

  test.each([
    ["a digit that is none", "bcher-kv!"],
    ["an end in the middle of a number", "bcher-kz"],
    ["a code point beyond the last", "9999999999"],
  ])("%s cannot be decoded", (_what, encoded) => {
    expect(decodePunycode(encoded)).toBeUndefined();
  });

  test("decodes what the runtime's own URL encodes", () => {
    const letters = fc.constantFrom(...Array.from("абвгдежзийклмнопрстуфхцчшщ漢字한글éüñ"));
    fc.assert(
      fc.property(fc.string({ unit: letters, minLength: 1, maxLength: 9 }), (text) => {
        const { hostname } = new URL(`http://${text}`);
        expect(decodePunycode(hostname.slice(4))).toBe(text);
      }),
    );
  });
});
