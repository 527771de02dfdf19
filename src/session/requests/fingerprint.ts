import { utf8Bytes } from "../../base/text/utf8.ts";

/** Texts up to this length are kept as they are. */
const LONGEST = 256;
const PART = 100;

const decoder = new TextDecoder();

/**
 * A text to remember another one by. The peer chooses ids and addresses, and a long one must not be kept for
 * long: of it the length and both ends remain, as a copy that does not hold on to the original.
 */
export function fingerprint(text: string): string {
  if (text.length <= LONGEST) return text;
  const short = `${text.slice(0, PART)}\u0000${text.length}\u0000${text.slice(-PART)}`;
  return decoder.decode(utf8Bytes(short));
}
