import { BrokerError } from "../base/errors.ts";

/** The characters that a local part cannot hold, and the backslash (XEP-0106, 3.2). */
const DISALLOWED = " \"&'/:<>@";

/** A sequence that means one of these characters. Case matters, for addresses are in lower case. */
const ESCAPED = /\\(20|22|26|27|2f|3a|3c|3e|40|5c)/g;

/**
 * Escapes a text, such as a user name of another network, so that it can be a local part (XEP-0106):
 * `d'artagnan` becomes `d\27artagnan`. A backslash is escaped only where the text would else be read
 * as an escape sequence. `unescapeLocal` gives the text back. Throws `BAD_JID` for a text that begins
 * or ends with a space, which cannot be escaped (XEP-0106, 4.1).
 *
 * @example
 * jid.of({ local: escapeLocal("space cadet"), domain: "gateway.example.org" });
 */
export function escapeLocal(text: string): string {
  if (text.startsWith(" ") || text.endsWith(" ")) {
    throw new BrokerError("BAD_JID", "a local part cannot begin or end with a space");
  }
  const unambiguous = text.replace(ESCAPED, "\\5c$1");
  return Array.from(unambiguous, (character) => {
    return DISALLOWED.includes(character) ? `\\${hexOf(character)}` : character;
  }).join("");
}

/**
 * Gives back the text that a local part stands for (XEP-0106): `d\27artagnan` is `d'artagnan`. The
 * result is for people and other networks. It must not be compared with addresses, nor sent in them.
 * `\20` at the beginning or the end is no escape sequence, and neither is one in capitals.
 */
export function unescapeLocal(local: string): string {
  const last = local.length - SEQUENCE;
  return local.replace(ESCAPED, (sequence: string, hex: string, at: number) => {
    const isAtEnd = at === 0 || at === last;
    return hex === "20" && isAtEnd ? sequence : String.fromCharCode(Number.parseInt(hex, 16));
  });
}

/** How many characters an escape sequence has. */
const SEQUENCE = 3;

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16);
}
