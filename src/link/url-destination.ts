import { badOption } from "../base/check.ts";
import type { Settings } from "../contract/options.ts";
import { policyFor } from "../contract/rows/tls-options.ts";
import type { TlsPolicy } from "../transport/tls-facts.ts";
import type { Address } from "../transport/transport.ts";

/** A destination that is reached by HTTP. */
export interface UrlDestination extends Address {
  readonly policy: TlsPolicy;
  /** The whole address. */
  readonly url: string;
}

/** The schemes by which a server is reached, and the kind of channel that each leads to. */
const KINDS: Readonly<Record<string, "websocket" | "http">> = {
  "wss:": "websocket",
  "ws:": "websocket",
  "https:": "http",
  "http:": "http",
};

/**
 * Settles where an address leads. The certificate must be for its host: it comes from the program, or from the server over
 * TLS (RFC 7395, 6; XEP-0156, 3). Ends in `BAD_OPTION` for another scheme, and for one in clear where the policy wants TLS.
 */
export function urlDestination({ dialect, tls }: Settings, url: string): UrlDestination {
  const { protocol, hostname, port } = new URL(url);
  if (!(protocol in KINDS)) throw badOption("url", "an address of a WebSocket, or of HTTP", url);
  const policy = policyFor(dialect, tls.policy, hostname);
  const isSecure = isUnderTls(protocol);
  if (!isSecure && (policy === "required" || policy === "direct")) {
    throw badOption("url", `an address under TLS, as tls is ${policy}`, url);
  }
  const standard = isSecure ? 443 : 80;
  return { host: hostname, port: port === "" ? standard : Number(port), policy, url };
}

/** The address where `see-other-uri` sends us (RFC 7395, 3.6.1). `undefined`: it is none of the same kind, or TLS would be lost. */
export function otherUrl(settings: Settings, from: string, to: string): UrlDestination | undefined {
  try {
    const other = urlDestination(settings, to);
    const [before, after] = [new URL(from).protocol, new URL(to).protocol];
    const losesTls = isUnderTls(before) && !isUnderTls(after);
    return KINDS[before] === KINDS[after] && !losesTls ? other : undefined;
  } catch {
    return undefined;
  }
}

/** True for the schemes of which TLS is a part. */
function isUnderTls(protocol: string): boolean {
  return protocol === "wss:" || protocol === "https:";
}
