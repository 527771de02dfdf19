const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Directions as far as the rule tells them apart (Unicode's Bidi_Class, which regular expressions lack). */
const KINDS: readonly (readonly [kind: string, RegExp])[] = [
  ["mark", /^[\p{Mn}\p{Me}]$/u],
  [
    "arabic number",
    /^[\u0600-\u0605\u0660-\u0669\u066b\u066c\u06dd\u0890\u0891\u08e2\u{10d30}-\u{10d39}\u{10e60}-\u{10e7e}]$/u,
  ],
  ["european number", /^[0-9\u06f0-\u06f9]$/],
  ["right", new RegExp(`^(?=[\\p{L}\\p{N}\u05f3\u05f4\u06fd\u06fe])${RIGHT_TO_LEFT.source}$`, "u")],
  ["left", /^[\p{L}\p{Mc}\p{Nd}]$/u],
];

/**
 * Whether a text keeps the Bidi Rule (RFC 5893, 2), so that it cannot be shown in an order that
 * makes it look like another one. A text without right-to-left characters always does.
 */
export function isBidiSafe(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const kinds = Array.from(text, (character) => {
    return KINDS.find(([, pattern]) => pattern.test(character))?.[0] ?? "neutral";
  });
  if (!kinds.includes("right") && !kinds.includes("arabic number")) return true;
  const last = kinds.filter((kind) => kind !== "mark").at(-1);
  return (
    kinds[0] === "right" &&
    !kinds.includes("left") &&
    last !== "neutral" &&
    !(kinds.includes("arabic number") && kinds.includes("european number"))
  );
}
