/** The number of letters in which a suggested name may differ. */
const NEAR = 2;

/** The length of the longest name that gets a suggestion. */
const LONGEST = 40;

/** Returns `; did you mean "…"?` with the nearest known name, or an empty text if none is near. */
export function nearest(name: string, known: readonly string[]): string {
  if (name.length > LONGEST) return "";
  let best: string | undefined;
  let least = Math.min(NEAR, Math.floor(name.length / 2)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const apart = distance(name.toLowerCase(), candidate.toLowerCase());
    if (apart < least) {
      least = apart;
      best = candidate;
    }
  }
  return best === undefined ? "" : `; did you mean "${best}"?`;
}

/** Counts the letters to insert, remove, change, or swap with the next (Damerau, Levenshtein). */
function distance(left: string, right: string): number {
  let before: number[] = [];
  let above = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, (before[column - 2] ?? Infinity) + 1);
      }
      current.push(cost);
    }
    before = above;
    above = current;
  }
  return above[right.length] ?? 0;
}
