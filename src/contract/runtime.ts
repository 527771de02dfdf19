import type { Clock } from "../base/clock.ts";
import type { Crypto } from "../base/crypto/crypto.ts";
import type { Lookup } from "../lookup/endpoint.ts";
import type { ChannelFactory } from "../stream/channel.ts";
import type { TransportFactory } from "../transport/transport.ts";
import type { FilterTableClass } from "../xpath/filter-table.ts";
import type { TraceEntry } from "./trace.ts";

/** The parts of the program that the core needs. The package's entries fill it in. */
export interface Runtime {
  /** How a server is reached where the options name no other way. */
  readonly connect: TransportFactory | ChannelFactory;
  /** Finds the endpoints of a client's domain where the options say nothing else. Absent: the domain itself. */
  readonly lookup?: Lookup | undefined;
  /** Time: tests hold it. */
  readonly clock: Clock;
  /**
   * Calls the action with true each time the network comes back, and with false when it goes. Returns how to stop that.
   * Absent: the runtime cannot tell.
   */
  readonly online?: ((action: (isOnline: boolean) => void) => () => void) | undefined;
  /** Random bytes, digests and the like. */
  readonly crypto: Crypto;
  /** The kind of table that filters stand in: an index, or a list, each of which is tried on each stanza. */
  readonly filterTable: FilterTableClass;
  /** Where `trace: true` writes to. */
  trace(entry: TraceEntry): void;
}
