import { MAPPED_TO_NOTHING, PROHIBITED } from "../base/text/stringprep.ts";
import { isStringprepBidiSafe } from "./bidi.ts";
import { type Fault, mustNotContain } from "./fault.ts";

/*
 * The preparation of RFC 3920, which servers still apply: the profiles nodeprep and resourceprep of
 * stringprep (RFC 3454). Its tables are those of Unicode 3.2. The engine's own tables give the same
 * results for all characters but those in `LATER`, and five ideographs that Unicode has corrected.
 * Compared on 2026-11-26, for every code point, with Prosody 0.12.3 and libidn 1.41 (jabberd2).
 * ejabberd 23.01 agrees, but refuses characters that Unicode 3.2 does not know.
 */

/**
 * Characters that stay as they are: letters and compatibility characters from after Unicode 3.2,
 * letters that have got another case since then, and the dotless i. Characters between them are
 * included where no table changes them.
 */
const LATER =
  /([\u0131\u023a-\u024e\u0370-\u0372\u0376\u037f\u03cf\u03f7-\u03ff\u04c0\u04f6\u04fa-\u04fe\u0510-\u052e\u10a0-\u10fc\u13a0-\u13f5\u1c80-\u1dbf\u1e9e\u1efa-\u1efe\u2090-\u209c\u2132\u213b-\u213c\u2150-\u2152\u2183-\u2189\u2c00-\u2d6f\u321d-\u321e\u3244-\u3250\u327c-\u327e\u32cc-\u32cf\u32ff\u3377-\u337a\u33de-\u33df\u33ff\ua640-\uab69\ufa2e-\ufa2f\ufa6b-\ufad9\ufe10-\ufe19\ufe47-\ufe48\u{10426}-\u{1ccf9}\u{1d4c1}\u{1d6a4}-\u{1d6a5}\u{1d7ca}-\u{1d7cb}\u{1e030}-\u{1fbf9}]+)/u;

/** The characters that nodeprep prohibits beyond these (RFC 3920, A.5). */
const PROHIBITED_IN_LOCAL = /[ "&'/:<>@]/;

/** Prepares a local part by nodeprep (RFC 3920, A): letters in lower case, no spaces. */
export function nodeprep(text: string): string | Fault {
  // A second round folds characters that the normalization has brought (RFC 3454, B.2).
  const prepared = mapped(text, (run) => normalized(folded(normalized(folded(run)))));
  const bad = PROHIBITED_IN_LOCAL.exec(prepared);
  return bad === null ? checked(prepared) : mustNotContain(bad[0]);
}

/** Prepares a resource by resourceprep (RFC 3920, B): case is kept. */
export function resourceprep(text: string): string | Fault {
  return checked(mapped(text, normalized));
}

/** Applies a mapping to all runs of characters that Unicode 3.2 knows. */
function mapped(text: string, map: (run: string) => string): string {
  // The runs and the characters from later versions alternate.
  const runs = text.replace(MAPPED_TO_NOTHING, "").split(LATER);
  return runs.map((run, index) => (index % 2 === 0 ? map(run) : run)).join("");
}

function checked(prepared: string): string | Fault {
  if (prepared === "") return { fault: "is empty" };
  const bad = PROHIBITED.exec(prepared);
  if (bad !== null) return mustNotContain(bad[0]);
  return isStringprepBidiSafe(prepared) ? prepared : { fault: "mixes directions of writing" };
}

/** Full case folding: by way of the capitals, so that a sharp s is `ss`, and each final sigma a sigma. */
function folded(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll("\u03c2", "\u03c3");
}

function normalized(text: string): string {
  return text.normalize("NFKC");
}
