import { describe, expect, test } from "vitest";
import { badOption, text } from "../../src/base/check.ts";
import { settle } from "../../src/contract/options.ts";
import { legacy } from "../../src/dialect/legacy.ts";
import { xmpp } from "../../src/dialect/xmpp.ts";
import { bare } from "../broker/line.ts";

const PEM =
  "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHunter2\n-----END PRIVATE KEY-----\n";

describe("an error quotes", () => {
  test.each<[string, unknown, string]>([
    ["host", "a b", 'got "a b"'],
    ["queue.overflow", "x".repeat(80), `got "${"x".repeat(60)}…"`],
    ["tls.minVersion", "TLSv1", 'got "TLSv1"'],
    ["trace.secrets", "yes", 'got "yes"'],
    ["port", 0, "got 0"],
    ["listener", null, "got null"],
    ["listener", undefined, "got undefined"],
    ["queue", [], "got an empty array"],
    ["queue", [1], "got an array"],
    ["queue", {}, "got an object"],
    ["trace", () => undefined, "got a function"],
    ["host", "https://juliet:hunter2@verona.example/", 'got "https://…@verona.example/"'],
    ["host", "xmpp://juliet:hunter@2@verona.example/", 'got "xmpp://…@verona.example/"'],
  ])("what is harmless: %s given as %j", (option, value, shown) => {
    expect(badOption(option, "something else", value).message).toContain(shown);
  });

  test.each<[string, unknown, string]>([
    ["tls", "hunter2", "got a text"],
    ["tls", PEM, "got a text"],
    ["tls.ca", "hunter2", "got a text"],
    ["tls.cert", "hunter2", "got a text"],
    ["tls.key", "hunter2", "got a text"],
    ["password", "hunter2", "got a text"],
    ["password", "", "got an empty text"],
    ["secret", 1234, "got a number"],
    ["router.password", "hunter2", "got a text"],
    ["token", Symbol("hunter2"), "got a symbol"],
    ["host", PEM, "got a text in PEM"],
    ["tls.pins", PEM, "got a text in PEM"],
    ["jid", `x${PEM}`, "got a text in PEM"],
  ])("no secret: %s given as %j", (option, value, shown) => {
    const { message } = badOption(option, "something else", value);
    expect(message).toMatch(new RegExp(`${shown}$`));
    expect(message).not.toMatch(/hunter2|1234|MC4C/i);
  });
});

test.each<[string, () => unknown]>([
  ["tls", () => settle({ dialect: bare, tls: PEM as never })],
  ["tls.policy", () => settle({ dialect: bare, tls: { policy: PEM as never } })],
  ["tls.minVersion", () => settle({ dialect: bare, tls: { minVersion: PEM as never } })],
  ["tls.pins", () => settle({ dialect: bare, tls: { pins: [PEM] } })],
  ["tls.pins as a text", () => settle({ dialect: bare, tls: { pins: PEM as never } })],
  ["host", () => settle({ dialect: bare, host: PEM })],
  ["overrides", () => settle({ dialect: bare, overrides: PEM as never })],
  ["the jid of xmpp", () => xmpp({ jid: PEM, password: "x" })],
  ["the mechanisms of xmpp", () => xmpp({ jid: "a@b", password: "x", mechanisms: [PEM] })],
  ["the jid of legacy", () => legacy({ jid: PEM, password: "x" })],
])("a key given as %s stands in no message", (_, make) => {
  expect(make).toThrow(expect.objectContaining({ code: "BAD_OPTION" }) as Error);
  expect(make).not.toThrow(/hunter2|MC4C/i);
});

test("a text that is empty is told from one that is none", () => {
  expect(() => text("tls.cert", "")).toThrow("got an empty text");
  expect(() => text("host", "")).toThrow('got ""');
});
