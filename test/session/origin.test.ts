import { describe, expect, test } from "vitest";
import { isFromSelf, isFromServer } from "../../src/session/origin.ts";
import { xml } from "../../src/xml/element.ts";

const stanza = (from: string) => xml("message", { from: from === "" ? undefined : from });

describe("for a client", () => {
  const client = { jid: "me@example.org/here" };
  test.each<[from: string, server: boolean, self: boolean]>([
    ["", true, true],
    ["example.org", true, false],
    ["EXAMPLE.org.", true, false],
    ["me@example.org", false, true],
    ["Me@EXAMPLE.org", false, true],
    ["me@example.org/here", false, true],
    ["me@example.org/elsewhere", false, false],
    ["example.org/here", false, false],
    ["you@example.org", false, false],
    ["me@evil.example", false, false],
    ["example.org.evil.example", false, false],
    ["evil.example/me@example.org", false, false],
    ["me@example.org@evil.example", false, false],
    ["example.org@evil.example", false, false],
  ])("a stanza from '%s' is from the server: %s, from oneself: %s", (from, server, self) => {
    expect(isFromServer(stanza(from), client)).toBe(server);
    expect(isFromSelf(stanza(from), client)).toBe(self);
  });

  test.each([
    ["gro\u00df@x/r", "gross@x"],
    ["\u2603@x/\u2764\ufe0f", "\u2603@x/\u2764"],
  ])("%j is from oneself in the spelling of the server, %j", (jid, from) => {
    expect(isFromSelf(stanza(from), { jid })).toBe(true);
  });
});

describe("for a component", () => {
  const component = { jid: "echo.example.org" };
  test.each<[from: string, self: boolean]>([
    ["", false],
    ["echo.example.org", true],
    ["bot@echo.example.org/x", true],
    ["\u2603@ECHO.example.org", true],
    ["example.org", false],
    ["x.echo.example.org", false],
    ["echo.example.org@evil.example", false],
  ])("a stanza from '%s' is from oneself: %s, and never from the server", (from, self) => {
    expect(isFromSelf(stanza(from), component)).toBe(self);
    expect(isFromServer(stanza(from), component)).toBe(false);
  });
});

test("nothing is from anybody while there is no address", () => {
  for (const from of ["", "example.org", "me@example.org"]) {
    expect(isFromServer(stanza(from), { jid: undefined })).toBe(false);
    expect(isFromSelf(stanza(from), { jid: undefined })).toBe(false);
  }
});
