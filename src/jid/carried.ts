import { prepareDomain } from "./domain.ts";
import {
  isTooLong,
  type Jid,
  orThrow,
  type Preparation,
  type Prepare,
  prepareLocal,
  prepareResource,
  readJid,
  splitJid,
} from "./jid.ts";
import { nodeprep, resourceprep } from "./stringprep.ts";

/*
 * Addresses that servers carry. Servers still prepare addresses by nodeprep and resourceprep, so they
 * carry some that RFC 7622 refuses (`☃@…`, `room/❤️`), and they deliver some in another spelling.
 */

/** Each part is prepared where RFC 7622 allows it, and stays as spelt where only servers allow it. */
const CARRIED: Preparation = {
  local: either(prepareLocal, nodeprep),
  resource: either(prepareResource, resourceprep),
};

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** The domain alone counts: the other parts stay as they are. */
const ANY: Preparation = { local: (text) => text, resource: (text) => text };

/**
 * Reads an address that servers carry. The domain is prepared. The local part and the resource are
 * prepared where RFC 7622 allows it, and stay as spelt where only nodeprep and resourceprep do. Throws
 * `BAD_JID` for what neither allows.
 */
export function carriedJid(text: string): Jid {
  return orThrow(text, readJid(text, CARRIED));
}

/** Reads an address as `carriedJid` does, but returns `undefined` for a text that is none. */
export function tryCarriedJid(text: string): Jid | undefined {
  const result = readJid(text, CARRIED);
  return "fault" in result ? undefined : result;
}

/** The prepared domain of an address. An empty part is refused, and the other parts are not checked. Throws `BAD_JID`. */
export function domainOf(text: string): string {
  return orThrow(text, readJid(text, ANY)).domain;
}

/** True if an address is in a domain, in whatever spelling. The other parts of the address do not count. */
export function isInDomain(text: string, domain: string): boolean {
  // The fast path cuts nothing out: this is asked for each stanza that a component receives.
  const slash = text.indexOf("/");
  const end = slash < 0 ? text.length : slash;
  const at = text.indexOf("@");
  const start = at < 0 || at > end ? 0 : at + 1;
  if (end - start === domain.length && text.startsWith(domain, start)) return true;
  return isSamePart(splitJid(text).domain, domain, prepareDomain);
}

/**
 * True if servers may take two addresses for one: their domains are equal under RFC 7622, and the
 * other parts are equal under RFC 7622 or under nodeprep and resourceprep. It never throws: a part
 * that cannot be prepared is equal to the identical text only.
 */
export function isSameAddress(left: string | undefined, right: string | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  if (isTooLong(left) || isTooLong(right)) return false;
  const one = splitJid(left);
  const other = splitJid(right);
  return (
    isSamePart(one.domain, other.domain, prepareDomain) &&
    isSamePart(one.local, other.local, prepareLocal, nodeprep) &&
    isSamePart(one.resource, other.resource, prepareResource, resourceprep)
  );
}

function isSamePart(
  left: string | undefined,
  right: string | undefined,
  strict: Prepare,
  older?: Prepare,
): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  if (areSame(left, right, strict)) return true;
  // The two ways differ only beyond ASCII.
  if (older === undefined || !(BEYOND_ASCII.test(left) || BEYOND_ASCII.test(right))) return false;
  return areSame(left, right, older);
}

function areSame(left: string, right: string, prepare: Prepare): boolean {
  const prepared = prepare(left);
  return typeof prepared === "string" && prepared === prepare(right);
}

function either(strict: Prepare, older: Prepare): Prepare {
  return (text) => {
    const prepared = strict(text);
    if (typeof prepared === "string") return prepared;
    return typeof older(text) === "string" ? text : prepared;
  };
}
