const encoder = new TextEncoder();

/** A text in UTF-8. */
export function utf8Bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** How many bytes a text takes in UTF-8. */
export function utf8Length(text: string): number {
  return utf8Bytes(text).length;
}

/** Whether a text takes more than so many bytes in UTF-8; counts only when it may. */
export function exceedsBytes(text: string, most: number): boolean {
  // A UTF-16 unit takes at least one byte and at most three.
  if (text.length * 3 <= most) return false;
  return text.length > most || utf8Length(text) > most;
}
