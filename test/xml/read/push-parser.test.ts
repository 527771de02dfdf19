import { expect, test } from "vitest";
import type { Element } from "../../../src/xml/element.ts";
import { PushParser } from "../../../src/xml/read/push-parser.ts";
import { bytesOf, cuts, record } from "../recorder.ts";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>";
const STREAM = "http://etherx.jabber.org/streams";
const OPEN = ["open", ["stream", STREAM, { id: "1", version: "1.0" }, { stream: STREAM }]];
const CARRIED = { stream: STREAM };

test("reads a stream alike wherever it is cut", () => {
  const text =
    HEADER +
    "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>\n " +
    "<message to='a&amp;b' xml:lang='en'><body>é &lt;🌹&#x1F339;<![CDATA[<]]]]>\r\n]></body>" +
    "<x:y xmlns:x='u' x:z=' 1\t2 '/></message></stream:stream>\n";
  const expected = [
    OPEN,
    [
      "element",
      ["features", STREAM, {}, CARRIED, ["bind", "urn:ietf:params:xml:ns:xmpp-bind", {}, {}]],
    ],
    [
      "element",
      [
        "message",
        "jabber:client",
        { to: "a&b", "xml:lang": "en" },
        CARRIED,
        ["body", "jabber:client", {}, {}, "é <🌹🌹<]]\n]>"],
        ["y", "u", { "{u}z": " 1 2 " }, { x: "u" }],
      ],
    ],
    ["close"],
  ];
  for (const cut of cuts(bytesOf(text))) expect(record(cut)).toEqual(expected);
});

test.each([
  ["<!-- -->", "restricted-xml"],
  ["<?php?>", "restricted-xml"],
  ["<?xml version='1.0'?>", "restricted-xml"],
  ["<!DOCTYPE a>", "restricted-xml"],
  ["<a>&b;</a>", "restricted-xml"],
  ["<a>&#0;</a>", "not-well-formed"],
  ["<a b='1' b='2'/>", "not-well-formed"],
  ["<a:b/>", "bad-namespace-prefix"],
  ["<a></b>", "not-well-formed"],
  ["<a>]]></a>", "not-well-formed"],
  ["<a b='<'/>", "not-well-formed"],
  ["<a b='1'c='2'/>", "not-well-formed"],
  ["<a b=1/>", "not-well-formed"],
  ["<a:b:c xmlns:a='u'/>", "not-well-formed"],
  ["text", "invalid-xml"],
  ["<a>", "not-well-formed"],
  ["<a", "not-well-formed"],
])("refuses %s however it is cut", (text, condition) => {
  const whole = record([bytesOf(HEADER + text)]);
  expect(whole).toEqual([OPEN, ["error", condition, expect.any(Number), expect.any(String)]]);
  for (const cut of cuts(bytesOf(HEADER + text))) expect(record(cut)).toEqual(whole);
});

test("a known namespace counts only where it is declared as the default", () => {
  const element = "<a xmlns='u'/><a p='1' xmlns:p='u' p:x='1'/>";
  const [, ...events] = record([bytesOf(HEADER + element.repeat(5))]);
  const plain = ["element", ["a", "u", {}, CARRIED]];
  const prefixed = [
    "element",
    ["a", "jabber:client", { p: "1", "{u}x": "1" }, { ...CARRIED, p: "u" }],
  ];
  expect(events).toEqual(Array.from({ length: 5 }, () => [plain, prefixed]).flat());
});

test("the first character of a text between stanzas is the fault, not the next one", () => {
  const bytes = bytesOf([HEADER, "\u2028", [0xf0, 0x2f]]);
  for (const cut of cuts(bytes)) {
    expect(record(cut)).toEqual([OPEN, ["error", "invalid-xml", HEADER.length, expect.anything()]]);
  }
});

test("each header has an empty list of children of its own", () => {
  const headers: Element[] = [];
  const ignore = (): void => undefined;
  for (let i = 0; i < 2; i++) {
    const parser = new PushParser({
      open: (header) => headers.push(header),
      element: ignore,
      close: ignore,
      error: ignore,
    });
    parser.write(HEADER);
  }
  expect(headers.map(({ children }) => children)).toEqual([[], []]);
  expect(headers[0]?.children).not.toBe(headers[1]?.children);
});

test("a prefix that a stanza declares has its old meaning behind the stanza", () => {
  const text =
    HEADER +
    "<a><b xmlns:stream='u'><stream:c/></b><stream:d/></a><stream:e/><p:f xmlns:p='v'/><p:g/>";
  const events = record([text]) as [string, unknown][];
  expect(events.slice(1, 4)).toEqual([
    [
      "element",
      [
        "a",
        "jabber:client",
        {},
        CARRIED,
        ["b", "jabber:client", {}, { stream: "u" }, ["c", "u", {}, {}]],
        ["d", STREAM, {}, {}],
      ],
    ],
    ["element", ["e", STREAM, {}, CARRIED]],
    ["element", ["f", "v", {}, { ...CARRIED, p: "v" }]],
  ]);
  expect(events.at(-1)?.slice(0, 2)).toEqual(["error", "bad-namespace-prefix"]);
});
