/*
 * Searches for the bytes that end a plain run of a value or text, four bytes a step. Against a table of
 * classes, a byte a step, all of reading became 1.05 to 1.1 times as fast for mixed and small stanzas,
 * 1.36 times for OMEMO and vCards, and 1.6 times for a long text (measured on 2026-11-27).
 *
 * A word is tested as a whole: `(x - 0x01010101) & ~x` sets the high bit of each byte that is 0, so
 * `x = word ^ 0x22222222` finds quotes. A borrow may mark bytes above a true one, never below, so the
 * lowest mark is right. Bytes below 0x20 show as the high bit of `word - 0x20202020`, bytes from 0x80
 * on as their own. The byte 0 after the input stops every scan.
 */

const ONES = 0x01010101;
const HIGHS = 0x80808080 | 0;

/** The place of the next `"`, `&`, `'`, `<`, control character or byte beyond ASCII. */
export function valueStop(view: DataView, from: number): number {
  let i = from;
  for (;;) {
    const word = view.getInt32(i, true);
    const lt = word ^ 0x3c3c3c3c;
    // `&` (0x26) and `'` (0x27) differ in the lowest bit only.
    const and = (word & 0xfefefefe) ^ 0x26262626;
    const quote = word ^ 0x22222222;
    const marks =
      (((lt - ONES) & ~lt) |
        ((and - ONES) & ~and) |
        ((quote - ONES) & ~quote) |
        (word - 0x20202020) |
        word) &
      HIGHS;
    if (marks !== 0) return i + ((31 - Math.clz32(marks & -marks)) >> 3);
    i += 4;
  }
}

/** The place of the next `&`, `<`, `>`, control character or byte beyond ASCII. */
export function textStop(view: DataView, from: number): number {
  let i = from;
  for (;;) {
    const word = view.getInt32(i, true);
    // `<` (0x3C) and `>` (0x3E) differ in one bit only.
    const angle = (word & 0xfdfdfdfd) ^ 0x3c3c3c3c;
    const and = word ^ 0x26262626;
    const marks =
      (((angle - ONES) & ~angle) | ((and - ONES) & ~and) | (word - 0x20202020) | word) & HIGHS;
    if (marks !== 0) return i + ((31 - Math.clz32(marks & -marks)) >> 3);
    i += 4;
  }
}
