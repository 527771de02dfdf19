import { event, type Payloads } from "../base/emitter.ts";
import type { BrokerError } from "../base/errors.ts";

/** A moment of one address, in milliseconds from `connecting` on. */
export interface AtAddress {
  /** The IP address. */
  readonly host: string;
  readonly port: number;
  readonly milliseconds: number;
}

/** The table of the events that a transport reports on the way to a connection. */
export const CONNECT_EVENTS = {
  /**
   * DNS gave addresses of the endpoint's host; once for IPv6 and once for IPv4. All `milliseconds` count from
   * `connecting` on.
   */
  addresses: event<{
    readonly family: 4 | 6;
    readonly addresses: readonly string[];
    readonly milliseconds: number;
  }>(),
  /** A connection to one of these addresses begins. The first connection that opens is used. */
  "address:start": event<AtAddress>(),
  /** An address cannot be connected to. The next one follows at once. */
  "address:failure": event<AtAddress & { readonly error: BrokerError }>(),
};

/** The events that a transport may report while it connects; each becomes the broker's event of that name. */
export interface ConnectEvents extends Payloads<typeof CONNECT_EVENTS> {}
