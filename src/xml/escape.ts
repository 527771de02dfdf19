/** Everything that must be written otherwise, or not at all: with `u`, surrogates match only alone. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for
export const SPECIAL = /[&<>'"\u0000-\u001f\ufffe\uffff\ud800-\udfff]/u;

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
