/**
 * Characters that a terminal obeys or that change the order in which it shows others: controls other
 * than newline and tab (XML allows those from U+007F to U+009F), line separators, and the controls of
 * writing direction.
 */
const OBEYED = /[^\P{Cc}\n\t]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text from elsewhere as a terminal may show it: characters that it would obey are escaped, as `\u009b`. */
export function printable(text: string): string {
  return text.replace(OBEYED, escaped);
}

/** The same on one line: each run of white space becomes a single space. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/gu, " "));
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
