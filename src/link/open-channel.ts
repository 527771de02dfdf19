import { BrokerError } from "../base/errors.ts";
import { DEFAULTS, type Settings } from "../contract/options.ts";
import type { Runtime } from "../contract/runtime.ts";
import type { Channel, ChannelFactory } from "../stream/channel.ts";
import { FramedChannel } from "../stream/framed-channel.ts";
import { type StreamContext, xmlFraming } from "../stream/framing.ts";
import type { Target, TlsSettings, TransportFactory } from "../transport/transport.ts";
import { LIMITS, LIMITS_BEFORE_AUTHENTICATION, type XmlLimits } from "../xml/limits.ts";
import type { Destination } from "./address.ts";

/** The facts that a channel is opened by. */
export interface ChannelParts {
  readonly settings: Settings;
  /** The private key of the client's certificate, which the settings do not show. */
  readonly key: string | undefined;
  /** The caller's own way to reach the server, if there is one, else the runtime's. */
  readonly connect: TransportFactory | ChannelFactory;
  readonly context: StreamContext;
  readonly runtime: Runtime;
}

/**
 * Opens a channel to a destination: the one of the caller's factory, else a framed transport. Rejects as the factory
 * does, and with the reason of the signal.
 */
export async function openChannel(
  { settings, key, connect, runtime, context }: ChannelParts,
  destination: Destination,
  signal: AbortSignal,
  report: Target["report"],
): Promise<Channel> {
  const { host, port, url } = destination;
  const limits = incomingLimits(settings.limits, LIMITS_BEFORE_AUTHENTICATION);
  const target = { host, port, tls: tlsSettings(settings, key, destination), report };
  if (typeof connect !== "function") {
    const { clock, crypto } = runtime;
    return await connect.channel({ ...target, url, context, limits, clock, crypto }, signal);
  }
  if (url !== undefined) {
    throw new BrokerError("BAD_OPTION", `transport cannot reach ${url}: give it websocket()`);
  }
  const transport = await connect(target, signal);
  return new FramedChannel(transport, xmlFraming, context, limits);
}

/** The settings of TLS for a destination. The dialect chooses the name of its certificate, but not in an address of HTTP. */
function tlsSettings(
  { tls, dialect }: Settings,
  key: string | undefined,
  { host, certificate, url }: Destination,
): TlsSettings {
  const isForHost = dialect.certificate === "host" || url !== undefined;
  const fallback = isForHost ? (certificate ?? host) : dialect.domain;
  // (The policy is the link's own: a transport does as it is told.)
  const { servername = fallback, ca, cert, pins, minVersion } = tls;
  return { servername, ca, cert, key, pins, minVersion };
}

/** The limits on arriving XML. With `most`, none is larger than there. */
export function incomingLimits(given: XmlLimits, most?: XmlLimits): XmlLimits {
  if (given === DEFAULTS.limits) return most ?? LIMITS;
  const names = Object.keys(LIMITS) as (keyof XmlLimits)[];
  const limits = names.map((name) => [name, Math.min(given[name], most?.[name] ?? given[name])]);
  return Object.fromEntries(limits) as XmlLimits;
}
