import { callable, record } from "../../base/check.ts";
import { LONGEST } from "../../base/clock.ts";
import type { BrokerError } from "../../base/errors.ts";
import { choice, optional, type Settled, type Takes, whole } from "../../base/option.ts";
import { XML_LIMITS } from "../../xml/limits.ts";
import type { OutboxStore } from "../store.ts";
import { maybeNumber, maybeText } from "./members.ts";

/** The rows of `queue`. */
export const QUEUE = {
  /** How many stanzas may wait. Default 100,000. */
  limit: whole(100_000, 0),
  /** How many bytes may wait, together with written ones that the peer has not read. Default 16,777,216. */
  bytes: whole(16 * 1024 * 1024, 1),
  /** The stanza that fails with `QUEUE_FULL` when the queue is full: the new one, or the oldest. Default `reject`. */
  overflow: choice("reject", ["reject", "drop-oldest"]),
  /**
   * How the queue is sent once the broker is ready: by `queue.flush()`, or at once. With `reconnect` or a
   * `store` the default is `auto`. Default `manual`.
   */
  flush: choice("manual", ["manual", "auto"]),
  /**
   * How long a stanza may wait, in milliseconds, where `send` gives no `ttl`; then `EXPIRED`. A request has its
   * `timeout` instead. Default: no limit; with `reconnect`, 300,000.
   */
  ttl: maybeNumber(0),
  /** How many written bytes may be on their way to the peer; above that, stanzas wait in the queue. Default 262,144. */
  highWater: whole(256 * 1024, 1),
  /**
   * Keeps what is sent on disk until it is proven, so that it survives the process: `fileStore(directory)` of
   * `xmpp-broker/store`, or one of your own. With it the defaults are `flush: "auto"`, no `ttl`, and
   * `unacked: "requeue"`. Default: none.
   */
  store: optional(storeOption),
};

/** How stanzas wait to be sent. */
export interface QueueOptions extends Takes<typeof QUEUE> {}

/** The settings of the queue. */
export interface QueueSettings extends Settled<typeof QUEUE> {}

/** The rows of `queue` for a broker that reconnects: what waits there has the end of an outage to wait for. */
export const QUEUE_WITH_RECONNECT: typeof QUEUE = {
  ...QUEUE,
  flush: { ...QUEUE.flush, fallback: "auto" },
  ttl: { ...QUEUE.ttl, fallback: 300_000 },
};

/** The rows of `queue` for a broker with a store: what an earlier process has left is to be sent. */
export const QUEUE_WITH_STORE: typeof QUEUE = {
  ...QUEUE,
  flush: { ...QUEUE.flush, fallback: "auto" },
};

function storeOption(name: string, value: unknown): OutboxStore {
  const given = record(name, value) as Partial<OutboxStore>;
  for (const call of ["open", "append", "remove", "close"] as const) {
    callable(`${name}.${call}`, given[call]);
  }
  return value as OutboxStore;
}

/** The rows of `inbox`. */
export const INBOX = {
  /** How many received stanzas may have handlers or iterators that are not finished. Default 1,000. */
  stanzas: whole(1000, 1),
  /**
   * How many bytes the stanzas may hold that wait or are being handled: their size on the wire, and 128 for each
   * element. The same bound holds for stanzas that come before a login is over; a login with more ends with `POLICY_VIOLATION`.
   * Default 67,108,864.
   */
  bytes: whole(64 * 1024 * 1024, 1),
};

/** How much of what arrives may be held. */
export interface InboxOptions extends Takes<typeof INBOX> {}

/** The settings of the inbox. */
export interface InboxSettings extends Settled<typeof INBOX> {}

/** The rows of `keepAlive`. */
export const KEEP_ALIVE = {
  /**
   * Milliseconds of silence after which the broker probes the stream. Where the server names an idle time (XEP-0478), three
   * quarters of that are the most. Default 60,000.
   */
  interval: whole(60_000, 1, LONGEST),
  /** Milliseconds that the answer to a probe may take; then the stream ends with `SOCKET_DEAD`. Default 20,000. */
  timeout: whole(20_000, 1, LONGEST),
};

/** How an idle stream is probed. */
export interface KeepAliveOptions extends Takes<typeof KEEP_ALIVE> {}

/** The settings of the probes. */
export interface KeepAliveSettings extends Settled<typeof KEEP_ALIVE> {}

/** The rows of `reconnect`. */
export const RECONNECT = {
  /** The bound of the first wait, in milliseconds: it is a random part of this. The bound doubles each time. Default 500. */
  base: whole(500, 1, LONGEST),
  /** The highest bound of a wait, in milliseconds. Default: 60,000; for services, 30,000. */
  cap: maybeNumber(1, LONGEST),
  /** After so many milliseconds of being ready, waits begin at `base` again. Default 60,000. */
  stable: whole(60_000, 0, LONGEST),
  /**
   * Has the last word on each end of a connection: `true` waits and tries again, `false` gives up, a number is the wait
   * in milliseconds (100 at least). It is told the error and the number of the try to come. Default: the policy (`docs/reconnecting.md`).
   */
  retry: optional<Retry>(retryOption),
};

/** Decides after the end of a connection. `attempt` is the number of the try to come, counted since the last `ready`. */
export type Retry = (error: BrokerError, attempt: number) => boolean | number;

/** How a broker reconnects. */
export interface ReconnectOptions extends Takes<typeof RECONNECT> {}

/** The settings of reconnecting. */
export interface ReconnectSettings extends Omit<Settled<typeof RECONNECT>, "cap"> {
  /** The highest bound of a wait, in milliseconds. */
  readonly cap: number;
}

function retryOption(name: string, value: unknown): Retry {
  callable(name, value);
  return value as Retry;
}

const wait = (fallback: number) => whole(fallback, 1, LONGEST);

/** The rows of `timeouts`. */
export const TIMEOUTS = {
  /** Finding the endpoints of the server; then `LOOKUP_FAILED`. Default 10,000. */
  lookup: wait(10_000),
  /** Opening the connection; then `TIMEOUT_CONNECT`. Default 15,000. */
  connect: wait(15_000),
  /** STARTTLS and the handshake; then `TIMEOUT_TLS`. Default 15,000. */
  tls: wait(15_000),
  /** The server's stream header and features, each time; then `TIMEOUT_STREAM`. Default 15,000. */
  stream: wait(15_000),
  /** The whole of authentication, with your password function; then `TIMEOUT_AUTH`. Default 30,000. */
  auth: wait(30_000),
  /** Binding, and the session where there is one; then `TIMEOUT_BIND`. Default 15,000. */
  bind: wait(15_000),
  /** The answer to `request`, from the call on; then `REQUEST_TIMEOUT`. Default 30,000. */
  request: wait(30_000),
  /** The answer of a handler to an incoming request; then the asker gets an error. Default 30,000. */
  respond: wait(30_000),
  /** The work of a handler on one stanza; then `HANDLER_SLOW`, and the inbox no longer counts it. Default 60,000. */
  handler: wait(60_000),
  /** The whole of `shutdown`; then the connection is dropped. Default 5,000. */
  shutdown: wait(5_000),
};

/** How long each wait may last, in milliseconds. */
export interface TimeoutOptions extends Takes<typeof TIMEOUTS> {}

/** The time-outs in force, in milliseconds. */
export interface Timeouts extends Settled<typeof TIMEOUTS> {}

/** The rows of `limits`: those of the parser, and those of what is sent and asked. */
export const LIMITS = {
  ...XML_LIMITS,
  /**
   * The largest stanza that may be sent, in bytes; a larger one fails with `TOO_LARGE`. Where the server announces
   * what it takes (XEP-0478), this number can only lower that. Default: what the server announces, else 262,144.
   */
  sendBytes: maybeNumber(1, Number.MAX_SAFE_INTEGER),
  /**
   * How many requests may be pending, and how many incoming ones may be open. From a limit of 16 on, one asker
   * (a bare JID) gets a quarter of the incoming ones at most. Further ones get `resource-constraint`.
   * Default 10,000.
   */
  requests: whole(10_000, 1),
};

/** Bounds on what arrives and on what is sent. */
export interface LimitOptions extends Takes<typeof LIMITS> {}

/** The limits in force, once the server has authenticated itself. */
export interface Limits extends Settled<typeof LIMITS> {}

/** The rows of `overrides`. */
export const OVERRIDES = {
  /** The attribute `version`. Default: the dialect's. */
  version: maybeText,
  /** The default namespace. Default: the dialect's. */
  xmlns: maybeText,
  /** The namespace of the prefix `stream`. Default: the one of RFC 6120. */
  stream: maybeText,
};

/** Other values for the stream header. */
export interface HeaderOverrides extends Takes<typeof OVERRIDES> {}

/** The settings of the stream header; undefined: the dialect's value. */
export interface HeaderSettings extends Settled<typeof OVERRIDES> {}
