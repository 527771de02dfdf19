import { expect, test } from "vitest";
import { errorElement, StanzaError, stanzaErrorFrom } from "../../src/stream/stanza-error.ts";
import { parse } from "../../src/xml/read/parse.ts";

const NS = "urn:ietf:params:xml:ns:xmpp-stanzas";

test.each<[string, string, string, string | undefined]>([
  [`<error type='auth'><forbidden xmlns='${NS}'/></error>`, "forbidden", "auth", undefined],
  [`<error><item-not-found xmlns='${NS}'/></error>`, "item-not-found", "cancel", undefined],
  [
    `<error type='wait'><text xmlns='${NS}'>soon</text><gone xmlns='${NS}'/></error>`,
    "gone",
    "wait",
    "soon",
  ],
  [`<error type='other'><forbidden xmlns='${NS}'/></error>`, "forbidden", "auth", undefined],
  ["<error code='404'>Not Found</error>", "item-not-found", "cancel", "Not Found"],
  ["<error type='cancel'><conflict/></error>", "conflict", "cancel", undefined],
  ["<error><item-not-found xmlns=''/></error>", "item-not-found", "cancel", undefined],
  [
    "<error code='500'><resource-constraint/><text>full</text></error>",
    "resource-constraint",
    "wait",
    "full",
  ],
  [
    `<error><gone xmlns='urn:x'/><not-allowed xmlns='${NS}'/></error>`,
    "not-allowed",
    "cancel",
    undefined,
  ],
  ["<error code='404'><weather/></error>", "item-not-found", "cancel", undefined],
  ["<error><weather xmlns='urn:x'/></error>", "undefined-condition", "cancel", undefined],
  ["<error code='999'/>", "undefined-condition", "cancel", undefined],
  ["", "undefined-condition", "cancel", undefined],
  // Names that every JavaScript object has are names like any other.
  [`<error><constructor xmlns='${NS}'/></error>`, "constructor", "cancel", undefined],
  [`<error><__proto__ xmlns='${NS}'/></error>`, "__proto__", "cancel", undefined],
  ["<error code='toString'/>", "undefined-condition", "cancel", undefined],
])("%s is read as %s, %s, %s", (error, condition, type, text) => {
  const read = stanzaErrorFrom(parse(`<iq type='error' xmlns='jabber:client'>${error}</iq>`));
  expect([read.condition, read.type, read.text]).toEqual([condition, type, text]);
  expect(read.code).toBe("STANZA_ERROR");
  expect(read.retryable).toBe(type === "wait");
});

test("an error goes out with the type its condition usually has, unless another is given", () => {
  expect(errorElement("recipient-unavailable").attrs.type).toBe("wait");
  expect(errorElement("hasOwnProperty").attrs.type).toBe("cancel");
  const error = new StanzaError("gone", { type: "modify", text: "moved" }).toElement();
  expect(error.toString()).toBe(
    `<error type='modify'><gone xmlns='${NS}'/><text xmlns='${NS}'>moved</text></error>`,
  );
});
