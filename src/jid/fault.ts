/** Why a text is no address: a value and not an error, since it may well come from the wire. */
export interface Fault {
  readonly fault: string;
}

/** A code point as specifications write it, for example `U+0020`. */
export function codePointName(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
}
