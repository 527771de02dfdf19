import { systemClock } from "./base/clock.ts";
import { nodeCrypto } from "./base/crypto/node-crypto.ts";
import { Broker as CoreBroker } from "./broker/broker.ts";
import type { BrokerOptions } from "./contract/options.ts";
import type { Runtime } from "./contract/runtime.ts";
import { traceLine } from "./contract/trace.ts";
import { nodeDns } from "./lookup/node-dns.ts";
import { racing } from "./lookup/race.ts";
import { srvLookup } from "./lookup/srv.ts";
import { connectTcp } from "./transport/tcp.ts";

const dns = nodeDns();

/** Node's sockets, DNS, cryptography and standard error. */
const runtime: Runtime = {
  connect: racing({ connect: connectTcp, dns, clock: systemClock }),
  lookup: srvLookup(dns),
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
export { socketTransport } from "./transport/tcp.ts";
