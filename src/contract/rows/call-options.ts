import { abortSignal, badOption, host, knownOptions, record, text } from "../../base/check.ts";
import { LONGEST } from "../../base/clock.ts";
import { LISTEN } from "../../base/emitter.ts";
import { flag, type OptionRows, optional, type Takes, whole } from "../../base/option.ts";
import type { XPathValue } from "../../xpath/value.ts";
import { OWN_KEY } from "../delivery.ts";
import { maybeNumber } from "./members.ts";

const ADDRESS = {
  /** A name or an IP address. It stays in force for later calls. Default: the option `host`. */
  host: optional(host),
  /** From 1 to 65,535. Default: the option `port`, or the dialect's for the TLS policy. */
  port: maybeNumber(1, 65535),
};

/** An address as `connect` and `reconnect` may be given it; what is left out comes from the options. */
export interface GivenAddress extends Takes<typeof ADDRESS> {}

const CONNECT = {
  ...ADDRESS,
  /** Ends the run when it is aborted before the broker is ready. Later it does nothing. Default: none. */
  signal: optional(abortSignal),
};

/** Where to connect, and until when. */
export interface ConnectOptions extends Takes<typeof CONNECT> {}

const SEND = {
  /** How long the stanza may wait in the queue, in milliseconds; then `EXPIRED`. Default: no limit. */
  ttl: maybeNumber(0),
  /**
   * The key of the delivery; a key in use returns its delivery and sends nothing. Keys that begin with `#` are the
   * broker's own. Default: one of these.
   */
  key: optional(givenKey),
};

function givenKey(option: string, value: unknown): string {
  const key = text(option, value);
  if (!key.startsWith(OWN_KEY)) return key;
  throw badOption(option, `a text that does not begin with ${OWN_KEY}`, value);
}

/** How one stanza is sent. */
export interface SendOptions extends Takes<typeof SEND> {}

const REQUEST = {
  /** Milliseconds from the call on; then `REQUEST_TIMEOUT`. Default: `timeouts.request`. */
  timeout: maybeNumber(1, LONGEST),
  /** Ends the wait with `ABORTED`. Default: none. */
  signal: optional(abortSignal),
};

/** How one request is made. */
export interface RequestOptions extends Takes<typeof REQUEST> {}

const FILTER = {
  /** Prefix → namespace. Binding the empty prefix makes unprefixed element names exact. Default: none. */
  namespaces: optional((name, value) => record(name, value) as Readonly<Record<string, string>>),
  /** The values of `$name` in the expression, by name. Default: none. */
  variables: optional((name, value) => record(name, value) as Readonly<Record<string, XPathValue>>),
  /** Removes the filter when it is aborted. Default: none. */
  signal: optional(abortSignal),
  /** Removes the filter after its first match. Default `false`. */
  once: flag(false),
};

/** How a filter reads its expression, and how long it stays. */
export interface FilterOptions extends Takes<typeof FILTER> {}

const WAIT = {
  ...FILTER,
  /** Milliseconds from the call on; then `REQUEST_TIMEOUT`. Default: no limit. */
  timeout: maybeNumber(1, LONGEST),
};

/** How one stanza is waited for. */
export interface WaitOptions extends Takes<typeof WAIT> {}

const STANZAS = {
  ...FILTER,
  /** How many matches may wait for the reader, of `inbox.bytes` together; then `QUEUE_FULL`. Default 1,000. */
  buffer: whole(1000, 1),
};

/** How stanzas are iterated. */
export interface StanzasOptions extends Takes<typeof STANZAS> {}

const SHUTDOWN = {
  /** Milliseconds for the whole of it; then the connection is dropped. Default: `timeouts.shutdown`. */
  timeout: maybeNumber(0, LONGEST),
};

/** How the broker is shut down. */
export interface ShutdownOptions extends Takes<typeof SHUTDOWN> {}

/** The options of each call of a broker. */
export const CALLS = {
  connect: CONNECT,
  reconnect: ADDRESS,
  send: SEND,
  request: REQUEST,
  filter: FILTER,
  respond: FILTER,
  waitFor: WAIT,
  stanzas: STANZAS,
  on: LISTEN,
  shutdown: SHUTDOWN,
} as const satisfies Record<string, OptionRows>;

/** Shared by all calls that are given no options; it has no prototype that could set one. */
export const NO_OPTIONS = Object.freeze(Object.create(null)) as Readonly<Record<string, never>>;

/** Reads the options of a call before the call does anything: its own members alone. Ends in `BAD_OPTION`. */
export function callOptions<Options extends object>(
  call: keyof typeof CALLS,
  options: Options,
): Readonly<Options> {
  if ((options as object) === NO_OPTIONS) return options;
  const rows: OptionRows = CALLS[call];
  const own = knownOptions(call, options, Object.keys(rows));
  for (const [name, value] of Object.entries<unknown>(own as Record<string, unknown>)) {
    if (value !== undefined) rows[name]?.check(name, value);
  }
  return own;
}
