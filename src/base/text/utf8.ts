const encoder = new TextEncoder();

/** Encodes a text in UTF-8. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Counts the bytes that a text takes in UTF-8. */
export function utf8Length(text: string): number {
  return utf8Bytes(text).length;
}

/** Tells whether a text takes more than so many bytes in UTF-8. It counts only if it has to. */
export function exceedsBytes(text: string, most: number): boolean {
  // A UTF-16 unit takes at least one byte and at most three.
  if (text.length * 3 <= most) return false;
  return text.length > most || utf8Length(text) > most;
}
