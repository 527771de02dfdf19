import { expect, test } from "vitest";
import { streamErrorFrom, withoutText } from "../../src/stream/stream-error.ts";
import { parse } from "../../src/xml/read/parse.ts";

const NS = "urn:ietf:params:xml:ns:xmpp-streams";

test.each<[string, string, string | undefined, string | undefined]>([
  [`<conflict xmlns='${NS}'/>`, "conflict", undefined, undefined],
  [
    `<conflict xmlns='${NS}'/><text xmlns='${NS}'>replaced</text>`,
    "conflict",
    "replaced",
    undefined,
  ],
  ["<conflict/>", "conflict", undefined, undefined],
  ["<conflict xmlns=''/>", "conflict", undefined, undefined],
  ["<conflict/><text>replaced</text>", "conflict", "replaced", undefined],
  ["<x:conflict xmlns:x='jabber:component:accept'/>", "conflict", undefined, undefined],
  [`<x xmlns='urn:x'/><reset xmlns='${NS}'/>`, "reset", undefined, undefined],
  [`<reset xmlns='urn:x'/><conflict xmlns='${NS}'/>`, "conflict", undefined, undefined],
  ["<see-other-host> [::1]:5222 </see-other-host>", "see-other-host", undefined, "[::1]:5222"],
  [`<weather xmlns='${NS}'/>`, "weather", undefined, undefined],
  ["<weather/>", "undefined-condition", undefined, undefined],
  ["Disconnected", "undefined-condition", "Disconnected", undefined],
  ["", "undefined-condition", undefined, undefined],
])("of %j the condition is %s, the text %j", (content, condition, text, otherHost) => {
  const error = parse(
    `<stream:error xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>${content}</stream:error>`,
  );
  expect(streamErrorFrom(error)).toMatchObject({ condition, text, otherHost });
});

test("an error without its text is the same otherwise", () => {
  const error = streamErrorFrom(
    parse(`<error><reset xmlns='${NS}'/><text xmlns='${NS}'>soon</text></error>`),
  );
  expect(error.message).toContain("soon");
  expect(withoutText(error)).toMatchObject({
    condition: "reset",
    text: undefined,
    retryable: true,
  });
  expect(withoutText(error).message).not.toContain("soon");
});
