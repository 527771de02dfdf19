import { callable, knownOptions, record } from "../../base/check.ts";
import { BrokerError } from "../../base/errors.ts";
import type { Lookup, UrlEndpoint } from "../../lookup/endpoint.ts";
import { platformFetch } from "../../lookup/fetch-text.ts";
import { hostMeta } from "../../lookup/host-meta.ts";
import { mustBeUrl } from "../../lookup/url-option.ts";
import type { Target, Transport } from "../../transport/transport.ts";
import type { ChannelFactory } from "../channel.ts";
import { FramedChannel } from "../framed-channel.ts";
import { websocketFraming } from "./websocket-framing.ts";

/** How a WebSocket is found. */
export interface WebSocketOptions {
  /** The address, `wss:` or `ws:`. Default: that of the domain's host-meta (XEP-0156). */
  readonly url?: string | undefined;
  /** The way that is taken where the server names no WebSocket, or none that opens; not together with `url`. Default: none. */
  readonly or?: ChannelFactory | undefined;
}

/** Opens a WebSocket: a runtime has one way to do it. */
export type WebSocketOpener = (
  url: string,
  target: Target,
  signal: AbortSignal,
) => Promise<Transport>;

/** Makes channels over WebSockets (RFC 7395) that are opened in one way. Throws `BAD_OPTION`. */
export function websocketChannels(
  options: string | WebSocketOptions,
  open: WebSocketOpener,
): ChannelFactory {
  const given = typeof options === "string" ? { url: options } : options;
  const { url, or } = knownOptions("websocket", given, ["url", "or"]);
  if (url !== undefined) mustBeUrl(url, ["wss:", "ws:"]);
  if (or !== undefined) callable("or.channel", record("or", or).channel);
  if (url !== undefined && or !== undefined) {
    throw new BrokerError("BAD_OPTION", "websocket takes a url or the option or, not both");
  }
  return {
    url,
    lookup: url === undefined ? websocketLookup(or) : undefined,
    async channel(target, signal) {
      const place = target.url;
      if (place === undefined) {
        throw new BrokerError("BAD_OPTION", "websocket needs a url: a host has no path");
      }
      if (/^https?:/.test(place)) {
        if (or !== undefined) return await or.channel(target, signal);
        throw new BrokerError("BAD_OPTION", `websocket knows no way to ${place}`);
      }
      const transport = await open(place, target, signal);
      return new FramedChannel(transport, websocketFraming, target.context, target.limits);
    },
  };
}

/** Finds the WebSockets of a domain by its host-meta, and behind them the addresses of the other way. */
export function websocketLookup(or: ChannelFactory | undefined): Lookup {
  return async (domain, { signal }) => {
    const known: readonly UrlEndpoint[] = or?.url === undefined ? [] : [{ url: or.url }];
    try {
      const { websocket, bosh } = await hostMeta(domain, { fetch: platformFetch, signal });
      const others = or === undefined || known.length > 0 ? known : bosh;
      if (websocket.length + others.length > 0) return [...websocket, ...others];
    } catch (thrown) {
      if (known.length === 0) throw thrown;
      return known;
    }
    throw new BrokerError("LOOKUP_FAILED", `the host-meta of ${domain} names no WebSocket`);
  };
}
