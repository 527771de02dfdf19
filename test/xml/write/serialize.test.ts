import { describe, expect, test } from "vitest";
import { xml } from "../../../src/xml/element.ts";
import { NS } from "../../../src/xml/namespaces.ts";
import { parse } from "../../../src/xml/read/parse.ts";
import { openTag, serialize } from "../../../src/xml/write/serialize.ts";

const STREAM = { ns: NS.client, prefixes: { stream: NS.stream } };

describe("namespaces", () => {
  test("the stream's default namespace is not repeated", () => {
    expect(serialize(xml("message", {}, xml("body")), STREAM)).toBe("<message><body/></message>");
    expect(serialize(xml("message", { xmlns: NS.client }), STREAM)).toBe("<message/>");
  });
  test("nothing is known without a context", () => {
    expect(serialize(xml("message"))).toBe("<message/>");
    expect(serialize(parse("<message/>"))).toBe("<message xmlns='jabber:client'/>");
  });
  test("elements use the context's prefixes", () => {
    const error = xml("error", { xmlns: NS.stream }, xml("child"), xml("x", { xmlns: "u" }));
    expect(serialize(error, STREAM)).toBe(
      "<stream:error><stream:child/><x xmlns='u'/></stream:error>",
    );
  });
  test("a stanza inside a foreign namespace says its own", () => {
    const forwarded = xml("f", { xmlns: "u" }, xml("message", { xmlns: NS.client }));
    expect(serialize(forwarded, STREAM)).toBe("<f xmlns='u'><message xmlns='jabber:client'/></f>");
  });
  test("attributes in a namespace find a prefix or get one", () => {
    const element = parse("<a p:b='1' xmlns:p='u' xml:lang='en'/>");
    expect(serialize(element, STREAM)).toBe("<a xmlns:p='u' p:b='1' xml:lang='en'/>");
    expect(serialize(xml("a", { "{u}b": "1" }), STREAM)).toBe("<a xmlns:ns1='u' ns1:b='1'/>");
  });
});

test.each([
  [xml("a b"), "/a b"],
  [xml("a", {}, xml("b", {}, "\u0001")), "/a/b/text()"],
  [xml("a", { b: "\ud800" }), "/a/@b"],
  [xml("a", { "p:b": "1" }), "/a/@p:b"],
])("refuses what is not legal, and says where", (element, place) => {
  expect(() => serialize(element)).toThrow(
    expect.objectContaining({
      code: "ILLEGAL_XML",
      message: expect.stringContaining(place) as string,
    }),
  );
});

test("a stream header is a start tag alone", () => {
  expect(openTag("stream:stream", { xmlns: NS.client, "xmlns:stream": NS.stream, to: "a'b" })).toBe(
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a&apos;b'>",
  );
});

test("a stream header has no attribute twice either, whatever its prefix", () => {
  const attrs = { "xmlns:p": "u", "xmlns:q": "u", "p:a": "1" };
  expect(openTag("a", { ...attrs, "q:b": "2" })).toBe(
    "<a xmlns:p='u' xmlns:q='u' p:a='1' q:b='2'>",
  );
  expect(() => openTag("a", { ...attrs, "q:a": "2" })).toThrow(/an attribute twice at \/a\/@q:a/);
});

test("a bound on bytes is kept", () => {
  const element = xml("a", {}, "é");
  expect(serialize(element, { maxBytes: 9 })).toBe("<a>é</a>");
  expect(() => serialize(element, { maxBytes: 8 })).toThrow(
    expect.objectContaining({ code: "TOO_LARGE" }),
  );
});
