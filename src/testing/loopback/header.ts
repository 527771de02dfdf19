import { FRAMING } from "../../stream/websocket/websocket-framing.ts";
import type { Element } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";

/** The other side's stream header (RFC 6120, 4.7). */
export interface Header {
  readonly to: string | undefined;
  /** The default namespace that it declares; `""` for none, `undefined` for an element that is no stream header. */
  readonly contentNamespace: string | undefined;
  /** True for XMPP 1.0, with features; false for a stream from before it. */
  readonly modern: boolean;
}

/** Reads a header: `<stream:stream>`, or the `<open/>` of a WebSocket. */
export function readHeader(element: Element, contentNamespace: string): Header {
  const { to, version } = element.attrs;
  const isOpen = element.is("open", FRAMING);
  const opens = isOpen || (element.name === "stream" && element.ns === NS.stream);
  return {
    to,
    // Stanzas over a WebSocket declare theirs themselves.
    contentNamespace: isOpen ? NS.client : opens ? contentNamespace : undefined,
    modern: version !== undefined && Number.parseInt(version, 10) >= 1,
  };
}
