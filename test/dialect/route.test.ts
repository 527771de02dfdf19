import { describe, expect, test } from "vitest";
import { unwrap, wrap } from "../../src/dialect/route.ts";
import { type Element, xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";

const NS = "http://jabberd.jabberstudio.org/ns/component/1.0";
const names: [string, string] = ["echo.localhost", "second.localhost"];
const relays = ["sm", "s2s", "c2s"];

const written = (element: Element): string => element.toString().replaceAll('"', "'");

describe("a stanza is put into an envelope", () => {
  test.each<[string, Record<string, string>, string, string]>([
    ["without a sender", { to: "bob@localhost/lab" }, "echo.localhost", "localhost"],
    ["from a bound name", { to: "c2s", from: "second.localhost" }, "second.localhost", "c2s"],
    ["from a user of it", { to: "a@b", from: "x@second.localhost/y" }, "second.localhost", "b"],
    [
      "to an address that only servers allow",
      { to: "alice@localhost/\u2764\ufe0f" },
      "echo.localhost",
      "localhost",
    ],
    ["to an address that no server allows", { to: "a b@LOCALHOST" }, "echo.localhost", "localhost"],
    [
      "from an address that only servers allow",
      { to: "c2s", from: "#r%i@second.localhost/\u2764\ufe0f Anna" },
      "second.localhost",
      "c2s",
    ],
    [
      "from a name in capitals",
      { to: "a@B.example", from: "ECHO.localhost" },
      "echo.localhost",
      "b.example",
    ],
  ])("%s", (_, attributes, from, to) => {
    const stanza = xml("message", attributes, xml("body", {}, "hi"));
    const inner = {
      xmlns: "jabber:client",
      ...attributes,
      // A domain is written as it was bound, and nothing else of an address is changed for that.
      from: attributes.from === "ECHO.localhost" ? from : (attributes.from ?? "echo.localhost"),
    };
    const expected = xml(
      "route",
      { xmlns: NS, from, to },
      xml("message", inner, xml("body", {}, "hi")),
    );
    const before = written(stanza);
    expect(written(wrap(stanza, names))).toBe(written(expected));
    expect(written(stanza)).toBe(before);
  });

  test("and stays itself if it is none of the three", () => {
    const envelope = wrap(xml("foo", { xmlns: "urn:foo", to: "a@b" }), names);
    expect(written(envelope)).toContain("<foo xmlns='urn:foo' to='a@b'/>");
    expect(envelope.attrs).toEqual({ from: "echo.localhost", to: "b" });
  });
});

test.each([
  `<route xmlns='${NS}' from='other' to='a'><message xmlns='jabber:client'/></route>`,
  `<route xmlns='${NS}' from='echo.localhost' type='broadcast'/>`,
  `<unbind xmlns='${NS}' name='second.localhost'/>`,
  `<throttle xmlns='${NS}'/>`,
])("the caller's own %s goes unchanged", (text) => {
  const element = parse(text);
  expect(wrap(element, names)).toBe(element);
});

test.each<[string, Record<string, string>, string]>([
  ["from a name not bound", { to: "a@b", from: "x@other" }, "FOREIGN_FROM"],
  ["to nobody", { from: "echo.localhost" }, "MISSING_TO"],
  ["to what is no address", { to: "@" }, "BAD_JID"],
  ["to an empty user", { to: "@localhost" }, "BAD_JID"],
  ["from a name with a space", { to: "a@b", from: "a b@echo.localhost" }, "BAD_JID"],
])("a stanza %s is refused", (_, attributes, code) => {
  expect(() => wrap(xml("message", attributes), names)).toThrow(
    expect.objectContaining({ code }) as Error,
  );
});

describe("an envelope that arrives", () => {
  const message = "<message xmlns='jabber:client' from='bob@localhost/lab' to='echo.localhost'/>";

  test("gives the stanza and itself", () => {
    const route = parse(`<route xmlns='${NS}' from='sm' to='echo.localhost'>${message}</route>`);
    const { stanza, route: envelope, returned } = unwrap(route, relays);
    expect(written(stanza)).toBe(message.replace(" from", " from"));
    expect(envelope).toBe(route);
    expect(returned).toBeUndefined();
  });

  test("may hold a stanza of the router's own namespace", () => {
    const route = parse(
      `<route xmlns='${NS}' from='a' to='b'><message><body>x</body></message></route>`,
    );
    expect(unwrap(route, relays).stanza.is("message", NS)).toBe(true);
  });

  test.each([
    ["400", false, "no `to`"],
    ["401", false, "not bound"],
    ["404", true, "nobody"],
    ["999", false, "999"],
    ["toString", false, "answers toString"],
  ])("with the error %s brings a stanza of ours back", (code, retryable, words) => {
    const route = parse(
      `<route xmlns='${NS}' error='${code}' from='echo.localhost' to='x'>${message}</route>`,
    );
    const { stanza, returned } = unwrap(route, relays);
    expect(stanza.name).toBe("message");
    expect(returned).toMatchObject({ code: "NOT_ROUTED", retryable });
    expect(returned?.message).toContain(words);
    expect(returned?.message).not.toContain("function");
  });

  test.each([
    ["is a copy for the log", `<route xmlns='${NS}' type='log' from='a' to='b'>${message}</route>`],
    ["is empty", `<route xmlns='${NS}' from='a' to='b'/>`],
    ["came back empty", `<route xmlns='${NS}' error='404' from='a' to='b'/>`],
    ["holds two stanzas", `<route xmlns='${NS}' from='a' to='b'>${message}${message}</route>`],
    ["is none, but a presence of the router", `<presence xmlns='${NS}' from='c2s'/>`],
    ["is none, but of another namespace", `<route xmlns='urn:foo'>${message}</route>`],
  ])("and %s is seen as it is", (_, text) => {
    const element = parse(text);
    expect(unwrap(element, relays)).toEqual({ stanza: element });
  });
});

describe("a stanza with addresses that its envelope does not bear out", () => {
  const taken = (route: string, stanza: string) =>
    unwrap(
      parse(`<route xmlns='${NS}' ${route}><iq xmlns='jabber:client' ${stanza}/></route>`),
      relays,
    );

  test.each([
    ["from='evil' to='echo.localhost'", "from='bob@localhost/lab'", "from bob@localhost/lab"],
    ["from='evil' to='echo.localhost'", "from='localhost'", "in an envelope from evil"],
    ["to='echo.localhost'", "from='localhost'", "from localhost"],
    ["from='a.example' to='echo.localhost'", "from='x@a.example.evil'", "x@a.example.evil"],
    ["from='a.example' to='echo.localhost'", "from='x@a.example@evil'", "x@a.example@evil"],
    ["from='a.example' to='echo.localhost'", "from='a.example' to='bob@other'", "to bob@other"],
    [
      "from='a.example' to='echo.localhost'",
      "to='second.localhost'",
      "an envelope to echo.localhost",
    ],
  ])("is dropped: %s, %s", (route, stanza, words) => {
    const { dropped } = taken(route, stanza);
    expect(dropped).toMatchObject({ code: "MISADDRESSED", retryable: false });
    expect(dropped?.message).toContain(words);
  });

  test.each([
    ["from='sm' to='echo.localhost'", "from='bob@localhost/lab' to='echo.localhost'"],
    ["from='s2s' to='echo.localhost'", "from='x@far.example' to='echo.localhost'"],
    // The session protocol between jabberd2's own parts.
    ["from='c2s' to='localhost'", "to='x@far.example'"],
    [
      "from='a.example' to='echo.localhost'",
      "from='\u2603@A.example/\u2764' to='x@ECHO.localhost'",
    ],
    ["from='a.example' to='echo.localhost'", ""],
    // The default route gets what is for names that are not bound.
    ["from='a.example' to='far.example'", "from='a.example' to='u@far.example'"],
  ])("is none of these: %s, %s", (route, stanza) => {
    expect(taken(route, stanza).dropped).toBeUndefined();
  });

  test("that came back may be one of the caller's own envelopes, and is returned all the same", () => {
    const { dropped, returned } = taken(
      "error='404' from='echo.localhost' to='x'",
      "from='y' to='z'",
    );
    expect(dropped).toBeUndefined();
    expect(returned?.code).toBe("NOT_ROUTED");
  });
});
