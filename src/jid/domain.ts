import { isBidiSafeDomain } from "./bidi.ts";
import { disallowed } from "./code-points.ts";
import { type Fault, mustNotContain } from "./fault.ts";
import { decodePunycode } from "./punycode.ts";
import { urlHost } from "./url-host.ts";

const LONGEST_LABEL = 63;
/** A domain of at most 1,023 bytes is at most twice as long before it is prepared. */
const LONGEST_DOMAIN = 2 * 1023;
const ACE = "xn--";
const HYPHEN = 0x2d;
const DOT = 0x2e;
const OTHER_DOT = /[\u3002\uff0e\uff61]/g;
/**
 * A U-label that begins with a mark, that has a hyphen first, last, or third and fourth (RFC 5891,
 * 4.2.3), or that holds a mark of symbols or of music (RFC 5892, 2.4).
 */
const NO_U_LABEL = /^\p{M}|^-|-$|^..--|[\u20d0-\u20ff\u{1d100}-\u{1d24f}]/u;
const OTHER_THAN_HOST_NAME = /[^a-z0-9.\-_\u{80}-\u{10ffff}]/u;

/**
 * Prepares a domain part (RFC 7622, 3.2). The result is an IPv4 address, an IPv6 address in brackets
 * (in the shortest form), or a domain name in lower case, in U-labels and without a trailing dot. The
 * underscore is allowed, since networks of containers use it in host names.
 */
export function prepareDomain(text: string): string | Fault {
  if (isSettled(text)) return text;
  if (text.length > LONGEST_DOMAIN) return { fault: "is too long" };
  if (text.startsWith("[")) return bracketed(text);
  const lower = text.toLowerCase();
  if (isAscii(lower) && !lower.includes(ACE)) return hostName(withoutLastDot(lower));
  return international(withoutLastDot(text.replace(OTHER_DOT, ".")));
}

/** True if preparing a name gives the name itself. This is the fast path, since nearly every name is so. */
function isSettled(name: string): boolean {
  let labelStart = 0;
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    const isLetterOrDigit = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39);
    if (isLetterOrDigit) continue;
    if (code !== DOT || index === labelStart || index - labelStart > LONGEST_LABEL) return false;
    labelStart = index + 1;
  }
  const last = name.length - labelStart;
  return last > 0 && last <= LONGEST_LABEL;
}

function bracketed(text: string): string | Fault {
  const host = /^\[[0-9a-f:.]+\]$/i.test(text) ? urlHost(text) : undefined;
  return host ?? { fault: "is no IPv6 address in brackets" };
}

/** Labels of letters, digits and hyphens; the hyphen neither first nor last (RFC 5890, 2.3.1). */
function hostName(name: string): string | Fault {
  const bad = OTHER_THAN_HOST_NAME.exec(name);
  if (bad !== null) return mustNotContain(bad[0]);
  for (let start = 0, end = 0; start <= name.length; start = end + 1) {
    end = name.indexOf(".", start);
    if (end < 0) end = name.length;
    if (end === start) return { fault: "has an empty label" };
    if (end - start > LONGEST_LABEL) return { fault: "has a label of more than 63 bytes" };
    if (name.charCodeAt(start) === HYPHEN || name.charCodeAt(end - 1) === HYPHEN) {
      return { fault: "has a label that begins or ends with a hyphen" };
    }
  }
  return name;
}

/**
 * A name of U-labels or A-labels. The runtime's own IDNA (UTS 46, of every URL) maps and checks it:
 * spellings of one name become the same A-labels, and these are decoded. UTS 46 must see the name as
 * it is spelt, since it maps some characters otherwise than NFKC and lower case do: a lunate sigma
 * and a capital sigma at the end of a label are never a final sigma.
 */
function international(name: string): string | Fault {
  const mapped = name.normalize("NFKC").toLowerCase();
  // Only now is it known whether the name was ASCII all along, in full width.
  if (isAscii(mapped) && !mapped.includes(ACE)) return hostName(mapped);
  const fault = unusable(mapped);
  if (fault !== undefined) return fault;
  const host = urlHost(name);
  if (host === undefined) return { fault: "is no internationalized domain name" };
  const ascii = hostName(host);
  if (typeof ascii !== "string") return ascii;
  const decoded = ascii.split(".").map(decodeLabel).join(".");
  const wrong = unusable(decoded);
  if (wrong !== undefined) return wrong;
  // Browsers accept any A-label. It must also be what its own text is encoded as.
  if (urlHost(decoded) !== ascii) return { fault: "has an A-label that is none" };
  // Not every runtime's URL checks the rest.
  if (decoded.split(".").some((label) => !isAscii(label) && NO_U_LABEL.test(label))) {
    return { fault: "has a label with a mark or a hyphen where none may be" };
  }
  return isBidiSafeDomain(decoded) ? decoded : { fault: "mixes directions of writing" };
}

/** U-labels hold only letters, digits and their marks: nearly what PRECIS allows in identifiers (RFC 5892, 3). */
function unusable(name: string): Fault | undefined {
  const bad = OTHER_THAN_HOST_NAME.exec(name);
  if (bad !== null) return mustNotContain(bad[0]);
  const faults = name.split(".").map((label) => disallowed(label, "identifier"));
  return faults.find((fault) => fault !== undefined);
}

/** The text of an A-label. It is empty, as no label may be, where the label cannot be decoded. */
function decodeLabel(label: string): string {
  return label.startsWith(ACE) ? (decodePunycode(label.slice(ACE.length)) ?? "") : label;
}

/** The dot of the root is removed before anything else is done (RFC 7622, 3.2). */
function withoutLastDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}
