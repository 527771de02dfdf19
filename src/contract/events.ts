import { badOption } from "../base/check.ts";
import type { BrokerError } from "../base/errors.ts";
import type { NegotiationEvents, Nothing } from "../negotiate/login.ts";
import type { Address } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import { nearest } from "../xpath/nearest.ts";
import type { Delivery } from "./delivery.ts";
import type { Phase } from "./phase.ts";
import type { TraceEntry } from "./trace.ts";

/** What `connect` resolves with. */
export interface Ready {
  /** The address in force: full JID, the component's domain, or the first name bound. */
  readonly jid: string;
  /** Whether an earlier stream goes on; always false until stream management is there. */
  readonly resumed: boolean;
}

/** Every event of a broker and its one payload object. */
export interface BrokerEvents extends NegotiationEvents {
  /** `connect` was called; nothing has happened yet. */
  connect: Address;
  /** A connection is being opened. */
  connecting: Address & { readonly attempt: number };
  /** It is open (before TLS). */
  connected: { readonly local: Address | undefined; readonly remote: Address | undefined };
  /** No connection could be opened; what fails later has the event of its layer. */
  "connect:failure": { readonly error: BrokerError };
  /** Our stream header went out: once more at each restart. */
  "stream:start": { readonly header: string };
  /** Our closing tag went out. */
  "stream:end": Nothing;
  /** Fully negotiated: begin traffic here. */
  ready: Ready;
  /** A stanza was written. */
  sent: { readonly stanza: Element };
  /** A stanza arrived that is no answer to a request. */
  received: { readonly stanza: Element };
  /** A stanza waits in the queue. */
  queued: {
    readonly stanza: Element;
    /** It waits for a connection, or for `queue.flush()`; else behind a socket that does not take it. */
    readonly held: boolean;
    /** When it expires, in milliseconds since 1970. */
    readonly expires?: number;
  };
  /** `request` was called: the stanza, with its id. */
  "request:start": { readonly stanza: Element };
  /** A request is settled: `stanza` is the answer, or, with `error`, the request that got none. */
  "request:finish": { readonly stanza: Element; readonly error?: BrokerError };
  /** `shutdown` was called. */
  "shutdown:start": Nothing;
  /** It is done: the connection is gone. */
  "shutdown:finish": Nothing;
  /** The connection ended against our will. */
  "socket:error": { readonly error: BrokerError };
  /** The connection is gone, whatever the reason. */
  "socket:close": Nothing;
  /** The broker went from one part of its life to the next. */
  phase: { readonly from: Phase; readonly to: Phase };
  /** A delivery changed its state (but for `queued`, which has its own event). */
  delivery: { readonly delivery: Delivery; readonly stanza: Element };
  /** A stanza of ours came back, and no delivery waits for a verdict: it was proven, or is forgotten. */
  returned: { readonly stanza: Element; readonly error: BrokerError; readonly delivery?: Delivery };
  /** A stanza or an answer was dropped: the error says why. */
  dropped: { readonly stanza: Element; readonly error: BrokerError };
  /** A handler or listener failed; `source` says which. Nobody has to listen. */
  error: { readonly error: BrokerError; readonly source: string };
  /** One line of the trace. Secrets stand in it only where the option `trace` says so. */
  trace: TraceEntry;
}

/** (Made of an object, so that none can be left out.) */
const EVENTS = Object.keys({
  connect: 0,
  connecting: 0,
  connected: 0,
  "connect:failure": 0,
  "stream:start": 0,
  "stream:end": 0,
  "tls:start": 0,
  "tls:success": 0,
  "tls:failure": 0,
  "auth:start": 0,
  "auth:success": 0,
  "auth:failure": 0,
  "bind:start": 0,
  "bind:success": 0,
  "bind:failure": 0,
  "session:start": 0,
  "session:success": 0,
  "session:failure": 0,
  ready: 0,
  sent: 0,
  received: 0,
  queued: 0,
  "request:start": 0,
  "request:finish": 0,
  "shutdown:start": 0,
  "shutdown:finish": 0,
  "socket:error": 0,
  "socket:close": 0,
  phase: 0,
  delivery: 0,
  returned: 0,
  dropped: 0,
  error: 0,
  trace: 0,
} satisfies Record<keyof BrokerEvents, 0>);

/** Refuses the name of an event that there is not: its listener would wait forever. Ends in `BAD_OPTION`. */
export function knownEvent(event: unknown): void {
  const isText = typeof event === "string";
  if (isText && EVENTS.includes(event)) return;
  const hint = isText ? nearest(event, EVENTS) : "";
  throw badOption("event", `one of ${EVENTS.join(", ")}`, event, hint);
}
