import { badOption } from "../base/check.ts";
import { event, type Payloads } from "../base/emitter.ts";
import type { BrokerError } from "../base/errors.ts";
import type { LookupFailure } from "../lookup/endpoint.ts";
import { NEGOTIATION_EVENTS, type Nothing } from "../negotiate/events.ts";
import { CONNECT_EVENTS } from "../transport/connect-events.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Address } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import { nearest } from "../xpath/nearest.ts";
import type { AckedBy, Delivery } from "./delivery.ts";
import type { Phase } from "./phase.ts";
import type { TraceEntry } from "./trace.ts";

/** The result of `connect`. */
export interface Ready {
  /** The address in force: the full JID, the component's domain, or the first name bound. */
  readonly jid: string;
  /**
   * True if the session before goes on (XEP-0198, 5): presence, rooms and requests are as they were. False if it is a
   * new one.
   */
  readonly resumed: boolean;
}

/** An endpoint that the broker may connect to, as `lookup` tells of it. */
export interface KnownEndpoint extends Address {
  /** How far TLS goes there: `direct` is TLS from the first byte. */
  readonly policy: TlsPolicy;
}

/**
 * The table of a broker's events: the type, the check of names and `docs/events.md` are made from it. A new event is
 * one row; its doc comment is its line of that page.
 */
export const EVENTS = {
  /** A try begins: `connect` or `reconnect` was called, or a wait is over. Nothing has happened yet. */
  connect: event<Address>(),
  /** The endpoints of the domain are known, in the order in which they are tried. It took so many milliseconds. */
  lookup: event<{
    readonly domain: string;
    readonly endpoints: readonly KnownEndpoint[];
    readonly milliseconds: number;
  }>(),
  /**
   * A name server did not answer one question of the lookup, or not within a second of the answer to the other. The
   * lookup goes on with the answers it has.
   */
  "lookup:failure": event<LookupFailure>(),
  /** A connection to an endpoint is being opened. `attempt` counts the tries from 1; one try may have many endpoints. */
  connecting: event<Address & { readonly attempt: number }>(),
  ...CONNECT_EVENTS,
  /** The connection is open, before TLS. It took so many milliseconds from `connecting` on. */
  connected: event<{
    readonly local: Address | undefined;
    readonly remote: Address | undefined;
    readonly milliseconds: number;
  }>(),
  /** No connection could be opened. A later failure has the event of its layer. */
  "connect:failure": event<{ readonly error: BrokerError }>(),
  /** Our stream header was sent; once more at each restart of the stream. */
  "stream:start": event<{ readonly header: string }>(),
  /** Our closing tag was sent. */
  "stream:end": event<Nothing>(),
  ...NEGOTIATION_EVENTS,
  /** The negotiation is complete: begin traffic here. */
  ready: event<Ready>(),
  /** A stanza was written. */
  sent: event<{ readonly stanza: Element }>(),
  /** A stanza arrived. Answers to requests do not cause this event. */
  received: event<{ readonly stanza: Element }>(),
  /**
   * A stanza waits in the queue. With `held` it waits for a connection or for `queue.flush()`, else behind a socket
   * that does not take it. `expires`: milliseconds since 1970.
   */
  queued: event<{
    readonly stanza: Element;
    readonly held: boolean;
    readonly expires?: number | undefined;
  }>(),
  /** `request` was called. The stanza has its id. */
  "request:start": event<{ readonly stanza: Element }>(),
  /** A request is settled. `stanza` is the answer; with `error` it is the request, which got no answer. */
  "request:finish": event<{ readonly stanza: Element; readonly error?: BrokerError | undefined }>(),
  /** `shutdown` was called. */
  "shutdown:start": event<Nothing>(),
  /** The shutdown is done, and the connection is closed. */
  "shutdown:finish": event<Nothing>(),
  /** The connection ended, and the program did not ask for it. */
  "socket:error": event<{ readonly error: BrokerError }>(),
  /** The connection is closed, for any reason. */
  "socket:close": event<Nothing>(),
  /**
   * The next try is set; the option `reconnect` asks for it. `attempt`: its number since the broker was last ready;
   * `delay`: milliseconds from now; `error`: why the last connection ended.
   */
  "reconnect:scheduled": event<{
    readonly attempt: number;
    readonly delay: number;
    readonly error: BrokerError;
  }>(),
  /** The broker changed its phase: `idle`, `waiting`, `connecting`, `negotiating`, `ready` or `closing`. */
  phase: event<{ readonly from: Phase; readonly to: Phase }>(),
  /**
   * A delivery changed its state. (`queued` tells of a first wait in the queue.) While this event has a listener, the
   * broker tracks every delivery until the server has handled it.
   */
  delivery: event<{ readonly delivery: Delivery; readonly stanza: Element }>(),
  /**
   * One way to learn proofs is given up until the next login: the ping to `to` was not answered, or not by it. After
   * a `barrier` the broker tries the `echo`; after the `echo` deliveries cannot become `acked`, and no more after
   * `stream-management`, whose server counts stanzas that were never sent.
   */
  "ack:unavailable": event<{
    readonly to: string;
    readonly way: AckedBy;
    readonly error: BrokerError;
  }>(),
  /** A stanza of ours came back, and no delivery waits for it: it was proven before, or it is forgotten. */
  returned: event<{
    readonly stanza: Element;
    readonly error: BrokerError;
    readonly delivery?: Delivery | undefined;
  }>(),
  /** The broker dropped a stanza or an answer. The error says why. */
  dropped: event<{ readonly stanza: Element; readonly error: BrokerError }>(),
  /** A handler or a listener failed; `source` says which. A program without a listener goes on as well. */
  error: event<{ readonly error: BrokerError; readonly source: string }>(),
  /** One line of the trace. It holds secrets only where the option `trace` asks for them. */
  trace: event<TraceEntry>(),
};

/** Every event of a broker, with its payload. */
export interface BrokerEvents extends Payloads<typeof EVENTS> {}

/** Refuses an unknown event, since its listener would wait forever. Ends in `BAD_OPTION`. */
export function knownEvent(name: unknown): void {
  const isText = typeof name === "string";
  if (isText && Object.hasOwn(EVENTS, name)) return;
  const names = Object.keys(EVENTS);
  const hint = isText ? nearest(name, names) : "";
  throw badOption("event", `one of ${names.join(", ")}`, name, hint);
}
