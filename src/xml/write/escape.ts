/*
 * A character is good if it needs no reference and is legal. Surrogates count as bad, though pairs of them are legal: the
 * flag `u`, which tells pairs apart, takes twice as long. To test whether all characters are good, four a step, takes
 * half the time of a search for a bad one.
 */

/** Such a test needs a stack, so a long text is tested in parts of this length. */
const AT_A_TIME = 512;
const GOOD_VALUE = allOf("[ -%(-;=-\\ud7ff\\ue000-\\ufffd]");
// Tabs and line ends are good in a text as well, but with them in the class the test takes three times as long.
const GOOD_LINE = allOf("[ -%'-;=?-\\ud7ff\\ue000-\\ufffd]");
const LEGAL_LINES = allOf("[\\t\\n -\\ud7ff\\ue000-\\ufffd]");

function allOf(good: string): RegExp {
  return new RegExp(`^(?:${good}${good}${good}${good})*${good}{0,3}$`);
}

/** True if a value can be written as it is. */
export function isGoodValue(value: string): boolean {
  return value.length <= AT_A_TIME ? GOOD_VALUE.test(value) : isGoodThroughout(value, isGoodValue);
}

/** True if a text can be written as it is. */
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

const REFERENCES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** Escapes a legal value for single quotes. White space becomes references, or readers would normalize it (XML 1.0, 3.3.3). */
export function escapeValue(value: string): string {
  return value.replace(/[&<'\t\n\r]/g, (character) => REFERENCES[character] ?? "");
}

/** Escapes a legal text. */
export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => REFERENCES[character] ?? "");
}
