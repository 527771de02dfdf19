import { badOption, text } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import { needed } from "../base/option.ts";
import type { Dialect } from "../dialect/dialect.ts";
import { carriedJid, domainOf, isSameAddress, tryCarriedJid } from "../jid/carried.ts";
import { ILLEGAL } from "../xml/illegal.ts";
import { aNumber, aText, maybeNumber, maybeText, readMembers } from "./rows/members.ts";

/** The version of the states that this package writes and reads. */
const VERSION = 1;

/** How many entries a state may have. A session tracks half as many. */
const MOST_ENTRIES = 20_000;

/** How long the texts of a state may be together. A session tracks a quarter of that. */
const MOST_TEXT = 64 * 1024 * 1024;

/** The highest counter: it has 32 bits (XEP-0198, 4). */
const HIGHEST = 2 ** 32 - 1;

/** A stanza that was written and not acknowledged. */
export interface UnackedStanza {
  /** Its text on the wire. */
  readonly text: string;
  /** The key of its delivery, where the program gave one. */
  readonly key?: string | undefined;
  /** When it was sent, in milliseconds since 1970, where that is known. */
  readonly sentAt?: number | undefined;
  /** How often it went back to the queue. Default 0. */
  readonly tries?: number | undefined;
}

/**
 * A session that was detached, for the option `session` of another broker. It is plain data that JSON can carry. It
 * holds no password, but the texts of stanzas: keep it as you keep those.
 */
export interface SessionState {
  /** The version of this format: 1. */
  readonly version: number;
  /** The bare address of the account that logs in. */
  readonly account: string;
  /** The full address that is bound. */
  readonly jid: string;
  /** The id that the server gave the session. */
  readonly id: string;
  /** How long the server keeps the session, in seconds, where it said so. */
  readonly max?: number | undefined;
  /** Where the server wants the session to be resumed, where it said so. */
  readonly location?: string | undefined;
  /** When it was detached, in milliseconds since 1970. */
  readonly detachedAt: number;
  /** How many stanzas of the server's were handled, modulo 2³². */
  readonly h: number;
  /** How many of ours the server has acknowledged, modulo 2³². */
  readonly acked: number;
  /** Stanzas of ours that it has not acknowledged, oldest first. `null`: one of the broker's own, such as a ping. */
  readonly unacked: readonly (UnackedStanza | null)[];
}

const ENTRY = {
  text: aText,
  key: maybeText,
  sentAt: maybeNumber(0),
  tries: maybeNumber(0),
};

const counter = aNumber(0, HIGHEST);

const STATE = {
  version: needed(version),
  account: needed(address),
  jid: needed(address),
  id: needed(legal),
  max: maybeNumber(1),
  location: maybeText,
  detachedAt: aNumber(0),
  h: counter,
  acked: counter,
  unacked: needed(entries),
};

/** Reads the option `session`: a copy of its known members. Ends in `BAD_OPTION`. */
export function sessionOption(name: string, value: unknown): SessionState {
  const state = readMembers(name, value, STATE);
  const { local, resource } = carriedJid(state.jid);
  const isAccount = carriedJid(state.account).local !== undefined;
  if (!isAccount || (local !== undefined && resource !== undefined)) return Object.freeze(state);
  throw badOption(`${name}.jid`, "an address such as user@example.org/here", state.jid);
}

/** The state that is written of these facts. Members that are not known are left out. */
export function sessionState(facts: Omit<SessionState, "version">): SessionState {
  const { max, location, ...others } = facts;
  return {
    version: VERSION,
    ...others,
    ...(max === undefined ? {} : { max }),
    ...(location === undefined ? {} : { location }),
  };
}

/** Refuses the session of another account. Ends in `BAD_OPTION`. */
export function checkAccount({ account }: SessionState, dialect: Dialect): void {
  const isOurs =
    dialect.account === undefined
      ? domainOf(account) === domainOf(dialect.domain)
      : isSameAddress(account, dialect.account);
  if (isOurs) return;
  throw badOption("session.account", dialect.account ?? dialect.domain, account);
}

function version(name: string, value: unknown): number {
  if (value === VERSION) return VERSION;
  throw badOption(name, `${VERSION}`, value);
}

function address(name: string, value: unknown): string {
  if (typeof value === "string" && tryCarriedJid(value) !== undefined) return value;
  throw badOption(name, "an address", value);
}

/** Refuses a text that XML cannot carry. */
function legal(name: string, value: unknown): string {
  const given = text(name, value);
  if (ILLEGAL.test(given)) throw badOption(name, "a text of characters that XML allows", given);
  return given;
}

function entries(name: string, value: unknown): SessionState["unacked"] {
  if (!Array.isArray(value)) throw badOption(name, "a list", value);
  if (value.length > MOST_ENTRIES) {
    throw badOption(name, `a list of at most ${MOST_ENTRIES}`, value.length);
  }
  const keys = new Set<string>();
  let length = 0;
  const read = value.map((given: unknown, index) => {
    if (given === null) return null;
    const stanza = readMembers(`${name}[${index}]`, given, ENTRY);
    length += stanza.text.length;
    const { key } = stanza;
    if (key === undefined) return stanza;
    if (keys.has(key)) throw badOption(`${name}[${index}].key`, "the only one of its kind", key);
    keys.add(key);
    return stanza;
  });
  if (length <= MOST_TEXT) return read;
  const detail = `the texts of ${name} have ${length} characters, ${MOST_TEXT} are allowed`;
  throw new BrokerError("BAD_OPTION", detail);
}
