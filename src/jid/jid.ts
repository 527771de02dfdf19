import { BrokerError } from "../base/errors.ts";
import { exceedsBytes } from "../base/utf8.ts";
import { prepareDomain } from "./domain.ts";
import { type Fault, mustNotContain } from "./fault.ts";
import { opaqueString, usernameCaseMapped } from "./precis.ts";

/** The most bytes of UTF-8 that a part may have, as prepared (RFC 7622, 3.2 to 3.4). */
const LONGEST_PART = 1023;

/** Preparing makes a text four times shorter at most; longer ones are not even looked at. */
const LONGEST_TEXT = 3 * 4 * LONGEST_PART;

/** How much of a bad address an error quotes. */
const QUOTE = 60;

/** What a local part excludes beyond its profile (RFC 7622, 3.3.1). */
const EXCLUDED = /["&'/:<>@]/;

/** An address, prepared and ready to be compared (RFC 7622). */
export interface Jid {
  /** Who, at the domain: in lower case. `undefined` for the domain itself. */
  readonly local: string | undefined;
  /** Where: in lower case and U-labels; an IPv4 address, or an IPv6 address in brackets. */
  readonly domain: string;
  /** Which connection, or which occupant of a room: case matters. */
  readonly resource: string | undefined;
  /** `local@domain`, or `domain`. */
  readonly bare: string;
  /** `local@domain/resource`, as far as there are these parts. Equal addresses have equal texts. */
  readonly full: string;
}

/**
 * Reads and prepares an address. Throws `BAD_JID`, saying which part is wrong and why.
 *
 * @example
 * jid("Juliet@EXAMPLE.org/Balcony").full; // "juliet@example.org/Balcony"
 */
export function jid(text: string): Jid {
  const result = read(text);
  if (!("fault" in result)) return result;
  const shown = typeof text === "string" ? JSON.stringify(text.slice(0, QUOTE)) : typeof text;
  throw new BrokerError("BAD_JID", `${shown}: ${result.fault}`);
}

/** Like `jid`, for what comes from the wire: `undefined` instead of an error, which costs little. */
export function tryJid(text: string): Jid | undefined {
  const result = read(text);
  return "fault" in result ? undefined : result;
}

/**
 * Whether two addresses are the same once prepared. Never throws: a text that is no address is the
 * same as the identical text only, so that a peer with odd ideas of an address can still be told
 * from another. An address that is not there (a stanza without `from`) is the same as none.
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

/** What stands before the resource, as it is spelt (RFC 7622, 3.2): a resource may hold anything, also `/` and `@`. */
export function bareText(text: string): string {
  const slash = text.indexOf("/");
  return slash < 0 ? text : text.slice(0, slash);
}

/**
 * Splits at the first slash, then what is before it at the first at-sign (RFC 7622, 3.2).
 *
 *     juliet@example.org/a@b/c
 *           ^           ^ here: the rest is the resource, whatever it holds
 */
function read(text: string): Jid | Fault {
  if (typeof text !== "string") return { fault: "an address is a text" };
  if (text.length > LONGEST_TEXT) return { fault: "it is too long" };
  const unprepared = bareText(text);
  const at = unprepared.indexOf("@");

  const local = at < 0 ? undefined : part("local part", unprepared.slice(0, at), prepareLocal);
  if (typeof local === "object") return local;
  const domain = part("domain", unprepared.slice(at + 1), prepareDomain);
  if (typeof domain === "object") return domain;
  const resource =
    unprepared === text
      ? undefined
      : part("resource", text.slice(unprepared.length + 1), prepareResource);
  if (typeof resource === "object") return resource;

  const bare = local === undefined ? domain : `${local}@${domain}`;
  const full = resource === undefined ? bare : `${bare}/${resource}`;
  return { local, domain, resource, bare, full };
}

function part(
  name: string,
  text: string,
  prepare: (text: string) => string | Fault,
): string | Fault {
  if (text === "") return { fault: `the ${name} is empty` };
  const prepared = prepare(text);
  if (typeof prepared !== "string") return { fault: `the ${name} ${prepared.fault}` };
  if (!exceedsBytes(prepared, LONGEST_PART)) return prepared;
  return { fault: `the ${name} has more than ${LONGEST_PART} bytes` };
}

function prepareLocal(text: string): string | Fault {
  const prepared = isPlain(text, 0x21) ? text.toLowerCase() : usernameCaseMapped(text);
  if (typeof prepared !== "string") return prepared;
  const excluded = EXCLUDED.exec(prepared);
  return excluded === null ? prepared : mustNotContain(excluded[0]);
}

function prepareResource(text: string): string | Fault {
  return isPlain(text, 0x20) ? text : opaqueString(text);
}

/** Whether a text is printable ASCII, which both profiles leave as it is, but for the case. */
function isPlain(text: string, least: number): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < least || code > 0x7e) return false;
  }
  return true;
}
