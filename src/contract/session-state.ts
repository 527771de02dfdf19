import { badOption, record, text, wholeNumber } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { Dialect } from "../dialect/dialect.ts";
import { carriedJid, domainOf, isSameAddress, tryCarriedJid } from "../jid/carried.ts";
import { ILLEGAL } from "../xml/illegal.ts";

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

/** Reads the option `session`: a copy of its known members. Ends in `BAD_OPTION`. */
export function sessionOption(name: string, value: unknown): SessionState {
  const given = record(name, value) as Partial<Record<keyof SessionState, unknown>>;
  if (given.version !== VERSION) throw badOption(`${name}.version`, `${VERSION}`, given.version);
  const { max, location, unacked } = given;
  const counter = (member: "h" | "acked"): number =>
    wholeNumber(`${name}.${member}`, given[member], 0, HIGHEST);
  const account = address(`${name}.account`, given.account, "account");
  const isAccount = carriedJid(account).local !== undefined;
  return Object.freeze({
    version: VERSION,
    account,
    jid: address(`${name}.jid`, given.jid, isAccount ? "full" : "account"),
    id: legal(`${name}.id`, text(`${name}.id`, given.id)),
    max: max === undefined ? undefined : wholeNumber(`${name}.max`, max, 1),
    location: location === undefined ? undefined : text(`${name}.location`, location),
    detachedAt: wholeNumber(`${name}.detachedAt`, given.detachedAt, 0),
    h: counter("h"),
    acked: counter("acked"),
    unacked: entries(`${name}.unacked`, unacked),
  });
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

function address(name: string, value: unknown, kind: "account" | "full"): string {
  const jid = typeof value === "string" ? tryCarriedJid(value) : undefined;
  const isFull = jid?.local !== undefined && jid.resource !== undefined;
  if (typeof value === "string" && jid !== undefined && (isFull || kind !== "full")) return value;
  throw badOption(
    name,
    kind === "full" ? "an address such as user@example.org/here" : "an address",
    value,
  );
}

/** Refuses a text that XML cannot carry. */
function legal(name: string, value: string): string {
  if (ILLEGAL.test(value)) throw badOption(name, "a text of characters that XML allows", value);
  return value;
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
    const stanza = entry(`${name}[${index}]`, given);
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

function entry(name: string, value: unknown): UnackedStanza {
  const given = record(name, value) as Partial<Record<keyof UnackedStanza, unknown>>;
  const { key, sentAt, tries } = given;
  return {
    text: text(`${name}.text`, given.text),
    key: key === undefined ? undefined : text(`${name}.key`, key),
    sentAt: sentAt === undefined ? undefined : wholeNumber(`${name}.sentAt`, sentAt, 0),
    tries: tries === undefined ? undefined : wholeNumber(`${name}.tries`, tries, 0),
  };
}
