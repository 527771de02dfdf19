import { describe, expect, test } from "vitest";
import { nodeprep, resourceprep } from "../../src/jid/stringprep.ts";

// The values are those of Prosody 0.12.3 and of libidn 1.41, which jabberd2 uses.
const MAPPED: [what: string, text: string, local: string, resource: string][] = [
  ["ASCII", "Juliet", "juliet", "Juliet"],
  ["a sharp s", "gro\u00df", "gross", "gro\u00df"],
  ["a final sigma", "\u03bd\u03af\u03ba\u03bf\u03c2", "νίκοσ", "νίκος"],
  ["capitals with a sigma at the end", "\u039d\u038a\u039a\u039f\u03a3", "νίκοσ", "ΝΊΚΟΣ"],
  ["a ligature", "\ufb01n", "fin", "fin"],
  ["a superscript", "x\u00b2", "x2", "x2"],
  ["a number in a circle", "\u2460", "1", "1"],
  ["a sign that is made of letters", "\u2122", "tm", "TM"],
  ["a sign of capitals", "\u2121", "tel", "TEL"],
  ["full width", "\uff2a\uff55\uff4c", "jul", "Jul"],
  ["mathematical letters", "\u{1d5ae}\u{1d5c4}", "ok", "Ok"],
  ["a dotted capital I", "\u0130", "i\u0307", "\u0130"],
  ["a dotless i", "\u0131", "\u0131", "\u0131"],
  ["an iota below", "\u1fb3", "\u03b1\u03b9", "\u1fb3"],
  ["an n after an apostrophe", "\u0149", "\u02bcn", "\u02bcn"],
  ["a lunate sigma", "\u03f2", "\u03c3", "\u03c2"],
  ["composition", "e\u0301", "\u00e9", "\u00e9"],
  ["composition of Hangul", "\u1100\u1161\u11a8", "\uac01", "\uac01"],
  ["a soft hyphen, mapped to nothing", "a\u00adb", "ab", "ab"],
  ["joiners, mapped to nothing", "\u{1f469}\u200d\u{1f467}", "\u{1f469}\u{1f467}", "👩👧"],
  ["a variation selector, mapped to nothing", "\u2764\ufe0f", "\u2764", "\u2764"],
  ["a symbol", "\u2603%irc.example", "\u2603%irc.example", "\u2603%irc.example"],
  ["a symbol of later days", "\u{1f916}", "\u{1f916}", "\u{1f916}"],
  // Unicode 3.2 does not know these, or knows no lower case of them.
  ["a capital sharp s", "\u1e9e", "\u1e9e", "\u1e9e"],
  ["a Georgian capital", "\u10a0", "\u10a0", "\u10a0"],
  ["a Cherokee letter", "\u13a0", "\u13a0", "\u13a0"],
  ["a letter in a square", "\u{1f130}", "\u{1f130}", "\u{1f130}"],
  ["a Latin capital of later days", "\u2c62A", "\u2c62a", "\u2c62A"],
  ["a modifier letter of later days", "\u1d2cB", "\u1d2cb", "\u1d2cB"],
  ["Hebrew", "\u05d0\u05d1", "\u05d0\u05d1", "\u05d0\u05d1"],
];

describe("nodeprep and resourceprep map", () => {
  test.each(MAPPED)("%s: %j", (_, text, local, resource) => {
    expect(nodeprep(text)).toBe(local);
    expect(resourceprep(text)).toBe(resource);
    expect(nodeprep(local)).toBe(local);
    expect(resourceprep(resource)).toBe(resource);
  });
});

const REFUSED: [what: string, text: string, alsoInResources: boolean][] = [
  ...Array.from(` "&'/:<>@`, (character): [string, string, boolean] => [
    `the character ${character}`,
    `a${character}b`,
    false,
  ]),
  ["a slash in full width", "a\uff0fb", false],
  ["a no-break space", "a\u00a0b", false],
  ["nothing that is left", "\u00ad\ufe0f", true],
  ["a control", "a\u0085", true],
  ["a tab", "a\tb", true],
  ["a mark of direction", "x\u200ey", true],
  ["a replacement character", "\ufffd", true],
  ["private use", "\ue000", true],
  ["no character", "\ufdd0", true],
  ["half of a pair", "a\ud800", true],
  ["a tag", "a\u{e0041}", true],
  ["an ogham space", "a\u1680b", true],
  ["a description of an ideograph", "\u2ff0", true],
  ["Hebrew and Latin", "\u05d0\u05d1a", true],
  ["Hebrew after a digit", "1\u05d0", true],
  ["Hebrew before an exclamation mark", "\u05d0!", true],
];

describe("nodeprep refuses", () => {
  test.each(REFUSED)("%s", (_, text, alsoInResources) => {
    expect(nodeprep(text)).toHaveProperty("fault");
    expect(typeof resourceprep(text) === "object").toBe(alsoInResources);
  });
});
