import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { jid, sameJid, tryJid } from "../../src/jid/jid.ts";

describe("what would take long is bounded", () => {
  const labels = (count: number) => `x@${"\u00fc.".repeat(count)}de`;
  test("a domain of more than twice the bytes it may have", () => {
    expect(() => jid(labels(1100))).toThrow("the domain is too long");
    expect(jid(labels(300)).domain).toBe(labels(300).slice(2));
  });

  test("a joiner whose letter has more marks than any has", () => {
    const marked = (marks: number) => `x@y/\u0915${"\u094d".repeat(marks)}\u200d\u0937`;
    expect(jid(marked(2)).resource).toBe(marked(2).slice(4));
    expect(() => jid(marked(40))).toThrow("U+200D");
  });

  test("many digits of one Arabic kind are good, and one of the other kind is not", () => {
    const digits = "\u0660".repeat(500);
    expect(jid(`x@y/${digits}`).resource).toBe(digits);
    expect(() => jid(`x@y/${digits}\u06f0`)).toThrow("U+0660");
  });
});

describe("an address is taken apart", () => {
  // The samples of RFC 7622, table 1, and with them what the erratum 4560 gives back.
  test.each<[string, string | undefined, string, string | undefined]>([
    ["juliet@example.com", "juliet", "example.com", undefined],
    ["juliet@example.com/foo", "juliet", "example.com", "foo"],
    ["juliet@example.com/foo bar", "juliet", "example.com", "foo bar"],
    ["juliet@example.com/ foo", "juliet", "example.com", " foo"],
    ["juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"],
    ["foo\\20bar@example.com", "foo\\20bar", "example.com", undefined],
    ["fussball@example.com", "fussball", "example.com", undefined],
    ["fu\u00dfball@example.com", "fu\u00dfball", "example.com", undefined],
    ["\u03c0@example.com", "\u03c0", "example.com", undefined],
    ["\u03a3@example.com/foo", "\u03c3", "example.com", "foo"],
    ["\u03c3@example.com/foo", "\u03c3", "example.com", "foo"],
    ["\u03c2@example.com/foo", "\u03c2", "example.com", "foo"],
    ["king@example.com/\u265a", "king", "example.com", "\u265a"],
    ["example.com", undefined, "example.com", undefined],
    ["example.com/foobar", undefined, "example.com", "foobar"],
    ["a.example.com/b@example.net", undefined, "a.example.com", "b@example.net"],
    ["a@b/c/d", "a", "b", "c/d"],
    ["a@b//", "a", "b", "/"],
  ])("%j", (text, local, domain, resource) => {
    const bare = local === undefined ? domain : `${local}@${domain}`;
    const full = resource === undefined ? bare : `${bare}/${resource}`;
    expect(jid(text)).toEqual({ local, domain, resource, bare, full });
  });
});

describe("an address is prepared", () => {
  test.each<[what: string, text: string, full: string]>([
    ["case", "Juliet@EXAMPLE.org/Balcony", "juliet@example.org/Balcony"],
    ["case beyond ASCII", "ЮЗЕР@example.org/Ресурс", "юзер@example.org/Ресурс"],
    ["a dotted capital I", "\u0130@example.org", "i\u0307@example.org"],
    ["width", "ｊｕｌｉｅｔ@example.org/ｗｉｄｅ", "juliet@example.org/ｗｉｄｅ"],
    ["halfwidth Katakana with its mark", "\uff76\uff9e@x", "\u30ac@x"],
    ["composition in the local part", "e\u0301@x", "\u00e9@x"],
    ["composition in the resource", "x/e\u0301", "x/\u00e9"],
    ["composition in the domain", "bu\u0308cher.example", "b\u00fccher.example"],
    ["other spaces in the resource", "x/a\u00a0b\u3000c", "x/a b c"],
    ["compatibility characters of the resource, kept", "x/\u2163", "x/\u2163"],
    ["the root's dot", "x@example.org./r", "x@example.org/r"],
    ["an ideographic dot", "x@例え\u3002テスト", "x@例え.テスト"],
    ["a domain in full width", "ｅｘａｍｐｌｅ．ｏｒｇ", "example.org"],
    ["A-labels", "x@xn--bcher-kva.example", "x@bücher.example"],
    ["A-labels in capitals", "XN--BCHER-KVA.Example", "bücher.example"],
    ["U-labels in capitals", "BÜCHER.example", "bücher.example"],
    ["a long A-label", "xn--e1afmkfd.xn--80akhbyknj4f", "пример.испытание"],
    ["an A-label of Han", "xn--fsqu00a.xn--0zwm56d", "例子.测试"],
    ["a sharp s, which is none of two", "faß.example", "faß.example"],
    // UTS 46 maps these otherwise than NFKC and lower case do, by the values of Python's idna.
    ["a lunate sigma in a domain", "a@a\u03f2b.example", "a@a\u03c3b.example"],
    ["a capital lunate sigma", "a@\u03f9.example", "a@\u03c3.example"],
    ["a capital sigma at the end of a label", "\u0391\u03a3.example", "\u03b1\u03c3.example"],
    ["a final sigma in a domain, kept", "\u03b1\u03c2.example", "\u03b1\u03c2.example"],
    ["a number in a circle in a domain", "\u2460.example", "1.example"],
    ["a name of digits, which is no address", "1.2.3", "1.2.3"],
    ["an IPv4 address", "x@127.0.0.1", "x@127.0.0.1"],
    ["an IPv6 address", "x@[2001:DB8:0:0:0:0:0:1]/r", "x@[2001:db8::1]/r"],
    ["an underscore in a host name", "x@My_Host", "x@my_host"],
  ])("%s: %j is %j", (_what, text, full) => {
    expect(jid(text).full).toBe(full);
  });
});

describe("an address is made of its parts", () => {
  test.each<
    [local: string | undefined, domain: string, resource: string | undefined, full: string]
  >([
    ["Juliet", "EXAMPLE.org", "Balcony", "juliet@example.org/Balcony"],
    [undefined, "example.org", undefined, "example.org"],
    [undefined, "example.org", "a@b/c", "example.org/a@b/c"],
    ["juliet", "example.org", undefined, "juliet@example.org"],
    ["d\\27artagnan", "b\u00fccher.example", "x", "d\\27artagnan@b\u00fccher.example/x"],
  ])("%j, %j, %j", (local, domain, resource, full) => {
    expect(jid.of({ local, domain, resource })).toEqual(jid(full));
    expect(jid.of({ local, domain, resource }).full).toBe(full);
  });

  test("and a part that is left out is not there", () => {
    expect(jid.of({ domain: "x" })).toEqual(jid("x"));
  });

  test.each<[parts: object, why: RegExp]>([
    [{ local: "a@b", domain: "c" }, /local part .* U\+0040/],
    [{ local: "a/b", domain: "c" }, /local part .* U\+002F/],
    [{ local: "", domain: "c" }, /local part is empty/],
    [{ domain: "c/d" }, /domain .* U\+002F/],
    [{ domain: "b@c" }, /domain .* U\+0040/],
    [{ domain: "" }, /domain is empty/],
    [{}, /domain is missing/],
    [{ domain: "c", resource: "" }, /resource is empty/],
    [{ domain: 5 }, /domain is no text/],
    [{ local: "a".repeat(1024), domain: "c" }, /more than 1023 bytes/],
    [{ domain: "c", resource: "a".repeat(1_000_000) }, /too long/],
  ])("and %j makes none", (parts, why) => {
    const make = () => jid.of(parts as { domain: string });
    expect(make).toThrow(expect.objectContaining({ code: "BAD_JID" }) as Error);
    expect(make).toThrow(why);
  });
});

test("a name in Latin-1 is read the same the ten thousandth time", () => {
  // On Node 20 `URL.canParse` refuses such names once it is compiled.
  for (let time = 0; time < 10_000; time++) expect(tryJid("x@\u00e9")?.domain).toBe("\u00e9");
});

describe("no address is", () => {
  test.each<[text: string, why: RegExp]>([
    ["", /domain is empty/],
    // The samples of RFC 7622, table 2.
    ['"juliet"@example.com', /local part .* U\+0022/],
    ["foo bar@example.com", /local part .* U\+0020/],
    ["@example.com", /local part is empty/],
    ["@example.com/", /local part is empty/],
    ["henry\u2163@example.com", /local part .* U\+2163/],
    ["\u265a@example.com", /local part .* U\+265A/],
    ["juliet@", /domain is empty/],
    ["/foobar", /domain is empty/],
    ["juliet@example.com/", /resource is empty/],
    // Local parts.
    ["a&b@x", /U\+0026/],
    ["a'b@x", /U\+0027/],
    ["a:b@x", /U\+003A/],
    ["<a@x", /U\+003C/],
    ["a>@x", /U\+003E/],
    ["a\u007f@x", /U\+007F/],
    ["a\uff20b@x", /U\+0040/],
    ["a\uff0fb@x", /U\+002F/],
    ["a\u3000b@x", /U\+0020/],
    ["a\u00adb@x", /U\+00AD/],
    ["a\u212bb@x", /U\+212B/],
    ["a\u1100@x", /U\+1100/],
    ["a\u0640@x", /U\+0640/],
    ["a\u{e000}@x", /U\+E000/],
    ["a\u0378@x", /U\+0378/],
    ["\ud83d@x", /U\+D83D/],
    ["\u{1f600}@x", /U\+1F600/],
    // Domains.
    ["a@b@c", /domain .* U\+0040/],
    ["x@a b", /domain .* U\+0020/],
    ["x@a\u0000", /domain .* U\+0000/],
    ["x@a..b", /empty label/],
    ["x@.", /domain .*empty/],
    ["x@.a", /empty label/],
    ["x@a..", /empty label/],
    ["x@-a", /hyphen/],
    ["x@a-.b", /hyphen/],
    ["x@a%62", /U\+0025/],
    ["x@a:5222", /U\+003A/],
    ["x@a?b", /U\+003F/],
    ["x@ü#b", /U\+0023/],
    ["x@ü:1", /U\+003A/],
    ["x@exa\u00admple.com", /U\+00AD/],
    // No U-labels (RFC 5891, 4.2.3; RFC 5892, 2.4).
    ["x@-\u00fc.example", /domain/],
    ["x@\u00fc-.example", /domain/],
    ["x@ab--\u00fc.example", /domain/],
    ["x@\u05b8\u05d0.example", /domain/],
    ["x@\u00fc\u20d4.example", /domain/],
    ["x@\u2100.com", /U\+002F/],
    ["\u2615.com", /U\+2615/],
    ["xn--53h.com", /U\+2615/],
    ["xn--a.example", /domain/],
    ["xn--BCHER-KVA0.example", /domain/],
    ["xn--bcher-Kv.example", /domain/],
    ["xn--abc-.example", /domain/],
    ["xn--zzzzzzzzz99999999.example", /domain/],
    ["xn--.example", /domain/],
    ["x@[::1", /IPv6/],
    ["x@[::g]", /IPv6/],
    ["x@[127.0.0.1]", /IPv6/],
    ["x@[fe80::1%25eth0]", /IPv6/],
    ["x@[::1]:5222", /IPv6/],
    [`x@${"a".repeat(64)}`, /more than 63 bytes/],
    [`x@${"ü".repeat(60)}.example`, /domain/],
    // Resources.
    ["x/\u0000", /resource .* U\+0000/],
    ["x/\n", /resource .* U\+000A/],
    ["x/a\u200bb", /resource .* U\+200B/],
    ["x/\udc00", /resource .* U\+DC00/],
    ["x/\uffff", /resource .* U\+FFFF/],
    ["x/\u2028", /resource .* U\+2028/],
  ])("%j", (text, why) => {
    expect(() => jid(text)).toThrow(BrokerError);
    expect(() => jid(text)).toThrow(expect.objectContaining({ code: "BAD_JID" }));
    expect(() => jid(text)).toThrow(why);
    expect(tryJid(text)).toBeUndefined();
  });

  test("something that is no text", () => {
    const nothing = undefined as unknown as string;
    expect(() => jid(nothing)).toThrow(expect.objectContaining({ code: "BAD_JID" }));
    expect(tryJid(nothing)).toBeUndefined();
  });
});

describe("a part has at most 1023 bytes", () => {
  const labels = (bytes: number): string =>
    `${"a".repeat(62)}.`.repeat(16) + "b".repeat(bytes - 1008);
  test.each([
    ["local part, ASCII", (bytes: number) => `${"a".repeat(bytes)}@x`],
    ["local part, Cyrillic", (bytes: number) => `${"ы".repeat(511)}${"a".repeat(bytes - 1022)}@x`],
    ["domain", (bytes: number) => labels(bytes)],
    ["resource", (bytes: number) => `x/${"♚".repeat(340)}${"a".repeat(bytes - 1020)}`],
  ])("%s", (_part, make) => {
    expect(jid(make(1023)).full).toBe(make(1023));
    expect(() => jid(make(1024))).toThrow(/more than 1023 bytes/);
  });

  test("as it is prepared, not as it was written", () => {
    expect(jid(`${"ａ".repeat(1023)}@x`).local).toBe("a".repeat(1023));
    expect(jid(`x/${"e\u0301".repeat(511)}`).resource).toBe("é".repeat(511));
  });

  test("and what is longer than any address is not looked at", () => {
    expect(() => jid(`x/${"a".repeat(1_000_000)}`)).toThrow(/too long/);
  });
});

describe("letters in context", () => {
  test.each<[what: string, text: string, good: boolean]>([
    ["ZWNJ between letters that join", "نامه\u200cای@x", true],
    ["ZWNJ in a domain", "نامه\u200cای.example", true],
    ["ZWNJ between letters that do not join", "a\u200cb@x", false],
    ["ZWNJ at the beginning", "\u200cb@x", false],
    ["ZWJ after a virama", "क्\u200dष@x", true],
    ["ZWJ after a virama at the end of a resource", "x/क्\u200d", true],
    ["ZWJ between letters", "a\u200db@x", false],
    ["ZWJ between emoji", "x/\u{1f469}\u200d\u{1f467}", false],
    ["a middle dot between two l", "l\u00b7l@x", true],
    ["a middle dot at the end", "l\u00b7@x", false],
    ["a keraia before Greek", "\u0375\u03b2@x", true],
    ["a keraia before Latin", "\u0375b@x", false],
    ["a geresh after Hebrew", "\u05d0\u05f3@x", true],
    ["gershayim after Latin", "a\u05f4@x", false],
    ["a Katakana dot among Katakana", "\u30ab\u30fb@x", true],
    ["a Katakana dot among Latin", "a\u30fbb@x", false],
    ["Arabic-Indic digits", "\u0627\u0661@x", true],
    ["both kinds of Arabic digits", "\u0627\u0661\u06f1@x", false],
    ["both kinds, the other first", "x/\u06f1\u0661", false],
  ])("%s", (_what, text, good) => {
    expect(tryJid(text) !== undefined).toBe(good);
  });
});

describe("writing from right to left", () => {
  test.each<[what: string, text: string, good: boolean]>([
    ["Hebrew", "שלום@x", true],
    ["Hebrew, then digits", "שלום1@x", true],
    ["digits, then Hebrew", "1שלום@x", false],
    ["Hebrew and Latin", "שלוםa@x", false],
    ["Latin and Hebrew", "aשלום@x", false],
    ["Hebrew that ends in a mark", "שָ@x", true],
    ["Hebrew that ends in punctuation", "שלום!@x", false],
    ["Arabic with both kinds of digits", "س1\u0661@x", false],
    ["Hebrew and Latin in a resource, where anything goes", "x/שלוםa", true],
    ["Hebrew and Latin in a label", "שלוםa.example", false],
    ["a Hebrew and a Latin label", "שלום.example", true],
    // The Bidi Rule for labels (RFC 5893, 2), by the values of Python's idna.
    ["a label of a digit, then Hebrew", "a@1\u05d0.example", false],
    ["a label of Latin, then Hebrew", "a@b\u05d0.example", false],
    ["a label of Latin and Arabic", "a@a\u0870b.example", false],
    ["a label of Hebrew, then a digit", "a@\u05d01.example", true],
    ["a label of Hebrew, then an Arabic digit", "a@\u05d0\u0661.example", true],
    ["a label of Hebrew and both kinds of digits", "a@\u05d01\u0661.example", false],
    ["a label of an Arabic digit alone", "a@\u0661.example", false],
    ["a label of digits beside one of Hebrew", "a@1.\u05d0", false],
    ["a label that begins with a digit beside one of Hebrew", "a@\u05d0.1a.example", false],
    ["a label that ends in a digit beside one of Hebrew", "a@\u05d0.a1.example", true],
    ["a label with a hyphen beside one of Hebrew", "a@\u05d0.ex-1.b", true],
    ["a label of digits where nothing is from right to left", "a@1.example", true],
    ["A-labels of Latin and Hebrew", "a@xn--b-0hc.example", false],
  ])("%s", (_what, text, good) => {
    expect(tryJid(text) !== undefined).toBe(good);
  });
});

describe("comparing addresses", () => {
  test.each([
    ["juliet@example.org/a", "Juliet@EXAMPLE.ORG/a"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["x@[::1]", "x@[0:0:0:0:0:0:0:1]"],
    ["example.org", "example.org."],
    ["x/e\u0301", "x/\u00e9"],
  ])("%j and %j are the same", (left, right) => {
    expect(sameJid(left, right)).toBe(true);
    expect(sameJid(jid(left), right)).toBe(true);
    expect(sameJid(left, jid(right))).toBe(true);
    expect(sameJid(jid(left), jid(right))).toBe(true);
  });

  test.each([
    ["juliet@example.org", "juliet@example.org/a"],
    ["juliet@example.org/a", "juliet@example.org/A"],
    ["example.org", "juliet@example.org"],
    ["fu\u00dfball@x", "fussball@x"],
    ["\u03c3@x", "\u03c2@x"],
    ["paypal.example", "p\u0430ypal.example"],
    ["127.0.0.1", "[::ffff:7f00:1]"],
    ["a@b@c", "a@b"],
    ["a@b", "a@b@c"],
    ["bad one@x", "bad One@x"],
  ])("%j and %j are not", (left, right) => {
    expect(sameJid(left, right)).toBe(false);
    expect(sameJid(right, left)).toBe(false);
  });

  test("an address that is not there is the same as none", () => {
    expect(sameJid(undefined, "a@b")).toBe(false);
    expect(sameJid(jid("a@b"), undefined)).toBe(false);
    expect(sameJid(undefined, undefined)).toBe(false);
  });

  test("a text that is no address is the same as itself only", () => {
    expect(sameJid("no address@@x", "no address@@x")).toBe(true);
    expect(sameJid("", "")).toBe(true);
    expect(sameJid("", "x")).toBe(false);
  });
});

/** Texts that look like addresses, with much that is nearly right. */
const letters = Array.from(
  "aAéÉßΣςσıİ1-._~'ü ｗⅣ@/\u0627\u0661\u05e9\u05c1한\u0301\u00a0\u200d漢🔑",
);
const parts = fc.string({ unit: fc.constantFrom(...letters) });
const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .tuple(parts, parts, parts)
    .map(([local, domain, resource]) => `${local}@${domain}/${resource}`),
);

describe("whatever the text", () => {
  test("preparing it twice changes nothing more", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = tryJid(text);
        if (once === undefined) return;
        expect(tryJid(once.full)).toEqual(once);
        expect(tryJid(once.bare)?.full).toBe(once.bare);
      }),
      { numRuns: 2000 },
    );
  });

  test("an error is BAD_JID, and short", () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          jid(text);
        } catch (error) {
          expect(error).toMatchObject({ code: "BAD_JID" });
          expect(String(error).length).toBeLessThan(600);
        }
      }),
    );
  });

  test("comparing is symmetric, and an address is the same as itself prepared", () => {
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        expect(sameJid(left, right)).toBe(sameJid(right, left));
        expect(sameJid(left, left)).toBe(true);
        const prepared = tryJid(left);
        if (prepared !== undefined) expect(sameJid(left, prepared.full)).toBe(true);
      }),
    );
  });
});
