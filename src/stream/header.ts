import type { Element } from "../xml/element.ts";
import { serialize } from "../xml/write/serialize.ts";
import type { StreamContext } from "./framing.ts";

/** The server's stream header (RFC 6120, 4.7): an element without children. */
export interface StreamHeader {
  /** The header itself. */
  readonly element: Element;
  /** The id of the stream, which digests are made with before XMPP 1.0. */
  readonly id: string | undefined;
  /** The server's own name for itself. */
  readonly from: string | undefined;
  /** `1.0`, or `undefined` for a server from before it: then no features follow. */
  readonly version: string | undefined;
}

/** A received header for the trace. As an element `<stream:stream>` would be closed. */
export function headerText(header: Element, context: StreamContext): string {
  const text = serialize(header, context);
  return header.name === "stream" ? text.replace(/\/>$/, ">") : text;
}
