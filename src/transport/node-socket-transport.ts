import { Socket } from "node:net";
import { BrokerError } from "../base/errors.ts";
import { TcpTransport } from "./node-tcp-transport.ts";
import { KEEP_ALIVE_DELAY, ownContext } from "./tcp.ts";
import type { Target, Transport } from "./transport.ts";

/**
 * A socket of `node:net`, by the members that tell it. (A program without the types of Node compiles with this package
 * too, so its declarations do not name `Socket`.)
 */
export interface NetSocket {
  /** True while it is not connected. */
  readonly pending: boolean;
  /** Sends small writes at once. */
  setNoDelay(noDelay?: boolean): unknown;
}

/**
 * Makes a transport of a socket that is connected already, such as one that a proxy has opened a way on. The factory
 * of the option `transport` returns it. The transport owns the socket from then on: it reads the bytes that are not yet
 * read, puts TLS on it where the dialect asks for that, and closes it. `target` is what the factory was given. Throws
 * `BAD_OPTION` for unusable certificates and keys, and for a socket that is not connected.
 *
 * @example
 * new Broker({ dialect, transport: async (target, signal) => socketTransport(await dial(target, signal), target) });
 */
export function socketTransport(socket: NetSocket, target: Pick<Target, "tls">): Transport {
  if (!(socket instanceof Socket) || socket.pending) {
    throw new BrokerError("BAD_OPTION", "the transport takes a connected socket of node:net");
  }
  const context = ownContext(target.tls);
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY);
  // Our half still leaves when the other side has ended its half.
  socket.allowHalfOpen = true;
  return new TcpTransport(socket, target.tls, context);
}
