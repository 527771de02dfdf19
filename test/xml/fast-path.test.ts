import { afterEach, expect, test } from "vitest";
import { takeFastPath, takesFastPath } from "../../src/xml/fast-path.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { serialize } from "../../src/xml/write/serialize.ts";
import { bytesOf, record } from "./recorder.ts";

const before = takesFastPath;
afterEach(() => {
  takeFastPath(before);
});

const STANZA =
  "<message from='a@b' xml:lang='en'><body>1 &lt; 2 é</body><x xmlns='urn:x'><y n='1'/>z</x></message>";

test("stanzas are read and written alike with the short ways and without them", () => {
  const stream = bytesOf(`<s xmlns='jabber:client'>${STANZA.repeat(20)}</s>`);
  const both = [true, false].map((takes) => {
    takeFastPath(takes);
    return [record([stream]), serialize(parse(STANZA), { ns: "jabber:client" })];
  });
  expect(both[0]).toEqual(both[1]);
  expect(both[0]?.[1]).toBe(STANZA);
});
