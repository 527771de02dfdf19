/** Why a text is no address. It is a value and not an error, since the text may come from the wire. */
export interface Fault {
  readonly fault: string;
}

/** The fault of a text that holds a forbidden character, which is written as `U+0020`. */
export function mustNotContain(character: string): Fault {
  const codePoint = character.codePointAt(0) ?? 0;
  const name = codePoint.toString(16).toUpperCase().padStart(4, "0");
  return { fault: `must not contain U+${name}` };
}
