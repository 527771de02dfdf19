import { Broker as CoreBroker } from "./broker/broker.ts";
import type { BrokerOptions } from "./contract/options.ts";
import type { Runtime } from "./contract/runtime.ts";
import { neutralRuntime } from "./neutral-runtime.ts";
import { FilterIndex } from "./xpath/index/filter-index.ts";

const runtime: Runtime = { ...neutralRuntime, filterTable: FilterIndex };

/**
 * A connection to an XMPP server, over a WebSocket or the `transport` of the options: see the class it extends for
 * all it does. The constructor throws `BAD_OPTION`.
 */
export class Broker extends CoreBroker {
  constructor(options: BrokerOptions) {
    super(options, runtime);
  }
}

export { websocket } from "./neutral-runtime.ts";
export * from "./public.ts";
