/** Nearly all user names and passwords consist of these characters, which preparation does not change. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Mapped to nothing (RFC 3454, table B.1). */
const DROPPED =
  /\u034f|[\ufe00-\ufe0f]|[\u180b-\u180d]|\u200d|[\u00ad\u1806\u200b\u200c\u2060\ufeff]/gu;

/** Mapped to a space (table C.1.2, without those that are dropped). */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu;

/**
 * Not allowed in the output (tables C.1.2 and C.2.1 to C.9 in one): controls, private use,
 * surrogates, non-characters, deprecated and tagging characters.
 */
const PROHIBITED = new RegExp(
  "[\\0-\\x1f\\x7f-\\xa0\\u0340\\u0341\\u06dd\\u070f\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f" +
    "\\u205f-\\u2063\\u206a-\\u206f\\u2ff0-\\u2ffb\\u3000\\ud800-\\uf8ff\\ufeff\\ufff9-\\uffff" +
    "\\u{1d173}-\\u{1d17a}\\u{e0001}\\u{e0020}-\\u{e007f}\\u{f0000}-\\u{10ffff}" +
    "\\p{Noncharacter_Code_Point}]",
  "u",
);

/** Written from right to left (table D.1). */
const RIGHT_TO_LEFT = new RegExp(
  "[\\u05be\\u05c0\\u05c3\\u05d0-\\u05ea\\u05f0-\\u05f4\\u061b\\u061f\\u0621-\\u063a\\u0640-\\u064a" +
    "\\u066d-\\u066f\\u0671-\\u06d5\\u06dd\\u06e5\\u06e6\\u06fa-\\u06fe\\u0700-\\u070d\\u0710" +
    "\\u0712-\\u072c\\u0780-\\u07a5\\u07b1\\u200f\\ufb1d\\ufb1f-\\ufb28\\ufb2a-\\ufb36\\ufb38-\\ufb3c" +
    "\\ufb3e\\ufb40\\ufb41\\ufb43\\ufb44\\ufb46-\\ufbb1\\ufbd3-\\ufd3d\\ufd50-\\ufd8f\\ufd92-\\ufdc7" +
    "\\ufdf0-\\ufdfc\\ufe70-\\ufe74\\ufe76-\\ufefc]",
  "u",
);

/** Letters. Those that are not written from right to left take the place of table D.2. */
const LETTER = /[\p{Lu}\p{Ll}\p{Lt}\p{Lo}\p{Nl}]/u;

/**
 * Prepares a query string by SASLprep (RFC 4013): unassigned code points pass (RFC 5802, 5.1).
 * `undefined` where the text holds a forbidden character or mixes directions. Normalization is the
 * NFKC of the runtime, which has not changed for the characters of Unicode 3.2.
 */
export function saslprep(text: string): string | undefined {
  if (PRINTABLE_ASCII.test(text)) return text;
  const prepared = text.replace(SPACES, " ").replace(DROPPED, "").normalize("NFKC");
  return PROHIBITED.test(prepared) || mixesDirections(prepared) ? undefined : prepared;
}

/** Finds text that mixes directions. Text with right-to-left characters begins and ends with them (RFC 3454, 6). */
function mixesDirections(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return false;
  const characters = Array.from(text);
  const first = characters[0] ?? "";
  const last = characters.at(-1) ?? "";
  if (!RIGHT_TO_LEFT.test(first) || !RIGHT_TO_LEFT.test(last)) return true;
  return characters.some((character) => LETTER.test(character) && !RIGHT_TO_LEFT.test(character));
}
