import { Broker as CoreBroker } from "./broker/broker.ts";
import type { BrokerOptions } from "./contract/options.ts";
import type { Runtime } from "./contract/runtime.ts";
import { neutralRuntime } from "./neutral-runtime.ts";
import { FilterList } from "./xpath/filter-list.ts";

const runtime: Runtime = { ...neutralRuntime, filterTable: FilterList };

/**
 * The `Broker` of the neutral entry without the index of filters: each filter is tried on each stanza. It does the same,
 * and a bundle for browsers is smaller. Its cost grows with the number of filters, so it is for programs that have few. The
 * constructor throws `BAD_OPTION`.
 */
export class Broker extends CoreBroker {
  constructor(options: BrokerOptions) {
    super(options, runtime);
  }
}

export { websocket } from "./neutral-runtime.ts";
export * from "./public.ts";
