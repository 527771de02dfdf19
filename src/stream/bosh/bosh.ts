import { callable, knownOptions, text } from "../../base/check.ts";
import { BrokerError } from "../../base/errors.ts";
import type { Lookup } from "../../lookup/endpoint.ts";
import { hostMeta } from "../../lookup/host-meta.ts";
import type { TlsFacts } from "../../transport/tls-facts.ts";
import type { TlsSettings } from "../../transport/transport.ts";
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

/** The runtime does TLS and says nothing about it. */
const HIDDEN: TlsFacts = Object.freeze({ protocol: "unknown", cipher: "unknown", alpn: undefined });

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
  if (url !== undefined) mustBeHttpUrl(url);
  callable("fetch", fetch);
  return {
    url,
    lookup: url === undefined ? lookup : undefined,
    channel({ url: place, context, limits, clock, crypto, tls }, signal) {
      return new Promise((resolve) => {
        signal.throwIfAborted();
        if (place === undefined) throw unusable("bosh needs a url: a host has no path");
        if (!/^https?:/.test(place)) throw unusable(`bosh knows no way to ${place}`);
        mustBePlain(tls);
        if (context.ns !== NS.client) {
          throw unusable(`BOSH carries ${NS.client} only, and not ${context.ns}`);
        }
        const facts = place.startsWith("https:") ? HIDDEN : undefined;
        const rid = firstRid(crypto);
        resolve(new BoshChannel({ url: place, fetch, clock, rid, tls: facts, context, limits }));
      });
    },
  };
}

/** Finds the addresses of a domain by its host-meta. */
const lookup: Lookup = async (domain, { signal }) => {
  const fetchHere: typeof globalThis.fetch = (url, init) => globalThis.fetch(url, init);
  const { bosh: found } = await hostMeta(domain, { fetch: fetchHere, signal });
  if (found.length > 0) return found;
  throw new BrokerError("LOOKUP_FAILED", `the host-meta of ${domain} names no address of BOSH`);
};

function unusable(detail: string): BrokerError {
  return new BrokerError("BAD_OPTION", detail);
}

/** Looked up at each call: a program may wrap it later. */
const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init);

function mustBeHttpUrl(url: unknown): void {
  const wanted = "an address that begins with https: or http:";
  let parsed: URL;
  try {
    parsed = new URL(text("url", url));
  } catch (cause) {
    throw new BrokerError("BAD_OPTION", `url must be ${wanted}`, { cause });
  }
  const { protocol, username, password, hash } = parsed;
  const isScheme = protocol === "https:" || protocol === "http:";
  if (isScheme && username === "" && password === "" && hash === "") return;
  throw new BrokerError("BAD_OPTION", `url must be ${wanted}, without a user and a fragment`);
}

/** Refuses what the runtime's HTTP would ignore. */
function mustBePlain({ ca, cert, pins, minVersion }: TlsSettings): void {
  const newer = minVersion === "TLSv1.2" ? undefined : minVersion;
  const given = Object.entries({ ca, cert, pins, minVersion: newer });
  const [name] = given.find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  const detail = `tls.${name} cannot be given with bosh: HTTP does TLS (give a fetch that does it so)`;
  throw new BrokerError("BAD_OPTION", detail);
}
