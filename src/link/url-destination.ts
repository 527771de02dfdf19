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

/** The standard port of each scheme by which a server is reached, and whether TLS is part of it. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  "wss:": { port: 443, isSecure: true, kind: "websocket" },
  "https:": { port: 443, isSecure: true, kind: "http" },
  "ws:": { port: 80, isSecure: false, kind: "websocket" },
  "http:": { port: 80, isSecure: false, kind: "http" },
};

interface Scheme {
  readonly port: number;
  readonly isSecure: boolean;
  /** The kind of channel that it leads to. */
  readonly kind: "websocket" | "http";
}

/**
 * Settles where an address leads. The certificate must be for its host: it comes from the program, or from the server over
 * TLS (RFC 7395, 6; XEP-0156, 3). Ends in `BAD_OPTION` for another scheme, and for one in clear where the policy wants TLS.
 */
export function urlDestination({ dialect, tls }: Settings, url: string): UrlDestination {
  const { protocol, hostname, port } = new URL(url);
  const scheme = SCHEMES[protocol];
  if (scheme === undefined) throw badOption("url", "an address of a WebSocket, or of HTTP", url);
  const policy = policyFor(dialect, tls.policy, hostname);
  if (!scheme.isSecure && (policy === "required" || policy === "direct")) {
    throw badOption("url", `an address under TLS, as tls is ${policy}`, url);
  }
  return { host: hostname, port: port === "" ? scheme.port : Number(port), policy, url };
}

/** The address where `see-other-uri` sends us (RFC 7395, 3.6.1). `undefined`: it is none of the same kind, or TLS would be lost. */
export function otherUrl(settings: Settings, from: string, to: string): UrlDestination | undefined {
  try {
    const other = urlDestination(settings, to);
    const [before, after] = [schemeOf(from), schemeOf(to)];
    const isSameKind = before?.kind === after?.kind;
    const losesTls = before?.isSecure === true && after?.isSecure !== true;
    return isSameKind && !losesTls ? other : undefined;
  } catch {
    return undefined;
  }
}

function schemeOf(url: string): Scheme | undefined {
  return SCHEMES[new URL(url).protocol];
}
