import { describe, expect, test } from "vitest";
import { parse } from "../../src/xml/read/parse.ts";
import { compile } from "../../src/xpath/compile.ts";
import { filters } from "../../src/xpath/filters.ts";
import { FilterIndex } from "../../src/xpath/index/filter-index.ts";

const CASES: readonly (readonly [stanza: string, names: readonly (keyof typeof filters)[]])[] = [
  ["<message type='chat'><body>Hi</body></message>", ["message", "chat", "text"]],
  ["<message type='chat'><composing xmlns='urn:x'/></message>", ["message"]],
  ["<message type='groupchat'><body>Hi</body></message>", ["message", "groupchat", "text"]],
  ["<message type='groupchat'><subject>Hi</subject></message>", ["message"]],
  ["<message><body>Hi</body></message>", ["message", "normal", "text"]],
  ["<message type='normal'><body>Hi</body></message>", ["message", "normal", "text"]],
  ["<message type='headline'><body>Hi</body></message>", ["message", "headline", "text"]],
  ["<message type='error'><body>Hi</body></message>", ["message", "error"]],
  ["<presence/>", ["presence", "available"]],
  ["<presence type='unavailable'/>", ["presence", "unavailable"]],
  ["<presence type='subscribe'/>", ["presence", "subscribe"]],
  ["<presence type='subscribed'/>", ["presence", "subscribed"]],
  ["<presence type='unsubscribe'/>", ["presence", "unsubscribe"]],
  ["<presence type='unsubscribed'/>", ["presence", "unsubscribed"]],
  ["<presence type='error'/>", ["presence", "error"]],
  ["<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", ["iq", "iqGet", "request"]],
  ["<iq type='set' id='1'><query/></iq>", ["iq", "iqSet", "request"]],
  ["<iq type='result' id='1'/>", ["iq", "iqResult"]],
  ["<iq type='error' id='1'/>", ["iq", "error"]],
];

describe("the everyday filters", () => {
  test.each(CASES)("of %s", (stanza, names) => {
    const index = new FilterIndex<string>();
    for (const [name, expression] of Object.entries(filters)) index.add(compile(expression), name);
    expect(index.match(parse(stanza)).map(({ value }) => value)).toEqual([...names]);
  });

  test("each match something here", () => {
    expect(new Set(CASES.flatMap(([, names]) => names))).toEqual(new Set(Object.keys(filters)));
  });

  test("can be combined, being text", () => {
    const stanza = parse("<message type='chat' from='romeo@example.net'><body>Hi</body></message>");
    expect(compile(`${filters.chat}[@from='romeo@example.net']/body`).first(stanza)).toBeDefined();
    expect(compile(`${filters.presence} | ${filters.chat}`).test(stanza)).toBe(true);
    expect(FilterIndex.explain(`${filters.chat}[@from='romeo@example.net']`)).toBe(
      "found by /message[@from = 'romeo@example.net']",
    );
  });
});
