import { expect, test } from "vitest";
import { readHost } from "../../../src/base/text/host-name.ts";

const long = `${"a".repeat(63)}.`;

test.each([
  ["localhost", "localhost"],
  ["Example.ORG", "example.org"],
  ["example.org.", "example.org"],
  ["a_b-c.local", "a_b-c.local"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["BÜCHER.example", "xn--bcher-kva.example"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["例え。テスト", "xn--r8jz45g.xn--zckzah"],
  ["example.x1", "example.x1"],
  ["1.example", "1.example"],
  ["0x7f.example", "0x7f.example"],
  [`${long.repeat(3)}${"a".repeat(61)}`, `${long.repeat(3)}${"a".repeat(61)}`],
])("%s is the name %s", (text, name) => {
  expect(readHost(text)).toEqual({ kind: "name", name });
});

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["255.255.255.255", "255.255.255.255"],
  ["::1", "::1"],
  ["[::1]", "::1"],
  ["2001:DB8:0:0::1", "2001:db8::1"],
  ["::ffff:127.0.0.1", "::ffff:7f00:1"],
  ["fe80::1%eth0", "fe80::1"],
  ["[fe80::1%en0]", "fe80::1"],
])("%s is the address %s", (text, address) => {
  expect(readHost(text)).toEqual({ kind: "address", address });
});

test.each([
  ...["2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0x"],
  ...["127.0.0.256", "127.0.0.1.", "1.2.3.4.5", "example.1", "example.0x1", "１２７.0.0.1"],
  ...["２１３０７０６４３３", "127。0。0。1"],
])("the number %j is neither a name nor an address", (text) => {
  expect(readHost(text)).toBeUndefined();
});

test.each([
  ...["", ".", "..", ".a", "a..b", "-a", "a-", "a.-b.c", "a.b-.c"],
  ...["a b", "a\tb", "a\0", "a\u007f", "\u0001a", "a\u00a0b", "a\u2028b"],
  ...["a/b", "a\\b", "a?b", "a#b", "a@b", "a:1", "a%41", "*.a", "a*b", "a,b", "a;b", "a'b", 'a"b'],
  ...[
    "a／b",
    "a．．b",
    "℀",
    "xn--a\u00fc",
    "a\ud800b",
    "[example.org]",
    "[127.0.0.1]",
    "[]",
    "[::1",
    "::1]",
  ],
  ...["::1/64", ":::", "1:2", "1::2::3", "::g", "::1%", "::1%a%b", "::1%a/b", "::1]:5222"],
  `${"a".repeat(64)}.example`,
  long.repeat(4),
  `${long.repeat(3)}${"a".repeat(62)}`,
])("%j is no host", (text) => {
  expect(readHost(text)).toBeUndefined();
});
