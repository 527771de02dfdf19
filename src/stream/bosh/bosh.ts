import { callable, knownOptions } from "../../base/check.ts";
import { BrokerError } from "../../base/errors.ts";
import type { Lookup } from "../../lookup/endpoint.ts";
import { platformFetch } from "../../lookup/fetch-text.ts";
import { hostMeta } from "../../lookup/host-meta.ts";
import { mustBeUrl } from "../../lookup/url-option.ts";
import { mustBePlain, PLATFORM_TLS } from "../../transport/platform-tls.ts";
import { NS } from "../../xml/namespaces.ts";
import type { ChannelFactory } from "../channel.ts";
import { BoshChannel } from "./bosh-channel.ts";
import type { Fetch } from "./post.ts";
import { firstRid } from "./terms.ts";

/** How a server is reached by BOSH. */
export interface BoshOptions {
  /** The address, `https:` or `http:`. Default: that of the domain's host-meta (XEP-0156). */
  readonly url?: string | undefined;
  /** Sends the HTTP requests: a proxy, or trust in other certificates, for example. Default: the runtime's `fetch`. */
  readonly fetch?: Fetch | undefined;
}

/**
 * Reaches the server by HTTP requests (BOSH: XEP-0124, XEP-0206), for the option `transport` of the dialects `xmpp` and
 * `legacy`: at an address, or at that of the domain's host-meta. One request lies at the server, for 50 seconds at most.
 * Each is repeated where the network fails, six times within some 15 seconds; then the stream ends with `DISCONNECTED`.
 * An answer may have 16 times `limits.bytes` bytes. A delivery is `written` when its request was answered.
 *
 * An address that begins with `https:` counts as TLS, which the runtime does: options of TLS other than its policy end
 * in `BAD_OPTION`. `http:` needs a policy that allows clear text. Throws `BAD_OPTION`.
 *
 * @example
 * new Broker({ dialect, transport: bosh("https://chat.example.org/http-bind") });
 */
export function bosh(options: string | BoshOptions = {}): ChannelFactory {
  const given = typeof options === "string" ? { url: options } : options;
  const { url, fetch = platformFetch } = knownOptions("bosh", given, ["url", "fetch"]);
  if (url !== undefined) mustBeUrl(url, ["https:", "http:"]);
  callable("fetch", fetch);
  return {
    url,
    lookup: url === undefined ? lookup : undefined,
    channel(target, signal) {
      return new Promise((resolve) => {
        signal.throwIfAborted();
        const { url: place, context, limits, clock, crypto } = target;
        if (place === undefined) throw unusable("bosh needs a url: a host has no path");
        if (!/^https?:/.test(place)) throw unusable(`bosh knows no way to ${place}`);
        mustBePlain(target, "with bosh: HTTP does TLS (give a fetch that does it so)");
        if (context.ns !== NS.client) {
          throw unusable(`BOSH carries ${NS.client} only, and not ${context.ns}`);
        }
        const facts = place.startsWith("https:") ? PLATFORM_TLS : undefined;
        const rid = firstRid(crypto);
        resolve(new BoshChannel({ url: place, fetch, clock, rid, tls: facts, context, limits }));
      });
    },
  };
}

/** Finds the addresses of a domain by its host-meta. */
const lookup: Lookup = async (domain, { signal }) => {
  const { bosh: found } = await hostMeta(domain, { fetch: platformFetch, signal });
  if (found.length > 0) return found;
  throw new BrokerError("LOOKUP_FAILED", `the host-meta of ${domain} names no address of BOSH`);
};

function unusable(detail: string): BrokerError {
  return new BrokerError("BAD_OPTION", detail);
}
