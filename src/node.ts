import { systemClock } from "./base/clock.ts";
import { nodeCrypto } from "./base/crypto/node-crypto.ts";
import { Broker as CoreBroker } from "./broker/broker.ts";
import type { BrokerOptions } from "./contract/options.ts";
import type { Runtime } from "./contract/runtime.ts";
import { traceLine } from "./contract/trace.ts";
import { nodeDns } from "./lookup/node-dns.ts";
import { racing } from "./lookup/race.ts";
import { srvLookup } from "./lookup/srv.ts";
import type { ChannelFactory } from "./stream/channel.ts";
import { type WebSocketOptions, websocketChannels } from "./stream/websocket/websocket.ts";
import { connectTcp } from "./transport/tcp.ts";
import type { TransportFactory } from "./transport/transport.ts";
import { connectNodeWebSocket } from "./transport/websocket/node-websocket.ts";
import { FilterIndex } from "./xpath/index/filter-index.ts";

const dns = nodeDns();

/** Node's sockets, DNS, cryptography and standard error. */
const runtime: Runtime = {
  connect: racing({ connect: connectTcp, dns, clock: systemClock }),
  lookup: srvLookup({ dns, clock: systemClock }),
  clock: systemClock,
  crypto: nodeCrypto,
  filterTable: FilterIndex,
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

/**
 * Reaches the server by WebSocket (RFC 7395), for the option `transport`: at an address, or at that of the domain's
 * host-meta. An address that begins with `wss:` counts as TLS, with a certificate for its host; `ws:` needs a TLS
 * policy that allows clear text. Each message is at most 16 MiB. Throws `BAD_OPTION`.
 *
 * @example
 * new Broker({ dialect, transport: websocket("wss://chat.example.org/xmpp-websocket") });
 */
export function websocket(options: string | WebSocketOptions = {}): ChannelFactory {
  return websocketChannels(options, (url, target, signal) => {
    const connect: TransportFactory = (to, given) => connectNodeWebSocket(url, to, given);
    return racing({ connect, dns, clock: systemClock })(target, signal);
  });
}

export * from "./public.ts";
export { type NetSocket, socketTransport } from "./transport/node-socket-transport.ts";
