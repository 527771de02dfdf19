import { describe, expect, test } from "vitest";
import {
  LIMITS,
  LIMITS_BEFORE_AUTHENTICATION,
  settleLimits,
  type XmlLimits,
} from "../../src/xml/limits.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { PushParser } from "../../src/xml/read/push-parser.ts";
import { StreamParser } from "../../src/xml/read/stream-parser.ts";
import { serialize } from "../../src/xml/write/serialize.ts";
import { XmlError } from "../../src/xml/xml-error.ts";
import { bytesOf, cuts, record } from "./recorder.ts";

const HEADER = "<s xmlns='u'>";

function outcome(events: unknown[]): unknown {
  const last = events.at(-1) as unknown[];
  return last[0] === "error" ? [last[1], (last[2] as number) - HEADER.length] : last[0];
}

/** Each limit with an input that exceeds it, the place of the error behind the header, and an input that just passes. */
test.each<[keyof XmlLimits, number, bad: string, at: number, good: string]>([
  ["bytes", 20, "<a>01234567890123456</a>", 20, "<a>0123456789012</a>"],
  ["bytes", 20, "<a b='01234567890123'/>", 20, "<a b='0123456789'/>"],
  ["bytes", 20, "<a>é €éééééé", 20, "<a>é €ééé</a>"],
  ["depth", 2, "<a><b><c/></b></a>", 6, "<a><b/><b></b></a>"],
  ["elements", 3, "<a><b/><c/><d/></a>", 11, "<a><b/><c/></a><a><b/><c/></a>"],
  ["attributes", 2, "<a b='1' c='2' d='3'/>", 0, "<a b='1' c='2' xmlns='v'/>"],
  ["attributes", 2, "<a b='1' c='2' d='3' xmlns:p='v'/>", 0, "<a b='1' c='2' xmlns:p='v'/>"],
  ["declarations", 2, "<a xmlns='1' xmlns:b='2' xmlns:c='3'/>", 0, "<a xmlns='1' xmlns:b='2'/>"],
  ["name", 5, "<abcdef/>", 6, "<abcde/>"],
  ["name", 5, "<a bcdefg='1'/>", 8, "<a bcdef='1'/>"],
  ["name", 5, "<a></abcdef>", 10, "<a></a>"],
  ["name", 5, "<abéé/>", 6, "<abé/>"],
  ["tag", 20, "<a b='012345678901'/>", 20, "<a b='01234567890'/>"],
  ["tag", 20, "<a                    >", 20, "<a               ></a>"],
  ["tag", 20, "<a></a                 >", 23, "<a></a             >"],
  [
    "tag",
    20,
    "<a><bcdefghijklmnopqrs>t</bcdefghijklmnopqrs></a>",
    44,
    "<a><bcdefghijklmnopqr>t</bcdefghijklmnopqr></a>",
  ],
  ["space", 4, "     ", 4, "    <a/>    <a/>"],
])("%s, at most %i: %s", (limit, most, bad, at, good) => {
  const limits = { [limit]: most };
  for (const cut of cuts(bytesOf(HEADER + bad))) {
    expect(outcome(record(cut, { limits }))).toEqual(["policy-violation", at]);
  }
  for (const cut of cuts(bytesOf(HEADER + good))) {
    expect(outcome(record(cut, { limits }))).toBe(good.trim() === "" ? "open" : "element");
  }
});

test("the header has limits, too", () => {
  const limits = { bytes: 20, tag: 100 };
  expect(record(["<s xmlns='u' a='1234'>"], { limits })).toEqual([
    ["error", "policy-violation", 20, expect.stringContaining("limits.bytes (20) is exceeded")],
  ]);
});

/** The error that a stream ends in. */
function errorOf(pieces: readonly Uint8Array[], limits: Partial<XmlLimits>): XmlError | undefined {
  const parser = new StreamParser({ limits });
  for (const piece of pieces) {
    parser.feed(piece);
    while (parser.read() !== undefined);
  }
  return parser.end instanceof XmlError ? parser.end : undefined;
}

describe("the error names the limit, the stanza and its sender:", () => {
  const from = "o'neill@example.net/🌹";
  const iq = `<iq from="${from}">`;
  const one = "x".repeat(100);
  test.each<[keyof XmlLimits, number, bad: string, stanza?: string, from?: string]>([
    ["bytes", 100, `${iq}${one}</iq>`, "iq", from],
    ["bytes", 100, `<message>${one}`, "message"],
    ["bytes", 100, `${iq}<query ${one}='1'/>`, "iq", from],
    ["bytes", 100, `<iq to='${one}' from='a@b'>`],
    ["bytes", 100, `<iq to='${one}' from='a@b'/>`],
    ["depth", 2, `${iq}<query><item/></query></iq>`, "iq", from],
    ["elements", 2, `${iq}<query/><query/></iq>`, "iq", from],
    ["attributes", 1, `${iq}<query a='1' b='2'/></iq>`, "iq", from],
    ["attributes", 1, "<iq from='a@b' to='c@d'/>"],
    ["declarations", 1, `${iq}<query xmlns='u' xmlns:p='v'/></iq>`, "iq", from],
    ["name", 30, `${iq}<${one}/></iq>`, "iq", from],
    ["name", 30, `${iq}<query ${one}='1'/></iq>`, "iq", from],
    ["name", 30, `<${one}/>`],
    ["tag", 50, `${iq}<query a='${one}'/></iq>`, "iq", from],
    ["tag", 50, `<iq from='a@b' a='${one}'/>`],
    ["space", 50, `${iq}</iq>${" ".repeat(51)}`],
  ])("%s, at most %i: %s", (limit, most, bad, stanza, sender) => {
    const message = errorOf([bytesOf(HEADER + bad)], { [limit]: most })?.message;
    for (const cut of cuts(bytesOf(HEADER + bad))) {
      const error = errorOf(cut, { [limit]: most });
      expect(error?.exceeded).toEqual({ limit, most, stanza, from: sender });
      expect(error?.message).toBe(message);
    }
    const by = stanza === undefined ? "" : ` by <${stanza}>`;
    const whom = sender === undefined ? "" : ` from ${sender}`;
    expect(message).toContain(`limits.${limit} (${most}) is exceeded${by}${whom}, at byte `);
  });

  test("a long address is cut, and its control characters are not shown", () => {
    const address = `a\u202e\u009b@${"b".repeat(200)}`;
    const error = errorOf([bytesOf(`${HEADER}<iq from='${address}'><a/>`)], { elements: 1 });
    expect(error?.exceeded?.from).toBe(address);
    expect(error?.message).toContain(`from a??@${"b".repeat(96)}…, at byte`);
  });

  test("other faults have no limit", () => {
    expect(errorOf([bytesOf(`${HEADER}<a b=c/>`)], {})?.exceeded).toBeUndefined();
  });
});

describe("the defaults fit each other:", () => {
  const roster = (contacts: number) => {
    const item = (n: number) =>
      `<item jid='contact${n}@example.net' name='Contact ${n}' subscription='both'><group>Friends</group></item>`;
    return `<iq type='result'><query xmlns='jabber:iq:roster'>${Array.from({ length: contacts }, (_, n) => item(n)).join("")}</query></iq>`;
  };

  test.each([
    ["after authentication", LIMITS, 8200],
    ["before it", LIMITS_BEFORE_AUTHENTICATION, 500],
  ])("a roster of many contacts with a group each passes %s", (_, limits, contacts) => {
    const text = roster(contacts);
    expect(text.length).toBeLessThan(limits.bytes);
    expect(outcome(record([HEADER + text], { limits }))).toBe("element");
  });

  test.each([
    ["after authentication", LIMITS],
    ["before it", LIMITS_BEFORE_AUTHENTICATION],
  ])("elements of 17 bytes meet the limit on bytes first, %s", (_, limits) => {
    const text = `<a>${"<group>xy</group>".repeat(limits.bytes / 16)}</a>`;
    expect(errorOf([bytesOf(HEADER + text)], limits)?.exceeded?.limit).toBe("bytes");
  });
});

test("a fault before a limit is the error, wherever the input is cut", () => {
  const limits = { tag: 20, bytes: 30 };
  for (const bad of [
    "<a b='0123456789'cdefghijklmnop",
    "<a b=c d='01234567890123456789'/>",
    "<a>&b;0123456789012345678901234567890",
  ]) {
    const whole = record([HEADER + bad], { limits });
    expect(outcome(whole)).not.toContain("policy-violation");
    for (const cut of cuts(bytesOf(HEADER + bad))) expect(record(cut, { limits })).toEqual(whole);
  }
});

test("a fault behind a limit is not the error, wherever the input is cut", () => {
  const limits = { tag: 20, bytes: 30 };
  for (const bad of [
    "<a d='01234567890123456789' b=c/>",
    "<a>012345678901234567890123456789&b;</a>",
  ]) {
    for (const cut of cuts(bytesOf(HEADER + bad))) {
      expect(outcome(record(cut, { limits }))).toContain("policy-violation");
    }
  }
});

test("stanzas of 10,000 bytes always pass, as RFC 6120, 13.12, asks", () => {
  const text = "<message>" + "x".repeat(10_000 - 19) + "</message>";
  expect(outcome(record([HEADER + text], { limits: LIMITS_BEFORE_AUTHENTICATION }))).toBe(
    "element",
  );
});

test("limits change on a live stream, from the next byte on", () => {
  const events: string[] = [];
  const parser = new PushParser({
    open: () => events.push("open"),
    element: () => {
      events.push("element");
      parser.setLimits({ bytes: 100 });
    },
    close: () => events.push("close"),
    error: ({ condition }) => events.push(condition),
  });
  parser.setLimits({ bytes: 20 });
  const long = "<a>0123456789012345</a>";
  parser.write(HEADER + "<a/>" + long);
  parser.setLimits({ bytes: 20 });
  parser.write(long);
  expect(events).toEqual(["open", "element", "element", "policy-violation"]);
});

test.each<[Record<string, unknown>]>([
  [{ depth: 1025 }],
  [{ bytes: 2 ** 27 + 1 }],
  [{ bytes: 0 }],
  [{ tag: 1.5 }],
  [{ tags: 1 }],
])("%j is no limit", (limits) => {
  const events = { open() {}, element() {}, close() {}, error() {} };
  expect(() => new PushParser(events, { limits })).toThrow(
    expect.objectContaining({ code: "BAD_OPTION" }) as Error,
  );
});

test("the deepest tree that is parsed can be written and copied", () => {
  const text = "<a>".repeat(1024) + "</a>".repeat(1024);
  const element = parse(text, { limits: { depth: 1024 } });
  expect(serialize(element, { ns: "jabber:client" })).toBe(
    "<a>".repeat(1023) + "<a/>" + "</a>".repeat(1023),
  );
  expect(element.clone()).toEqual(element);
});

/** Inputs that never end. The error must come after so many bytes, whatever the size of the chunks. */
describe("an attack ends where its limit is:", () => {
  const attacks: [string, string, (size: number) => string, number][] = [
    ["tags within tags", "", (size) => "<a>".repeat(size / 3), LIMITS.depth * 3],
    ["an attribute that does not end", "<a b='", (size) => "x".repeat(size), LIMITS.tag],
    ["a tag full of space", "<a", (size) => " ".repeat(size), LIMITS.tag],
    ["a name that does not end", "<", (size) => "n".repeat(size), LIMITS.name + 1],
    ["a text that does not end", "<a>", (size) => "x".repeat(size), LIMITS.bytes],
    ["a text of references", "<a>", (size) => "&#65;".repeat(size / 5), LIMITS.bytes],
    ["a text of brackets", "<a>", (size) => "]".repeat(size), LIMITS.bytes],
    ["CDATA that does not end", "<a><![CDATA[", (size) => "]".repeat(size), LIMITS.bytes],
    [
      "CDATA without anything in it",
      "<a>",
      (size) => "<![CDATA[]]>".repeat(size / 12),
      LIMITS.bytes,
    ],
    ["a reference that does not end", "<a>&#", (size) => "0".repeat(size), 3],
    ["children", "<a>", (size) => "<b/>".repeat(size / 4), 3 + 4 * (LIMITS.elements - 1)],
    ["space between stanzas", "", (size) => " ".repeat(size), LIMITS.space],
    ["an XML declaration in the midst", "<?xml ", (size) => " ".repeat(size), 0],
  ];
  test.each(attacks)("%s", (_, start, endless, at) => {
    for (const size of [61, 4096]) {
      const parser = new PushParser({
        open() {},
        element() {},
        close() {},
        error(error) {
          failed = error.offset;
        },
      });
      let failed = -1;
      parser.write(HEADER + start);
      const chunk = bytesOf(endless(61 * 4096 * 60));
      let written = 0;
      for (; failed < 0 && written < 2 * LIMITS.bytes; written += size) {
        parser.write(chunk.subarray(written, written + size));
      }
      expect(failed).toBe(HEADER.length + at);
      // The error comes with the byte at fault, or with the end of its token.
      expect(written).toBeLessThanOrEqual(Math.max(at, LIMITS.tag) + size);
    }
  });

  test.each([
    ["attributes", (k: number) => `a${k}='1' `],
    ["declarations", (k: number) => `xmlns:p${k}='u' `],
  ])("%s in a tag that ends", (_, one) => {
    const tag = "<a " + Array.from({ length: 65 }, (__, k) => one(k)).join("") + "/>";
    const good = "<a " + Array.from({ length: 64 }, (__, k) => one(k)).join("") + "/>";
    expect(outcome(record([HEADER + tag]))).toEqual(["policy-violation", 0]);
    expect(outcome(record([HEADER + good]))).toBe("element");
  });
});

test("limits that change nothing, or everything, are not copied", () => {
  const base = settleLimits(LIMITS, { depth: 3 });
  expect(settleLimits(base)).toBe(base);
  expect(settleLimits(base, LIMITS_BEFORE_AUTHENTICATION)).toBe(LIMITS_BEFORE_AUTHENTICATION);
  expect(settleLimits(LIMITS_BEFORE_AUTHENTICATION, LIMITS)).toBe(LIMITS);
});
