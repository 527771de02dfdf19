const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** The directions that the rules tell apart: Unicode's Bidi_Class, which regular expressions lack. */
const KINDS: readonly (readonly [kind: string, RegExp])[] = [
  ["mark", /^[\p{Mn}\p{Me}]$/u],
  [
    "arabic number",
    /^[\u0600-\u0605\u0660-\u0669\u066b\u066c\u06dd\u0890\u0891\u08e2\u{10d30}-\u{10d39}\u{10e60}-\u{10e7e}]$/u,
  ],
  ["european number", /^[0-9\u06f0-\u06f9]$/],
  ["right", new RegExp(`^(?=[\\p{L}\\p{N}\u05f3\u05f4\u06fd\u06fe])${RIGHT_TO_LEFT.source}$`, "u")],
  // Modifier letters without a direction.
  ["neutral", /^[\u02b9\u02ba\u02c6-\u02cf\u02ec\u2e2f\ua67f\ua717-\ua71f\ua788]$/],
  ["left", /^[\p{L}\p{Mc}\p{Nd}]$/u],
];

/**
 * True if a text keeps the Bidi Rule (RFC 5893, 2) as the PRECIS profiles apply it (RFC 8265, 3.3).
 * Such a text cannot be shown in an order that makes it look like another one. A text without
 * right-to-left characters always keeps the rule.
 */
export function isBidiSafe(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const kinds = kindsOf(text);
  return !hasRightToLeft(kinds) || isRightToLeft(kinds);
}

/**
 * True if the labels of a domain keep the Bidi Rule. It applies to every label of a name, as soon as
 * one label holds a right-to-left character (RFC 5893, 1.4 and 2).
 */
export function isBidiSafeDomain(domain: string): boolean {
  if (!RIGHT_TO_LEFT.test(domain)) return true;
  const labels = domain.split(".").map(kindsOf);
  if (!labels.some(hasRightToLeft)) return true;
  return labels.every((kinds) => isRightToLeft(kinds) || isLeftToRight(kinds));
}

/** True if a text keeps the older rule of stringprep (RFC 3454, 6), which knows no numbers and marks. */
export function isStringprepBidiSafe(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const kinds = kindsOf(text);
  if (!kinds.includes("right")) return true;
  return kinds[0] === "right" && kinds.at(-1) === "right" && !kinds.includes("left");
}

/** The kind of each character. */
function kindsOf(text: string): readonly string[] {
  return Array.from(text, (character) => {
    return KINDS.find(([, pattern]) => pattern.test(character))?.[0] ?? "neutral";
  });
}

function hasRightToLeft(kinds: readonly string[]): boolean {
  return kinds.includes("right") || kinds.includes("arabic number");
}

/** Conditions 1 to 4 of the rule. */
function isRightToLeft(kinds: readonly string[]): boolean {
  return (
    kinds[0] === "right" &&
    !kinds.includes("left") &&
    lastOf(kinds) !== "neutral" &&
    !(kinds.includes("arabic number") && kinds.includes("european number"))
  );
}

/** Conditions 1, 5 and 6 of the rule. */
function isLeftToRight(kinds: readonly string[]): boolean {
  return kinds[0] === "left" && !hasRightToLeft(kinds) && lastOf(kinds) !== "neutral";
}

/** The last character that is no mark. */
function lastOf(kinds: readonly string[]): string | undefined {
  return kinds.filter((kind) => kind !== "mark").at(-1);
}
