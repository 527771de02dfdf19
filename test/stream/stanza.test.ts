import { expect, test } from "vitest";
import { isRequest, isStanza } from "../../src/stream/stanza.ts";
import { xml } from "../../src/xml/element.ts";

test.each<[name: string, attrs: Record<string, string>, stanza: boolean, request: boolean]>([
  ["iq", { type: "get" }, true, true],
  ["iq", { type: "set" }, true, true],
  ["iq", { xmlns: "jabber:client", type: "get" }, true, true],
  ["iq", { xmlns: "jabber:component:accept", type: "get" }, true, true],
  ["iq", { type: "result" }, true, false],
  ["iq", { type: "error" }, true, false],
  ["iq", {}, true, false],
  ["iq", { xmlns: "urn:x", type: "get" }, false, false],
  ["iq", { xmlns: "", type: "get" }, false, false],
  ["message", { type: "get" }, true, false],
  ["presence", {}, true, false],
  ["query", { type: "get" }, false, false],
])("<%s> with %j is a stanza: %s, a request: %s", (name, attrs, stanza, request) => {
  const element = xml(name, attrs);
  expect([isStanza(element), isRequest(element)]).toEqual([stanza, request]);
});
