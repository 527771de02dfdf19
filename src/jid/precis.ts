import { isBidiSafe } from "./bidi.ts";
import { disallowed } from "./code-points.ts";
import type { Fault } from "./fault.ts";

const FULLWIDTH_OR_HALFWIDTH = /[\u3000\uff01-\uffee]/g;
const OTHER_SPACE = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/** How often the rules are applied at most, until the text changes no more (RFC 8264, 7). */
const ROUNDS = 4;

/** Enforces the profile UsernameCaseMapped (RFC 8265, 3.3): letters in lower case, no spaces, no symbols. */
export function usernameCaseMapped(text: string): string | Fault {
  return untilStable(text, (given) => {
    const narrow = given.replace(FULLWIDTH_OR_HALFWIDTH, (wide) => wide.normalize("NFKC"));
    const fault = disallowed(narrow, "identifier");
    if (fault !== undefined) return fault;
    const mapped = narrow.toLowerCase().normalize("NFC");
    return isBidiSafe(mapped) ? mapped : { fault: "mixes directions of writing" };
  });
}

/** Enforces the profile OpaqueString (RFC 8265, 4.2): any text without controls, in its own case and width. */
export function opaqueString(text: string): string | Fault {
  return untilStable(
    text,
    (given) => disallowed(given, "freeform") ?? given.replace(OTHER_SPACE, " ").normalize("NFC"),
  );
}

function untilStable(text: string, enforce: (text: string) => string | Fault): string | Fault {
  let before = text;
  for (let round = 0; round < ROUNDS; round++) {
    const after = enforce(before);
    if (typeof after !== "string" || after === before) return after;
    before = after;
  }
  return { fault: "changes each time it is prepared" };
}
