import { disallowed } from "./code-points.ts";
import { type Fault, mustNotContain } from "./fault.ts";
import { decodePunycode } from "./punycode.ts";

const LONGEST_LABEL = 63;
/** Preparing makes a domain of at most 1,023 bytes half as long at most; longer ones are not even looked at. */
const LONGEST_DOMAIN = 2 * 1023;
const ACE = "xn--";
const HYPHEN = 0x2d;
const DOT = 0x2e;
const OTHER_DOT = /[\u3002\uff0e\uff61]/g;
const OTHER_THAN_HOST_NAME = /[^a-z0-9.\-_\u{80}-\u{10ffff}]/u;

/**
 * Prepares a domain part (RFC 7622, 3.2): an IPv4 address, an IPv6 address in brackets (in the
 * shortest form), or a domain name in lower case, in U-labels and without a trailing dot. The
 * underscore is let through: networks of containers name their hosts with it.
 */
export function prepareDomain(text: string): string | Fault {
  if (isSettled(text)) return text;
  if (text.length > LONGEST_DOMAIN) return { fault: "is too long" };
  if (text.startsWith("[")) return bracketed(text);
  const lower = text.toLowerCase();
  if (isAscii(lower) && !lower.includes(ACE)) return hostName(withoutLastDot(lower));
  return international(withoutLastDot(lower.replace(OTHER_DOT, ".").normalize("NFKC")));
}

/** Whether a name is what its preparation gives, as nearly every name is; the rest may take longer. */
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
  const fault = { fault: "is no IPv6 address in brackets" };
  if (!/^\[[0-9a-f:.]+\]$/i.test(text) || !URL.canParse(`http://${text}`)) return fault;
  return new URL(`http://${text}`).hostname;
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
 * A name of U-labels or A-labels. The runtime's own IDNA (UTS 46, of every URL) checks it, maps what
 * means the same to the same A-labels, and these are decoded.
 */
function international(name: string): string | Fault {
  // Only now is it known whether it was ASCII all along, in full width.
  if (isAscii(name) && !name.includes(ACE)) return hostName(name);
  const fault = unusable(name);
  if (fault !== undefined) return fault;
  const url = `http://${name}`;
  if (!URL.canParse(url)) return { fault: "is no internationalized domain name" };
  const ascii = hostName(new URL(url).hostname);
  if (typeof ascii !== "string") return ascii;
  const decoded = ascii.split(".").map(decodeLabel).join(".");
  // Browsers take any A-label for good. Only one that is what its text is encoded as is an A-label.
  const isTrue =
    URL.canParse(`http://${decoded}`) && new URL(`http://${decoded}`).hostname === ascii;
  return unusable(decoded) ?? (isTrue ? decoded : { fault: "has an A-label that is none" });
}

/** U-labels hold letters, digits and their marks only: nearly what PRECIS allows in identifiers (RFC 5892, 3). */
function unusable(name: string): Fault | undefined {
  const bad = OTHER_THAN_HOST_NAME.exec(name);
  if (bad !== null) return mustNotContain(bad[0]);
  const faults = name.split(".").map((label) => disallowed(label, "identifier"));
  return faults.find((fault) => fault !== undefined);
}

/** The text of an A-label; an empty one, which no name may have, for what is none. */
function decodeLabel(label: string): string {
  return label.startsWith(ACE) ? (decodePunycode(label.slice(ACE.length)) ?? "") : label;
}

/** The root's dot is stripped before anything else is done (RFC 7622, 3.2). */
function withoutLastDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}
