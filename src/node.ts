import { systemClock } from "./base/clock.ts";
import { nodeCrypto } from "./base/crypto/node-crypto.ts";
import { Broker as CoreBroker } from "./broker/broker.ts";
import type { BrokerOptions } from "./contract/options.ts";
import type { Runtime } from "./contract/runtime.ts";
import { traceLine } from "./contract/trace.ts";
import { connectTcp } from "./transport/tcp.ts";

/** Node's sockets, cryptography and standard error. */
const runtime: Runtime = {
  connect: connectTcp,
  clock: systemClock,
  crypto: nodeCrypto,
  trace(entry) {
    process.stderr.write(traceLine(entry));
  },
};

/**
 * A connection to an XMPP server, over TCP and TLS: see the class it extends for all it does.
 * The constructor throws `BAD_OPTION`.
 */
export class Broker extends CoreBroker {
  constructor(options: BrokerOptions) {
    super(options, runtime);
  }
}

export * from "./public.ts";
