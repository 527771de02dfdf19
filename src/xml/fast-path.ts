/**
 * True if stanzas are read and written the short way first (`read/whole-stanza.ts`, `write/plain.ts`).
 * The long way reads and writes everything, so nothing but speed depends on this.
 */
export let takesFastPath = true;

/** For tests only: the suite runs once with the short ways switched off (`npm run test:long-way`). */
export function takeFastPath(takes: boolean): void {
  takesFastPath = takes;
}
