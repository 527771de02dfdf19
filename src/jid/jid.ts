import { BrokerError } from "../base/errors.ts";
import { exceedsBytes } from "../base/text/utf8.ts";
import { prepareDomain } from "./domain.ts";
import { type Fault, mustNotContain } from "./fault.ts";
import { opaqueString, usernameCaseMapped } from "./precis.ts";

/** The most bytes of UTF-8 that a part may have, as prepared (RFC 7622, 3.2 to 3.4). */
const LONGEST_PART = 1023;

/** Preparing makes a text four times shorter at most, so a longer text is refused unread. */
const LONGEST_TEXT = 3 * 4 * LONGEST_PART;

/** How many characters of a bad address an error quotes. */
const QUOTE = 60;

/** The characters that a local part excludes beyond its profile (RFC 7622, 3.3.1). */
const EXCLUDED = /["&'/:<>@]/;

/** An address, prepared and ready to be compared (RFC 7622). */
export interface Jid {
  /** The account at the domain, in lower case. `undefined` for the domain itself. */
  readonly local: string | undefined;
  /** The domain in lower case and U-labels, an IPv4 address, or an IPv6 address in brackets. */
  readonly domain: string;
  /** The connection of an account, or the occupant of a room. Case matters. */
  readonly resource: string | undefined;
  /** `local@domain`, or `domain`. */
  readonly bare: string;
  /** `local@domain/resource`, as far as there are these parts. Equal addresses have equal texts. */
  readonly full: string;
}

/** The parts that `jid.of` makes an address of. */
export interface JidParts {
  /** The local part as it is, not escaped: see `escapeLocal`. Default: none. */
  readonly local?: string | undefined;
  /** The domain. */
  readonly domain: string;
  /** The resource. Default: none. */
  readonly resource?: string | undefined;
}

/** Prepares one part of an address, or says why it cannot be one. */
export type Prepare = (text: string) => string | Fault;

/** How the local part and the resource of an address are prepared. */
export interface Preparation {
  readonly local: Prepare;
  readonly resource: Prepare;
}

/**
 * Reads and prepares an address. Throws `BAD_JID`, whose message says which part is wrong and why.
 *
 * @example
 * jid("Juliet@EXAMPLE.org/Balcony").full; // "juliet@example.org/Balcony"
 */
export function jid(text: string): Jid {
  return orThrow(text, readJid(text));
}

/**
 * Makes an address of its parts and prepares it. A part cannot run into another: a local part with an
 * at-sign, or a domain with a slash, is refused. Throws `BAD_JID`, as `jid` does.
 *
 * @example
 * jid.of({ local: "juliet", domain: "example.org", resource: "a/b" }).full; // "juliet@example.org/a/b"
 */
jid.of = function of(parts: JidParts): Jid {
  const { local, domain, resource } = parts;
  const before = local === undefined ? "" : `${local}@`;
  const after = resource === undefined ? "" : `/${resource}`;
  return orThrow(`${before}${domain}${after}`, prepareParts(parts, RFC_7622));
};

/** Reads an address as `jid` does, but returns `undefined` for a text that is none, which costs little. */
export function tryJid(text: string): Jid | undefined {
  const result = readJid(text);
  return "fault" in result ? undefined : result;
}

/**
 * True if two addresses are the same under RFC 7622. It never throws: a text that is no address is
 * the same as the identical text only. A missing address (a stanza without `from`) is the same as
 * none. Servers that prepare addresses by older rules may deliver `gross@…` for `groß@…`, which
 * RFC 7622 calls two accounts, and so does this function. The broker itself, where it judges answers, bounces and
 * bound addresses, counts both kinds of equality; so do `isFromServer` and `isFromSelf`.
 */
export function sameJid(left: string | Jid | undefined, right: string | Jid | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  const one = typeof left === "string" ? left : left.full;
  const other = typeof right === "string" ? right : right.full;
  if (one === other) return true;
  const first = typeof left === "string" ? tryJid(left) : left;
  if (first === undefined) return false;
  const second = typeof right === "string" ? tryJid(right) : right;
  return first.full === second?.full;
}

/** The text before the resource, as it is spelt (RFC 7622, 3.2). A resource may hold `/` and `@`. */
export function bareText(text: string): string {
  const slash = text.indexOf("/");
  return slash < 0 ? text : text.slice(0, slash);
}

/**
 * Splits at the first slash, then the text before it at the first at-sign (RFC 7622, 3.2). The parts
 * stay as they are spelt.
 *
 *     juliet@example.org/a@b/c
 *           ^           ^ here: the rest is the resource, whatever it holds
 */
export function splitJid(text: string): JidParts {
  const bare = bareText(text);
  const at = bare.indexOf("@");
  return {
    local: at < 0 ? undefined : bare.slice(0, at),
    domain: bare.slice(at + 1),
    resource: bare === text ? undefined : text.slice(bare.length + 1),
  };
}

/** Reads an address and prepares its domain by RFC 7622, the other parts as it is told. */
export function readJid(text: string, preparation: Preparation = RFC_7622): Jid | Fault {
  if (typeof text !== "string") return { fault: "an address is a text" };
  if (isTooLong(text)) return { fault: "it is too long" };
  return prepareParts(splitJid(text), preparation);
}

/** True if a text is so long that no address is. */
export function isTooLong(text: string): boolean {
  return text.length > LONGEST_TEXT;
}

/** The address, or the error for its fault. */
export function orThrow(text: string, result: Jid | Fault): Jid {
  if (!("fault" in result)) return result;
  const shown = typeof text === "string" ? JSON.stringify(text.slice(0, QUOTE)) : typeof text;
  throw new BrokerError("BAD_JID", `${shown}: ${result.fault}`);
}

/** A caller without types may have left the domain out. */
function prepareParts(parts: Partial<JidParts>, preparation: Preparation): Jid | Fault {
  const local = part("local part", parts.local, preparation.local);
  if (typeof local === "object") return local;
  const domain = part("domain", parts.domain, prepareDomain);
  if (typeof domain === "object") return domain;
  const resource = part("resource", parts.resource, preparation.resource);
  if (typeof resource === "object") return resource;
  if (domain === undefined) return { fault: "the domain is missing" };

  const bare = local === undefined ? domain : `${local}@${domain}`;
  const full = resource === undefined ? bare : `${bare}/${resource}`;
  return { local, domain, resource, bare, full };
}

function part(
  name: string,
  text: string | undefined,
  prepare: Prepare,
): string | undefined | Fault {
  if (text === undefined) return text;
  if (typeof text !== "string") return { fault: `the ${name} is no text` };
  if (text === "") return { fault: `the ${name} is empty` };
  if (isTooLong(text)) return { fault: `the ${name} is too long` };
  const prepared = prepare(text);
  if (typeof prepared !== "string") return { fault: `the ${name} ${prepared.fault}` };
  if (!exceedsBytes(prepared, LONGEST_PART)) return prepared;
  return { fault: `the ${name} has more than ${LONGEST_PART} bytes` };
}

/** Prepares a local part by RFC 7622, 3.3. */
export function prepareLocal(text: string): string | Fault {
  const prepared = isPlain(text, 0x21) ? text.toLowerCase() : usernameCaseMapped(text);
  if (typeof prepared !== "string") return prepared;
  const excluded = EXCLUDED.exec(prepared);
  return excluded === null ? prepared : mustNotContain(excluded[0]);
}

/** Prepares a resource by RFC 7622, 3.4. */
export function prepareResource(text: string): string | Fault {
  return isPlain(text, 0x20) ? text : opaqueString(text);
}

const RFC_7622: Preparation = { local: prepareLocal, resource: prepareResource };

/** True if a text is printable ASCII, which both profiles leave as it is, but for the case. */
function isPlain(text: string, least: number): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < least || code > 0x7e) return false;
  }
  return true;
}
