import { describe, expect, test } from "vitest";
import { errorReply, reply } from "../../src/stream/reply.ts";
import { StanzaError } from "../../src/stream/stanza-error.ts";
import { type Element, xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";

const written = (element: Element): string => element.toString().replaceAll('"', "'");

describe("the reply to", () => {
  test.each([
    [
      "<iq type='get' id='1' from='a@b/c' to='d@e'><query xmlns='urn:x'/></iq>",
      "<iq type='result' id='1' to='a@b/c' from='d@e'/>",
    ],
    ["<iq type='set' id='1' from='a@b'/>", "<iq type='result' id='1' to='a@b'/>"],
    ["<iq type='get' id='1'/>", "<iq type='result' id='1'/>"],
    [
      "<message type='chat' id='m' from='a@b' to='d@e'><body>hi</body></message>",
      "<message type='chat' id='m' to='a@b' from='d@e'/>",
    ],
    ["<message from='a@b' to='d@e'/>", "<message to='a@b' from='d@e'/>"],
    [
      "<message type='groupchat' from='room@b/nick' to='d@e'/>",
      "<message type='groupchat' to='room@b/nick' from='d@e'/>",
    ],
    [
      "<presence type='subscribe' id='p' from='a@b' to='d@e'/>",
      "<presence id='p' to='a@b' from='d@e'/>",
    ],
    // Addresses stay as they are spelt.
    [
      "<iq type='get' id='1' from='☃@B/❤️' to='#r%i@e'/>",
      "<iq type='result' id='1' to='☃@B/❤️' from='#r%i@e'/>",
    ],
  ])("%s is %s", (given, expected) => {
    const stanza = parse(given);
    const before = written(stanza);
    expect(written(reply(stanza))).toBe(expected);
    expect(written(stanza)).toBe(before);
  });

  test("a stanza has the children it is given", () => {
    const body = xml("body", {}, "hi");
    const answer = reply(xml("message", { from: "a@b", type: "chat" }), body, undefined, "!");
    expect(written(answer)).toBe("<message type='chat' to='a@b'><body>hi</body>!</message>");
  });
});

describe("the error that answers", () => {
  const error = (type: string, condition: string, text = "") =>
    `<error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>${text && `<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>${text}</text>`}</error>`;

  test.each<[stanza: string, error: Parameters<typeof errorReply>[1], expected: string]>([
    [
      "<iq type='get' id='1' from='a@b' to='d@e'><query xmlns='urn:x'/></iq>",
      { condition: "item-not-found" },
      `<iq type='error' id='1' to='a@b' from='d@e'>${error("cancel", "item-not-found")}</iq>`,
    ],
    [
      "<message type='chat' id='1' from='a@b'/>",
      { condition: "forbidden", type: "cancel", text: "go away" },
      `<message type='error' id='1' to='a@b'>${error("cancel", "forbidden", "go away")}</message>`,
    ],
    [
      "<presence from='a@b'/>",
      { condition: "not-acceptable", type: undefined, text: undefined },
      `<presence type='error' to='a@b'>${error("modify", "not-acceptable")}</presence>`,
    ],
    [
      "<iq type='set' id='1' from='a@b'/>",
      new StanzaError("conflict", { text: "taken" }),
      `<iq type='error' id='1' to='a@b'>${error("cancel", "conflict", "taken")}</iq>`,
    ],
  ])("%s with %j", (given, facts, expected) => {
    expect(written(errorReply(parse(given), facts))).toBe(expected);
  });
});

describe.each([
  ["reply", reply],
  ["errorReply", (stanza: Element) => errorReply(stanza, { condition: "conflict" })],
])("%s refuses", (_, answer) => {
  test.each([
    ["an error", xml("message", { type: "error", from: "a@b" })],
    ["a presence that is an error", xml("presence", { type: "error", from: "a@b" })],
    ["a result", xml("iq", { type: "result", id: "1", from: "a@b" })],
    ["an error of an iq", xml("iq", { type: "error", id: "1", from: "a@b" })],
    ["an iq without type", xml("iq", { id: "1" })],
    ["an element that is no stanza", xml("query", { xmlns: "urn:x" })],
    ["an iq of another namespace", xml("iq", { xmlns: "urn:x", type: "get" })],
    ["a text", "<iq type='get'/>"],
    ["nothing", undefined],
  ])("%s", (_what, stanza) => {
    expect(() => answer(stanza as Element)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining("stanza must be") as string,
      }) as Error,
    );
  });
});
