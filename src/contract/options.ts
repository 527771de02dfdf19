import { badOption, callable, host, oneOf, text } from "../base/check.ts";
import {
  choice,
  defaultsOf,
  group,
  needed,
  type Option,
  optional,
  type Settled,
  settleOptions,
  type Takes,
} from "../base/option.ts";
import type { Dialect } from "../dialect/dialect.ts";
import type { Lookup } from "../lookup/endpoint.ts";
import type { ChannelFactory } from "../stream/channel.ts";
import type { TransportFactory } from "../transport/transport.ts";
import { acksRow, unackedRow } from "./rows/acks-option.ts";
import { aNumber, aText, maybeNumber, maybeText, readMembers } from "./rows/members.ts";
import {
  type HeaderOverrides,
  type HeaderSettings,
  INBOX,
  type InboxOptions,
  type InboxSettings,
  KEEP_ALIVE,
  type KeepAliveOptions,
  type KeepAliveSettings,
  LIMITS,
  type LimitOptions,
  type Limits,
  OVERRIDES,
  QUEUE,
  QUEUE_WITH_RECONNECT,
  QUEUE_WITH_STORE,
  type QueueOptions,
  type QueueSettings,
  RECONNECT,
  type ReconnectOptions,
  type ReconnectSettings,
  TIMEOUTS,
  type TimeoutOptions,
  type Timeouts,
} from "./rows/option-groups.ts";
import { POLICIES, policyFor, tlsOption } from "./rows/tls-options.ts";
import { checkAccount, type SessionState, sessionOption } from "./session-state.ts";
import { traceOption } from "./trace.ts";

const reconnect = group<ReconnectOptions, Settled<typeof RECONNECT>>(RECONNECT);
const keepAlive = group<KeepAliveOptions, KeepAliveSettings>(KEEP_ALIVE);

/**
 * The options of a broker that may be left out. A new option is one row here, or one in a group: the row gives its
 * type, its check, its default, and, as its doc comment, its line of `docs/options.md`.
 */
const BROKER = {
  /**
   * Where to connect: a name, or an IP address (an IPv6 address with or without brackets). Default: the dialect's
   * domain.
   */
  host: optional(host),
  /** The port. Default: the dialect's. */
  port: maybeNumber(1, 65535),
  /** A TLS policy, or a policy and its details. */
  tls: tlsOption,
  /** How many stanzas may wait to be sent, and what happens to one too many. */
  queue: group<QueueOptions, QueueSettings>(QUEUE),
  /** How much of what arrives may be held by handlers that are not finished. */
  inbox: group<InboxOptions, InboxSettings>(INBOX),
  /**
   * How `acked` is learnt. `auto`: the broker asks the server while a delivery waits for a proof. `always`: every
   * delivery waits for one. `false`: the broker never asks. `{ to }`: as `auto`, with the address to ask. An account
   * asks its server's domain; a service asks the domain above its own. Default `auto`.
   */
  acks: acksRow(),
  /**
   * The end of a stanza whose session ended before its proof. `report`: it is `unknown`. `requeue`: the broker
   * sends it again, three times at most, so a receiver may get it twice; that covers messages, and on services also
   * presences and the answers of responders. A function is given the stanza and returns one of the two. With
   * `queue.store` the default is `requeue`. Default `report`.
   */
  unacked: unackedRow(),
  /**
   * A session that another broker of the same account has detached. The first login resumes it, also without
   * `reconnect`; it needs `acks`. See `docs/detaching.md`. Default: none.
   */
  session: optional<SessionState>(sessionOption),
  /**
   * The reply to an iq of type get or set that no handler claims: `service-unavailable`, or, with `ignore`, none,
   * for programs that answer later. Default `error`.
   */
  unhandled: choice("error", ["error", "ignore"]),
  /**
   * How an idle stream is probed; `false`: not at all, also where the server names the time after which it ends an idle
   * stream (XEP-0478).
   */
  keepAlive: {
    ...keepAlive,
    check: (name, value) => (value === false ? false : keepAlive.check(name, value)),
  } as Option<false | KeepAliveOptions, false | KeepAliveSettings>,
  /** True if the broker connects again by itself, or an object that says how: see `docs/reconnecting.md`. Default `false`. */
  reconnect: {
    ...reconnect,
    check: (name, value) => reconnectOption(name, value),
    fallback: false,
  } as Option<boolean | ReconnectOptions, false | Settled<typeof RECONNECT>>,
  /**
   * Finds the endpoints of the dialect's domain where no `host` is given; `false`: the domain itself. Default: for
   * accounts, the SRV records in DNS where the runtime has DNS, unless `port` or `transport` is given; with `websocket()`,
   * and where there are no sockets, the domain's host-meta (XEP-0156); else `false`.
   */
  lookup: optional<Lookup | false>(lookupOption),
  /** How long each wait may last, in milliseconds. */
  timeouts: group<TimeoutOptions, Timeouts>(TIMEOUTS),
  /** Bounds on what arrives and on what is sent. */
  limits: group<LimitOptions, Limits>(LIMITS),
  /**
   * Prints every step and every element, without secrets: to standard error (`true`), to a function, or as
   * `{ to, secrets: true }` with the secrets. Default `false`.
   */
  trace: traceOption,
  /** Another way to reach the server, as `websocket(…)` is. Default: TCP where there are sockets, else a WebSocket. */
  transport: optional(transportOption),
  /** Other values for the stream header. */
  overrides: group<HeaderOverrides, HeaderSettings>(OVERRIDES),
};

/** The row of `queue` for a broker that reconnects, and for one with a store: other defaults hold there. */
const WITH_RECONNECT = group<QueueOptions, QueueSettings>(QUEUE_WITH_RECONNECT);
const WITH_STORE = group<QueueOptions, QueueSettings>(QUEUE_WITH_STORE);

/** The table of a broker's options: the code, its checks and `docs/options.md` are made from it. */
export const BROKER_OPTIONS = { needs: { dialect: needed(dialectOption) }, takes: BROKER };

/** How a broker is made. Only `dialect` is required. */
export interface BrokerOptions extends Takes<typeof BROKER> {
  /** How to log in, and how stanzas look on the wire: one of the four of this package, or one of your own. */
  readonly dialect: Dialect;
}

/** A broker's options with every default settled; frozen. It shows no secret. */
export interface Settings extends Omit<Settled<typeof BROKER>, "reconnect"> {
  /** The dialect as it was given. */
  readonly dialect: Dialect;
  /** Where to connect: the host given, or the dialect's domain. An address given to `connect` goes first. */
  readonly host: string;
  /** How it connects again by itself; `false`: not at all. */
  readonly reconnect: false | ReconnectSettings;
  /** Finds the endpoints of the domain; undefined where a host was given, and where there is no lookup. */
  readonly lookup: Lookup | undefined;
}

/** The settings of a broker that is given no options but its dialect. Brokers share its groups. */
export const DEFAULTS: Settled<typeof BROKER> = defaultsOf(BROKER);

/** Reads the caller's options once; below, nothing is optional. `byDefault` is the runtime's lookup. Ends in `BAD_OPTION`. */
export function settle(options: BrokerOptions, byDefault?: Lookup): Settings {
  const settled = settleOptions("Broker", BROKER_OPTIONS, options);
  const { dialect, tls, host, session } = settled;
  // Without a host, `connect` may be given one and checks it then.
  if (host !== undefined) policyFor(dialect, tls.policy, host);
  if (session !== undefined) checkAccount(session, dialect);
  if (session !== undefined && settled.acks === false) {
    throw badOption("acks", "another value where `session` is given", false);
  }
  const isKnown = host !== undefined || urlOf(settled.transport) !== undefined;
  const lookup = isKnown ? undefined : lookupOf(settled, byDefault);
  const named = host ?? dialect.domain;
  const repeats = settled.reconnect !== false;
  const isStored = settled.queue.store !== undefined;
  const row = isStored ? WITH_STORE : repeats ? WITH_RECONNECT : BROKER.queue;
  const isGiven = settled.queue !== BROKER.queue.fallback;
  const queue = isGiven ? row.check("queue", options.queue) : row.fallback;
  if (isStored && settled.acks === false) {
    throw badOption("acks", "another value: without proofs a store would never be empty", false);
  }
  const unacked = isStored && options.unacked === undefined ? "requeue" : settled.unacked;
  const reconnect = repeats && reconnectSettings(settled.reconnect, dialect);
  // A spread of so many members would give each broker a hidden class of its own, which weighs 0.5 KB.
  return Object.freeze(Object.assign(settled, { host: named, lookup, queue, reconnect, unacked }));
}

/**
 * The lookup in force: that of the options, else that of the way to the server. The runtime's goes with its own sockets,
 * and serves clients: services have no SRV records.
 */
function lookupOf(
  { lookup, dialect, port, transport }: Settled<typeof BROKER> & Pick<BrokerOptions, "dialect">,
  byDefault: Lookup | undefined,
): Lookup | undefined {
  if (lookup !== undefined) return lookup === false ? undefined : lookup;
  if (transport !== undefined) return "lookup" in transport ? transport.lookup : undefined;
  const isService = dialect.certificate === "host";
  return isService || port !== undefined ? undefined : byDefault;
}

const PORTS = { plain: aNumber(1, 65535), direct: maybeNumber(1, 65535) };

const DIALECT = {
  name: aText,
  domain: needed(host),
  contentNamespace: aText,
  version: maybeText,
  ports: needed((name, value) => readMembers(name, value, PORTS)),
  tls: needed((name, value) => oneOf(name, value, [...POLICIES, "by-host"])),
  negotiate: needed(callable),
  account: maybeText,
};

function dialectOption(name: string, value: unknown): Dialect {
  readMembers(name, value, DIALECT);
  return value as Dialect;
}

function reconnectOption(name: string, value: unknown): false | Settled<typeof RECONNECT> {
  if (typeof value === "boolean") return value && reconnect.fallback;
  if (typeof value !== "object") throw badOption(name, "true, false or an object", value);
  return reconnect.check(name, value);
}

/** A service is one component for many users, so it comes back sooner. */
function capOf({ certificate }: Dialect): number {
  return certificate === "host" ? 30_000 : 60_000;
}

function reconnectSettings(
  settled: Settled<typeof RECONNECT>,
  dialect: Dialect,
): ReconnectSettings {
  const { base, stable, retry } = settled;
  const cap = settled.cap ?? Math.max(capOf(dialect), base);
  if (cap < base) throw badOption("reconnect.cap", `at least reconnect.base (${base})`, cap);
  return Object.freeze({ base, cap, stable, retry });
}

function lookupOption(name: string, value: unknown): Lookup | false {
  if (value === false) return false;
  callable(name, value);
  return value as Lookup;
}

/** The only address that a transport leads to, where it has one. */
export function urlOf(transport: Settings["transport"]): string | undefined {
  return typeof transport === "object" ? transport.url : undefined;
}

function transportOption(name: string, value: unknown): TransportFactory | ChannelFactory {
  if (typeof value === "object" && value !== null && "channel" in value) {
    callable(`${name}.channel`, value.channel);
    const { url } = value as Partial<ChannelFactory>;
    if (url !== undefined) text(`${name}.url`, url);
    return value as ChannelFactory;
  }
  callable(name, value);
  return value as TransportFactory;
}
