import type { Clock } from "../base/clock.ts";
import type { Crypto } from "../base/crypto/crypto.ts";
import type { Instruments } from "../contract/instruments.ts";
import type { Settings } from "../contract/options.ts";
import type { StreamContext } from "../stream/framing.ts";
import type { FilterTableClass } from "../xpath/filter-table.ts";

/** The parts that all of the traffic is given. One object serves all, since a process may hold thousands of brokers. */
export interface TrafficParts {
  readonly settings: Settings;
  /** The declarations above a stanza on the stream. */
  readonly context: StreamContext;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly instruments: Instruments;
  /** The kind of table that the filters stand in. */
  readonly filterTable: FilterTableClass;
}
