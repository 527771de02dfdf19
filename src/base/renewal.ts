/** After how many removals at least. */
const REMOVALS = 256;

/**
 * Whether a map or set that much goes in and out of is to be made anew, after so many removals and with so many
 * members left to copy. An engine rids one of what was taken out by making it a new table, to which the one before
 * points: once one of these has grown old, all that come after it stay alive, and what they held, until the next
 * full collection. With 64 requests under way, that was half of the time of a busy program.
 */
export function isToBeRenewed(removals: number, left: number): boolean {
  return removals >= Math.max(REMOVALS, left);
}
