import { expect, test } from "vitest";
import { quote, readDirectives } from "../../../src/sasl/mechanisms/directives.ts";

test.each<[string, [string, string[]][]]>([
  ["a=b", [["a", ["b"]]]],
  ['a="b"', [["a", ["b"]]]],
  ['a="b,c=d"', [["a", ["b,c=d"]]]],
  [
    'a="x\\",b=\\"y",c=z',
    [
      ["a", ['x",b="y']],
      ["c", ["z"]],
    ],
  ],
  [
    'a="\\\\",b=c',
    [
      ["a", ["\\"]],
      ["b", ["c"]],
    ],
  ],
  ['realm="x",realm="y"', [["realm", ["x", "y"]]]],
  ['A="x",a=y', [["a", ["x", "y"]]]],
  [
    ' a = b\r\n,\tc = "d" ',
    [
      ["a", ["b"]],
      ["c", ["d"]],
    ],
  ],
  [
    ",,a=b,,c=d,",
    [
      ["a", ["b"]],
      ["c", ["d"]],
    ],
  ],
  ["rspauth=ea40f60335c427b5527b84dbabcdfffd", [["rspauth", ["ea40f60335c427b5527b84dbabcdfffd"]]]],
  ["", []],
  ['a=""', [["a", [""]]]],
])("%j is read", (text, expected) => {
  expect([...(readDirectives(text) ?? [])]).toEqual(expected);
});

test.each([
  'a="b',
  'a="b\\"',
  'a="b"c',
  'a="b" c=d',
  "a",
  "a=",
  "=b",
  'a=b"c"',
  'a="b"="c"',
  "a=b c",
])("%j is no list of directives", (text) => {
  expect(readDirectives(text)).toBeUndefined();
});

test.each(["", "a", 'a"b', "a\\b", '\\"', 'x",nonce="y'])("%j survives quoting", (text) => {
  expect(readDirectives(`a=${quote(text)},b=c`)?.get("a")).toEqual([text]);
});
