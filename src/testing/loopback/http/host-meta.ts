import type { IncomingMessage } from "node:http";
import { xml } from "../../../xml/element.ts";
import { serialize } from "../../../xml/write/serialize.ts";
import type { HttpHandler, HttpRoutes } from "./http-listener.ts";

/** The namespace of XRD 1.0. */
const XRD = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

/** A way to the server that its host-meta names (XEP-0156, 3). */
export interface AlternativeConnection {
  /** The kind of the way, such as `urn:xmpp:alt-connections:websocket`. */
  readonly rel: string;
  /** The scheme of its URL, in clear; `s` follows under TLS. */
  readonly scheme: "ws" | "http";
  /** The path of its URL. */
  readonly path: string;
}

/** The two files of host-meta (XEP-0156): the links lead to the port and the name that were asked. */
export function hostMeta(ways: readonly AlternativeConnection[]): HttpRoutes {
  const asXml: HttpHandler = (request, response) => {
    const links = linksOf(ways, request).map(({ rel, href }) => xml("Link", { rel, href }));
    response.setHeader("Content-Type", "application/xrd+xml");
    response.end(
      `<?xml version='1.0' encoding='utf-8'?>${serialize(xml("XRD", { xmlns: XRD }, ...links))}`,
    );
  };
  const asJson: HttpHandler = (request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ links: linksOf(ways, request) }));
  };
  return {
    "/.well-known/host-meta": { get: asXml },
    "/.well-known/host-meta.json": { get: asJson },
  };
}

function linksOf(ways: readonly AlternativeConnection[], { headers, socket }: IncomingMessage) {
  // On Bun a socket without TLS has the member too.
  const s = "encrypted" in socket && socket.encrypted === true ? "s" : "";
  return ways.map(({ rel, scheme, path }) => {
    return { rel, href: `${scheme}${s}://${headers.host ?? "localhost"}${path}` };
  });
}
