/*
 * Tables of stringprep (RFC 3454) that its profiles share: SASLprep, nodeprep and resourceprep.
 * A profile applies them to text in the normal form NFKC, which has replaced several prohibited characters.
 */

/** Table B.1: the characters that are mapped to nothing. */
export const MAPPED_TO_NOTHING =
  /\u034f|[\ufe00-\ufe0f]|[\u180b-\u180d]|\u200d|[\u00ad\u1806\u200b\u200c\u2060\ufeff]/gu;

/**
 * Tables C.1.2 and C.2.1 to C.9 in one, without the characters that mapping and normalization remove:
 * controls, private use, surrogates, non-characters, deprecated and tagging characters.
 */
export const PROHIBITED =
  /[\p{Cc}\u06dd\u070f\u1680\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]/u;
