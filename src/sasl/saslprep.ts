import { MAPPED_TO_NOTHING, PROHIBITED } from "../base/text/stringprep.ts";

/** Nearly all user names and passwords consist of these characters, which preparation does not change. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** The one space of table C.1.2 that normalization does not make a space. */
const OGHAM_SPACE = "\u1680";

/**
 * Table D.1: the characters that are written from right to left, without those that are prohibited, and without forms of
 * letters that normalization replaces.
 */
const RIGHT_TO_LEFT =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\ufe73]/u;

/** Letters. The ones that are not written from right to left take the place of table D.2. */
const LETTER = /[\p{Lu}\p{Ll}\p{Lt}\p{Lo}\p{Nl}]/u;

/**
 * Prepares a query string by SASLprep (RFC 4013): unassigned code points pass (RFC 5802, 5.1).
 * `undefined` where the text holds a forbidden character or mixes directions. Normalization is the
 * NFKC of the runtime, which has not changed for the characters of Unicode 3.2.
 */
export function saslprep(text: string): string | undefined {
  if (PRINTABLE_ASCII.test(text)) return text;
  const prepared = text
    .replaceAll(OGHAM_SPACE, " ")
    .replace(MAPPED_TO_NOTHING, "")
    .normalize("NFKC");
  return PROHIBITED.test(prepared) || mixesDirections(prepared) ? undefined : prepared;
}

/** True for text that mixes directions. Text with right-to-left characters begins and ends with them (RFC 3454, 6). */
function mixesDirections(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return false;
  const characters = Array.from(text);
  const first = characters[0] ?? "";
  const last = characters.at(-1) ?? "";
  if (!RIGHT_TO_LEFT.test(first) || !RIGHT_TO_LEFT.test(last)) return true;
  return characters.some((character) => LETTER.test(character) && !RIGHT_TO_LEFT.test(character));
}
