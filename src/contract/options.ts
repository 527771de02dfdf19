import {
  badOption,
  callable,
  host,
  knownOptions,
  oneOf,
  record,
  text,
  wholeNumber,
} from "../base/check.ts";
import { LONGEST } from "../base/timer.ts";
import type { Dialect } from "../dialect/dialect.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { TlsSettings, TransportFactory } from "../transport/transport.ts";
import { LARGEST_LIMITS, LIMITS, type XmlLimits } from "../xml/limits.ts";
import type { TraceOption } from "./trace.ts";

/** How long each wait may last, in milliseconds. */
export interface Timeouts {
  /** Finding the server by SRV records, which comes later: until then nothing uses it. Default 10,000. */
  readonly lookup: number;
  /** Opening the connection. Default 15,000; ends in `TIMEOUT_CONNECT`. */
  readonly connect: number;
  /** STARTTLS and the handshake. Default 15,000; ends in `TIMEOUT_TLS`. */
  readonly tls: number;
  /** The server's header and features, each time. Default 15,000; ends in `TIMEOUT_STREAM`. */
  readonly stream: number;
  /** Authentication as a whole, the password callback included. Default 30,000; ends in `TIMEOUT_AUTH`. */
  readonly auth: number;
  /** Binding, and the session where one is required. Default 15,000; ends in `TIMEOUT_BIND`. */
  readonly bind: number;
  /** An answer to `request`, from the call on. Default 30,000; ends in `REQUEST_TIMEOUT`. */
  readonly request: number;
  /** A handler's answer to an incoming request. Default 30,000; then the asker gets an error. */
  readonly respond: number;
  /** The whole of `shutdown`. Default 5,000; then the connection is dropped. */
  readonly shutdown: number;
}

/** Bounds on what may arrive and what may be sent. */
export interface Limits extends XmlLimits {
  /** The largest stanza that may be sent, in bytes. Default 1,048,576; ends in `TOO_LARGE`. */
  readonly sendBytes: number;
  /**
   * How many requests may be pending at once, and how many incoming ones may be open. Default 10,000. Of the
   * incoming ones no asker (a bare JID) gets more than a quarter (of a limit from 16 on); one too many is
   * answered with `resource-constraint`.
   */
  readonly requests: number;
}

/** How TLS is done, as the caller says it. */
export interface TlsOptions {
  /** Default: the dialect's. */
  readonly policy?: TlsPolicy;
  /** The name the certificate must be valid for, and SNI says. Default: the domain, or the host for backbone dialects. */
  readonly servername?: string;
  /** Certificates (PEM) to trust instead of the system's. */
  readonly ca?: string | readonly string[];
  /** The client's certificate chain (PEM); goes with `key`. */
  readonly cert?: string;
  /** The client's private key (PEM). */
  readonly key?: string;
  /** SHA-256 of the server's public key (SPKI, base64), one of which must match as well. */
  readonly pins?: readonly string[];
  /** Default `TLSv1.2`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}

/** How a broker is made. Only `dialect` is required. */
export interface BrokerOptions {
  /** How to log in, and how stanzas look on the wire: `xmpp`, `legacy`, `component`, `jabberd2`, or one of your own. */
  readonly dialect: Dialect;
  /**
   * Where to connect: a name, or an IP address (one of IPv6 with or without brackets). Default: the dialect's
   * domain.
   */
  readonly host?: string;
  /** Default: the dialect's standard port. */
  readonly port?: number;
  /** A policy, or a policy and its details. Default: the policy of the dialect. */
  readonly tls?: TlsPolicy | TlsOptions;
  /** How many stanzas may wait to be sent, and what becomes of one too many. */
  readonly queue?: {
    /** How many stanzas may wait. Default 1,000. */
    readonly limit?: number;
    /** How many bytes may wait, those written that the peer has not read included. Default 16,777,216. */
    readonly bytes?: number;
    /** What happens to a stanza too many: it fails with `QUEUE_FULL` (the default), or the oldest does. */
    readonly overflow?: "reject" | "drop-oldest";
    /** Whether the queue is sent by itself once ready. Default `manual`: by `queue.flush()`. */
    readonly flush?: "manual" | "auto";
  };
  /** What an incoming request gets that nobody claims: `error` (the default), or `ignore` for programs that answer later. */
  readonly unhandled?: "error" | "ignore";
  /** Probing of an idle stream: after `interval` ms of silence (default 60,000), for `timeout` ms (default 20,000). */
  readonly keepAlive?: false | { readonly interval?: number; readonly timeout?: number };
  /** Reconnecting by itself: not yet. */
  readonly reconnect?: false;
  /** How long each wait may last, in milliseconds; what is left out has its default. */
  readonly timeouts?: Partial<Timeouts>;
  /** Bounds on what may arrive and be sent; what is left out has its default. */
  readonly limits?: Partial<Limits>;
  /** Prints every step and element, without secrets: to standard error (`true`), or to a function. */
  readonly trace?: TraceOption;
  /** Another way to reach the server than the runtime's own. */
  readonly transport?: TransportFactory;
  /** Other values for the stream header. */
  readonly overrides?: {
    readonly version?: string;
    readonly xmlns?: string;
    readonly stream?: string;
  };
}

/** A broker's options with every default settled; frozen. Secrets are not among what it shows. */
export interface Settings {
  /** The dialect as it was given. */
  readonly dialect: Dialect;
  /** Where to connect: the one given, or the dialect's domain. An address given to `connect` goes first. */
  readonly host: string;
  /** `undefined`: the dialect's, by the TLS policy. */
  readonly port: number | undefined;
  /** How TLS is done, without the client's key. `undefined`: the policy of the dialect, the name by its kind. */
  readonly tls: { readonly policy: TlsPolicy | undefined } & Omit<
    TlsSettings,
    "servername" | "key"
  > & {
      readonly servername: string | undefined;
    };
  /** As in `BrokerOptions`. */
  readonly queue: {
    readonly limit: number;
    readonly bytes: number;
    readonly overflow: "reject" | "drop-oldest";
    readonly flush: "manual" | "auto";
  };
  /** As in `BrokerOptions`. */
  readonly unhandled: "error" | "ignore";
  /** As in `BrokerOptions`, both in milliseconds; `false`: no probing. */
  readonly keepAlive: false | { readonly interval: number; readonly timeout: number };
  /** Not yet. */
  readonly reconnect: false;
  /** How long each wait may last, in milliseconds. */
  readonly timeouts: Timeouts;
  /** Bounds on what may arrive and be sent, once the server has authenticated itself. */
  readonly limits: Limits;
  /** Values for the stream header in place of the dialect's; `undefined`: the dialect's. */
  readonly overrides: {
    readonly version: string | undefined;
    readonly xmlns: string | undefined;
    readonly stream: string | undefined;
  };
}

/**
 * Every default that is a number, in one place. What a caller leaves out altogether is shared by all who do:
 * a gateway has thousands of brokers.
 */
export const DEFAULTS = {
  queue: { limit: 1000, bytes: 16 * 1024 * 1024 },
  keepAlive: Object.freeze<{ interval: number; timeout: number }>({
    interval: 60_000,
    timeout: 20_000,
  }),
  timeouts: Object.freeze({
    lookup: 10_000,
    connect: 15_000,
    tls: 15_000,
    stream: 15_000,
    auth: 30_000,
    bind: 15_000,
    request: 30_000,
    respond: 30_000,
    shutdown: 5_000,
  }),
  limits: Object.freeze({ ...LIMITS, sendBytes: 1024 * 1024, requests: 10_000 }),
} satisfies {
  queue: object;
  keepAlive: object;
  timeouts: Timeouts;
  limits: Limits;
};

const OPTIONS = [
  ...["dialect", "host", "port", "tls", "queue", "unhandled", "keepAlive", "reconnect"],
  ...["timeouts", "limits", "trace", "transport", "overrides"],
];
const TLS_OPTIONS = ["policy", "servername", "ca", "cert", "key", "pins", "minVersion"];
const POLICIES = ["required", "direct", "opportunistic", "plaintext"] as const;

/** Reads the caller's options once; below, nothing is optional. Ends in `BAD_OPTION`. */
export function settle(options: BrokerOptions): Settings {
  record("options", options);
  knownOptions("Broker", options, OPTIONS);
  const dialect = settleDialect(options.dialect);
  if (options.reconnect !== undefined && (options.reconnect as unknown) !== false) {
    throw badOption("reconnect", "false (it is not there yet)", options.reconnect);
  }
  if (options.transport !== undefined) callable("transport", options.transport);
  return Object.freeze({
    dialect,
    host: options.host === undefined ? dialect.domain : host("host", options.host),
    port: options.port === undefined ? undefined : wholeNumber("port", options.port, 1, 65535),
    tls: settleTls(options.tls),
    queue: settleQueue(options.queue),
    unhandled: oneOf("unhandled", options.unhandled ?? "error", ["error", "ignore"]),
    keepAlive: settleKeepAlive(options.keepAlive),
    reconnect: false as const,
    timeouts: settleNumbers("timeouts", options.timeouts, DEFAULTS.timeouts, LONGEST),
    limits: settleNumbers("limits", options.limits, DEFAULTS.limits, LARGEST_LIMITS),
    overrides: settleOverrides(options.overrides),
  });
}

function settleDialect(dialect: unknown): Dialect {
  const given = record("dialect", dialect) as Partial<Dialect>;
  text("dialect.name", given.name);
  text("dialect.domain", given.domain);
  text("dialect.contentNamespace", given.contentNamespace);
  if (given.version !== undefined) text("dialect.version", given.version);
  const ports = record("dialect.ports", given.ports) as Partial<Dialect["ports"]>;
  wholeNumber("dialect.ports.plain", ports.plain, 1, 65535);
  oneOf("dialect.tls", given.tls, [...POLICIES, "by-host"]);
  callable("dialect.negotiate", given.negotiate);
  return dialect as Dialect;
}

const NO_TLS: Settings["tls"] = Object.freeze({
  policy: undefined,
  servername: undefined,
  ca: undefined,
  cert: undefined,
  pins: undefined,
  minVersion: "TLSv1.2",
});

function settleTls(tls: BrokerOptions["tls"]): Settings["tls"] {
  if (tls === undefined) return NO_TLS;
  const given: TlsOptions = typeof tls === "string" ? { policy: tls } : record("tls", tls);
  knownOptions("tls", given, TLS_OPTIONS);
  if ((given.cert === undefined) !== (given.key === undefined)) {
    throw badOption(
      "tls.cert and tls.key",
      "given together",
      given.cert === undefined ? "only key" : "only cert",
    );
  }
  if (given.key !== undefined && typeof given.key !== "string") {
    throw badOption("tls.key", "a text", given.key);
  }
  const ca = given.ca === undefined ? undefined : [given.ca].flat();
  return Object.freeze({
    policy: given.policy === undefined ? undefined : oneOf("tls", given.policy, POLICIES),
    servername:
      given.servername === undefined ? undefined : text("tls.servername", given.servername),
    ca: ca === undefined ? undefined : texts("tls.ca", ca),
    cert: given.cert === undefined ? undefined : text("tls.cert", given.cert),
    pins: given.pins === undefined ? undefined : settlePins(given.pins),
    minVersion: oneOf("tls.minVersion", given.minVersion ?? "TLSv1.2", ["TLSv1.2", "TLSv1.3"]),
  });
}

const USUAL_QUEUE: Settings["queue"] = Object.freeze({
  ...DEFAULTS.queue,
  overflow: "reject",
  flush: "manual",
});

function settleQueue(queue: BrokerOptions["queue"]): Settings["queue"] {
  if (queue === undefined) return USUAL_QUEUE;
  record("queue", queue);
  knownOptions("queue", queue, ["limit", "bytes", "overflow", "flush"]);
  return Object.freeze({
    limit: wholeNumber("queue.limit", queue.limit ?? DEFAULTS.queue.limit, 0),
    bytes: wholeNumber("queue.bytes", queue.bytes ?? DEFAULTS.queue.bytes, 1),
    overflow: oneOf("queue.overflow", queue.overflow ?? USUAL_QUEUE.overflow, [
      "reject",
      "drop-oldest",
    ]),
    flush: oneOf("queue.flush", queue.flush ?? USUAL_QUEUE.flush, ["manual", "auto"]),
  });
}

function settleKeepAlive(keepAlive: BrokerOptions["keepAlive"]): Settings["keepAlive"] {
  if (keepAlive === false) return false;
  return settleNumbers("keepAlive", keepAlive, DEFAULTS.keepAlive, LONGEST);
}

const NO_OVERRIDES: Settings["overrides"] = Object.freeze({
  version: undefined,
  xmlns: undefined,
  stream: undefined,
});

function settleOverrides(overrides: BrokerOptions["overrides"]): Settings["overrides"] {
  if (overrides === undefined) return NO_OVERRIDES;
  record("overrides", overrides);
  knownOptions("overrides", overrides, ["version", "xmlns", "stream"]);
  const given = (name: "version" | "xmlns" | "stream"): string | undefined =>
    overrides[name] === undefined ? undefined : text(`overrides.${name}`, overrides[name]);
  return Object.freeze({
    version: given("version"),
    xmlns: given("xmlns"),
    stream: given("stream"),
  });
}

/** SHA-256 in base64. */
const PIN = /^[A-Za-z0-9+/]{43}=$/;

function settlePins(given: unknown): readonly string[] {
  const pins = texts("tls.pins", given);
  const bad = pins.find((pin) => !PIN.test(pin));
  if (bad !== undefined) throw badOption("tls.pins", "SHA-256 digests in base64", bad);
  return pins;
}

function texts(option: string, given: unknown): readonly string[] {
  if (!Array.isArray(given)) throw badOption(option, "a list", given);
  return Object.freeze(given.map((one: unknown) => text(option, one)));
}

/** A group of options that are whole numbers of at least 1, and at most `most`, which may be one for each. */
function settleNumbers<Group extends object>(
  owner: string,
  given: Partial<Group> | undefined,
  defaults: Group,
  most: number | Readonly<Partial<Record<keyof Group, number>>>,
): Group {
  if (given === undefined) return defaults;
  record(owner, given);
  knownOptions(owner, given, Object.keys(defaults));
  const settled: Record<string, number> = {};
  for (const [name, fallback] of Object.entries(defaults) as [keyof Group & string, number][]) {
    const value: unknown = given[name] ?? fallback;
    const largest = typeof most === "number" ? most : most[name];
    settled[name] = wholeNumber(`${owner}.${name}`, value, 1, largest);
  }
  return Object.freeze(settled) as Group;
}
