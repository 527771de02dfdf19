import { check, prepareText } from "../parse/contenders/saxes.js";

/** Totals and a hash of stanzas that stand one after the other, as saxes reads them. */
export function digestText(text) {
  prepareText(text);
  return check();
}
