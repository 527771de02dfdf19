import { describe, expect, test } from "vitest";
import { FramedChannel } from "../../../src/stream/framed-channel.ts";
import type { ChannelEnding } from "../../../src/stream/framing.ts";
import { FRAMING, websocketFraming } from "../../../src/stream/websocket/websocket-framing.ts";
import { memoryPair } from "../../../src/transport/memory.ts";
import { xml } from "../../../src/xml/element.ts";
import { LIMITS } from "../../../src/xml/limits.ts";
import { NS } from "../../../src/xml/namespaces.ts";
import { parse } from "../../../src/xml/read/parse.ts";
import { serialize } from "../../../src/xml/write/serialize.ts";

const CONTEXT = { ns: NS.client, prefixes: { stream: NS.stream } };
const STREAM = "http://etherx.jabber.org/streams";

describe("an element that leaves", () => {
  test.each([
    ["<presence/>", "<presence xmlns='jabber:client'/>"],
    [
      "<message to='a@b'><body>x</body></message>",
      "<message xmlns='jabber:client' to='a@b'><body>x</body></message>",
    ],
    ["<iq>text</iq>", "<iq xmlns='jabber:client'>text</iq>"],
    ["<r xmlns='urn:xmpp:sm:3'/>", "<r xmlns='urn:xmpp:sm:3'/>"],
    ["<a xmlns:b='urn:b' b:c='d'/>", "<a xmlns='jabber:client' xmlns:b='urn:b' b:c='d'/>"],
    ["<a b=' xmlns='/>", "<a xmlns='jabber:client' b=' xmlns='/>"],
    ["<a><stream:b/></a>", `<a xmlns='jabber:client' xmlns:stream='${STREAM}'><stream:b/></a>`],
    [
      "<stream:error><x xmlns='urn:x'/></stream:error>",
      `<stream:error xmlns='jabber:client' xmlns:stream='${STREAM}'><x xmlns='urn:x'/></stream:error>`,
    ],
    [
      "<a xmlns:stream='urn:other' stream:b='c'/>",
      "<a xmlns='jabber:client' xmlns:stream='urn:other' stream:b='c'/>",
    ],
    [
      "<a b='x>y' xmlns:stream='urn:other'><stream:b/></a>",
      "<a xmlns='jabber:client' b='x>y' xmlns:stream='urn:other'><stream:b/></a>",
    ],
  ])("%s stands alone as %s", (text, alone) => {
    expect(websocketFraming.stanza?.(text, CONTEXT)).toBe(alone);
    expect(() => parse(alone, { ns: "" })).not.toThrow();
  });

  test("has the same meaning as on a stream, whatever its namespaces are", () => {
    const nested = xml(
      "message",
      { to: "a@b" },
      xml(
        "forwarded",
        { xmlns: "urn:f" },
        xml("features", { xmlns: STREAM }, xml("x", { xmlns: "" })),
      ),
      xml("body", {}, "stream:x"),
    );
    const alone = websocketFraming.stanza?.(serialize(nested, CONTEXT), CONTEXT) ?? "";
    const unneeded = ` xmlns:stream='${STREAM}'`;
    expect(serialize(parse(alone, { ns: "" })).replace(unneeded, "")).toBe(
      serialize(parse(serialize(nested))),
    );
  });
});

test("the header is an element, and leaves out what is undefined", () => {
  const attributes = { to: "example.org", version: "1.0", from: undefined };
  expect(websocketFraming.header(CONTEXT, attributes)).toBe(
    `<open xmlns='${FRAMING}' to='example.org' version='1.0'/>`,
  );
});

test("an error declares the prefix of the stream", () => {
  expect(parse(websocketFraming.error("not-well-formed")).is("error", STREAM)).toBe(true);
});

/** A channel that has sent its header, and the server's end of the line. */
function opened(limits = LIMITS) {
  const [near, far] = memoryPair();
  const channel = new FramedChannel(near, websocketFraming, CONTEXT, limits);
  const told = {
    readable: () => undefined,
    leaving: () => undefined,
    taken: () => undefined,
    gone: () => undefined,
  };
  channel.start(told);
  channel.open({ to: "example.org" });
  const ignore = {
    data: () => undefined,
    end: () => undefined,
    close: () => undefined,
    leaving: () => undefined,
    taken: () => undefined,
  };
  far.start(ignore);
  return {
    channel,
    arrive: (message: string) => {
      channel.data(new TextEncoder().encode(message));
    },
  };
}

const OPEN = `<open xmlns='${FRAMING}' id='s' from='example.org' version='1.0'/>`;

describe("a message that arrives", () => {
  const condition = (ending: ChannelEnding | undefined): string | undefined => {
    if (ending?.by !== "fault") return ending?.by;
    return "condition" in ending.error ? ending.error.condition : ending.error.code;
  };

  test.each([
    [
      "two roots",
      "<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>",
      "invalid-xml",
    ],
    ["half an element", "<message xmlns='jabber:client'>", "not-well-formed"],
    ["a tag that is cut", "<message xmlns='jabber", "not-well-formed"],
    ["an end tag alone", "</message>", "not-well-formed"],
    [
      "a header of RFC 6120",
      `<stream:stream xmlns='jabber:client' xmlns:stream='${STREAM}'>`,
      "not-well-formed",
    ],
    ["a footer of RFC 6120", "</stream:stream>", "not-well-formed"],
    ["text", "hello", "not-well-formed"],
    ["text behind the element", "<presence xmlns='jabber:client'/>x", "not-well-formed"],
    ["a comment", "<!-- x -->", "restricted-xml"],
    ["a document type", "<!DOCTYPE x>", "restricted-xml"],
    ["an instruction", "<?php x?>", "restricted-xml"],
    [
      "a prefix that only the header of RFC 6120 declares",
      "<stream:features/>",
      "bad-namespace-prefix",
    ],
    ["a close", `<close xmlns='${FRAMING}'/>`, "footer"],
    [
      "a close that names another address",
      `<close xmlns='${FRAMING}' see-other-uri='wss://b.example/ws'/>`,
      "see-other-uri",
    ],
  ])("%s ends as %s", (_, message, wanted) => {
    const { channel, arrive } = opened();
    arrive(OPEN);
    expect(channel.read()?.name).toBe("open");
    arrive(message);
    let last = channel.read();
    if (last !== undefined) last = channel.read();
    expect(last).toBeUndefined();
    expect(condition(channel.ending)).toBe(wanted);
  });

  test.each([
    [
      "an XML declaration, which RFC 7395 only advises against",
      `<?xml version='1.0'?><presence xmlns='jabber:client'/>`,
    ],
    ["white space around it", " <presence xmlns='jabber:client'/>\n"],
  ])("may have %s", (_, message) => {
    const { channel, arrive } = opened();
    arrive(message);
    expect(channel.read()?.is("presence", NS.client)).toBe(true);
    expect(channel.ending).toBeUndefined();
  });

  test("holds at most as many bytes as the limits say, also after they have changed", () => {
    const { channel, arrive } = opened({ ...LIMITS, bytes: 10_000 });
    const body = (length: number): string =>
      `<message xmlns='jabber:client'><body>${"x".repeat(length)}</body></message>`;
    arrive(body(9000));
    expect(channel.read()?.name).toBe("message");
    channel.setLimits({ ...LIMITS, bytes: 20_000 });
    arrive(body(11_000));
    expect(channel.read()?.name).toBe("message");
    arrive(body(21_000));
    expect(channel.read()).toBeUndefined();
    expect(condition(channel.ending)).toBe("policy-violation");
  });

  test("is read in the namespaces that it declares itself, before and behind a restart", () => {
    const { channel, arrive } = opened();
    const features = `<stream:features xmlns:stream='${STREAM}'><bind xmlns='${NS.bind}'/></stream:features>`;
    for (const message of [OPEN, features]) arrive(message);
    expect(channel.isHeader(channel.read() ?? xml("none"))).toBe(true);
    expect(channel.read()?.is("features", STREAM)).toBe(true);
    channel.open({ to: "example.org" });
    for (const message of [OPEN, features, "<bare/>"]) arrive(message);
    expect(channel.isHeader(channel.read() ?? xml("none"))).toBe(true);
    expect(channel.read()?.is("features", STREAM)).toBe(true);
    expect(channel.read()?.ns).toBe("");
    expect(channel.read()).toBeUndefined();
    expect(channel.idle).toBe(true);
  });
});

test("there is no way to put TLS on it", () => {
  const { channel } = opened();
  expect(channel.secure).toBeUndefined();
});
