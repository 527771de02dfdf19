import { type Fault, mustNotContain } from "./fault.ts";
import { urlHost } from "./url-host.ts";

/*
 * The categories of RFC 8264, section 9, as far as they do not follow from the order below. The
 * tables are those of the engine's own Unicode version. A character that it does not know is
 * unassigned.
 */
const PRINTABLE_ASCII = /^[!-~]$/;
const EXCEPTIONALLY_VALID = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/;
const EXCEPTIONALLY_DISALLOWED = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/;
const OLD_HANGUL_JAMO = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]$/;
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]$/u;
const LETTER_OR_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
const FREEFORM_ONLY = /^[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]$/u;

/** The string classes of PRECIS: identifiers, and any text (RFC 8264, 4). */
export type StringClass = "identifier" | "freeform";

/**
 * The fault of a text names the first code point that its class does not allow. It is `undefined`
 * where all are allowed. A lone surrogate is never allowed.
 */
export function disallowed(text: string, stringClass: StringClass): Fault | undefined {
  const surroundings = new Surroundings(text);
  const bad = surroundings.characters.find(
    (character, index) => !isAllowed(character, index, surroundings, stringClass),
  );
  return bad === undefined ? undefined : mustNotContain(bad);
}

/** The algorithm of RFC 8264, section 8, in its order. */
function isAllowed(
  character: string,
  index: number,
  surroundings: Surroundings,
  stringClass: StringClass,
): boolean {
  if (PRINTABLE_ASCII.test(character)) return true;
  if (EXCEPTIONALLY_VALID.test(character)) return true;
  if (EXCEPTIONALLY_DISALLOWED.test(character)) return false;
  const rule = CONTEXT_RULES.find(([pattern]) => pattern.test(character));
  if (rule !== undefined) return rule[1](surroundings, index);
  if (OLD_HANGUL_JAMO.test(character) || IGNORABLE.test(character)) return false;
  if (character.normalize("NFKC") !== character) return stringClass === "freeform";
  if (LETTER_OR_DIGIT.test(character)) return true;
  return stringClass === "freeform" && FREEFORM_ONLY.test(character);
}

/** The text around a character. Each search through all of it is made once. */
class Surroundings {
  readonly characters: readonly string[];
  readonly #text: string;
  readonly #found = new Map<RegExp, boolean>();

  constructor(text: string) {
    this.characters = Array.from(text);
    this.#text = text;
  }

  has(pattern: RegExp): boolean {
    const found = this.#found.get(pattern) ?? pattern.test(this.#text);
    this.#found.set(pattern, found);
    return found;
  }
}

type ContextRule = (surroundings: Surroundings, index: number) => boolean;

const KANA_OR_HAN = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
const ARABIC_INDIC_DIGIT = /[\u0660-\u0669]/;
const EXTENDED_ARABIC_INDIC_DIGIT = /[\u06f0-\u06f9]/;

/** The characters that are allowed only in some surroundings (RFC 5892, appendix A). */
const CONTEXT_RULES: readonly (readonly [RegExp, ContextRule])[] = [
  // A.1 and A.2: joiners, between letters that join or after a virama.
  [/^[\u200c\u200d]$/, joins],
  // A.3: the middle dot of Catalan.
  [/^\u00b7$/, ({ characters: all }, index) => all[index - 1] === "l" && all[index + 1] === "l"],
  // A.4: the keraia, a sign of numbers in Greek.
  [/^\u0375$/, ({ characters }, index) => /^\p{Script=Greek}/u.test(characters[index + 1] ?? "")],
  // A.5 and A.6: geresh and gershayim.
  [
    /^[\u05f3\u05f4]$/,
    ({ characters }, index) => /^\p{Script=Hebrew}/u.test(characters[index - 1] ?? ""),
  ],
  // A.7: the middle dot of Katakana.
  [/^\u30fb$/, (text) => text.has(KANA_OR_HAN)],
  // A.8 and A.9: two sets of Arabic digits that look alike are not mixed.
  [/^[\u0660-\u0669]$/, (text) => !text.has(EXTENDED_ARABIC_INDIC_DIGIT)],
  [/^[\u06f0-\u06f9]$/, (text) => !text.has(ARABIC_INDIC_DIGIT)],
];

/**
 * True if a joiner stands where it is visible. Regular expressions know neither viramas nor how
 * letters join, but every runtime's URL checks joiners in host names (UTS 46, CheckJoiners). So the
 * letters on both sides, with their marks, are given to it as a host name.
 */
function joins({ characters }: Surroundings, index: number): boolean {
  const near = (from: number, to: number) => characters.slice(Math.max(0, from), to).join("");
  const before = /\p{L}\p{M}*$/u.exec(near(index - MOST_MARKS, index));
  if (before === null) return false;
  const after = /^\p{M}*\p{L}?/u.exec(near(index + 1, index + 1 + MOST_MARKS));
  return urlHost(`${before[0]}${characters[index] ?? ""}${after?.[0] ?? ""}`) !== undefined;
}

/** How many marks a joining letter may have. Without a bound the search takes time in the square of the text. */
const MOST_MARKS = 32;
