/*
 * What may have to be written otherwise, or not at all. Surrogates match in pairs too, though those are
 * legal: the flag `u`, which can tell, takes twice as long.
 */

/** In a value, in single quotes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for
export const SPECIAL_IN_VALUE = /[&<'\u0000-\u001f\ud800-\udfff\ufffe\uffff]/;

/** In a text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for
export const SPECIAL_IN_TEXT = /[&<>\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;

// The same the other way round: whether all characters are good, four a step, takes half the time of a search
// for one that is not. It needs a stack, hence only for so many at a time.
const AT_A_TIME = 512;
const GOOD_VALUE = allOf("[ -%(-;=-\\ud7ff\\ue000-\\ufffd]");
// In a text tabs and ends of lines are good as well, but with them in the class it takes three times as long.
const GOOD_LINE = allOf("[ -%'-;=?-\\ud7ff\\ue000-\\ufffd]");
const LEGAL_LINES = allOf("[\\t\\n -\\ud7ff\\ue000-\\ufffd]");

function allOf(good: string): RegExp {
  return new RegExp(`^(?:${good}${good}${good}${good})*${good}{0,3}$`);
}

/** Whether a value can be written as it is. */
export function isGoodValue(value: string): boolean {
  return value.length <= AT_A_TIME ? GOOD_VALUE.test(value) : isGoodThroughout(value, isGoodValue);
}

/** Whether a text can be written as it is. */
export function isGoodText(text: string): boolean {
  if (text.length > AT_A_TIME) return isGoodThroughout(text, isGoodText);
  if (GOOD_LINE.test(text)) return true;
  if (!LEGAL_LINES.test(text)) return false;
  return !text.includes("&") && !text.includes("<") && !text.includes(">");
}

function isGoodThroughout(text: string, isGood: (part: string) => boolean): boolean {
  for (let at = 0; at < text.length; at += AT_A_TIME) {
    if (!isGood(text.slice(at, at + AT_A_TIME))) return false;
  }
  return true;
}

/** What cannot be written in XML at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for
export const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/u;

const REFERENCES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** A value, legal already, in single quotes: there white space would be normalized, were it not a reference (XML 1.0, 3.3.3). */
export function escapeValue(value: string): string {
  return value.replace(/[&<'\t\n\r]/g, (character) => REFERENCES[character] ?? "");
}

/** A text, legal already. */
export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => REFERENCES[character] ?? "");
}
