import { systemClock } from "./base/clock.ts";
import { webCrypto } from "./base/crypto/web-crypto.ts";
import { watchPageNetwork } from "./base/network/page-network.ts";
import type { Runtime } from "./contract/runtime.ts";
import type { ChannelFactory } from "./stream/channel.ts";
import {
  type WebSocketOptions,
  websocketChannels,
  websocketLookup,
} from "./stream/websocket/websocket.ts";
import { connectPlatformWebSocket } from "./transport/websocket/platform-websocket.ts";

/**
 * The parts that every runtime has: the Web Crypto API and WebSockets, and no other sockets. Each entry adds its kind of
 * table for filters, so that a bundle has only one.
 */
export const neutralRuntime: Omit<Runtime, "filterTable"> = {
  connect: { channel: (target, signal) => websocket().channel(target, signal) },
  lookup: (domain, options) => websocketLookup(undefined)(domain, options),
  clock: systemClock,
  online: watchPageNetwork,
  crypto: webCrypto,
  trace: () => undefined,
};

/**
 * Reaches the server by WebSocket (RFC 7395), for the option `transport`: at an address, or at that of the domain's
 * host-meta. An address that begins with `wss:` counts as TLS, which the platform does; so options of TLS other than
 * its policy end in `BAD_OPTION`. `ws:` needs a policy that allows clear text. Throws `BAD_OPTION`.
 *
 * @example
 * new Broker({ dialect, transport: websocket("wss://chat.example.org/xmpp-websocket") });
 */
export function websocket(options: string | WebSocketOptions = {}): ChannelFactory {
  return websocketChannels(options, connectPlatformWebSocket);
}
