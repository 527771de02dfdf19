import type { BrokerError } from "../base/errors.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { openTag, serialize } from "../xml/write/serialize.ts";
import type { XmlError } from "../xml/xml-error.ts";
import { isInStanzaNamespace } from "./stanza.ts";

/** The namespaces declared above every element of a stream. */
export interface StreamContext {
  /** The content namespace (RFC 6120, 4.8.2). */
  readonly ns: string;
  /** The prefix of the stream's own namespace. */
  readonly prefixes: { readonly stream: string };
}

/** Attributes of a stream header; `undefined` leaves one out. */
export type HeaderAttributes = Readonly<Record<string, string | undefined>>;

/** The end of the server's side, once nothing more can be read: its footer, the end of its half, or a fault. */
export type ChannelEnding =
  /** `text`: the footer as the trace shows it. Default: that of RFC 6120. */
  | { readonly by: "footer"; readonly text?: string | undefined }
  | { readonly by: "half" }
  | { readonly by: "fault"; readonly error: XmlError | BrokerError };

/** The look of a stream on the wire: header, footer, error, and the text that a stanza needs there. */
export interface Framing {
  /** Our header, the first one or that of a restart. */
  header(context: StreamContext, attributes: HeaderAttributes): string;
  /** The text before the very first header. */
  readonly prolog: string;
  /** Our footer. */
  readonly footer: string;
  /** A stream error (RFC 6120, 4.9). */
  error(condition: string): string;
  /** A stanza's text, with the declarations that this framing adds to its root. Absent where it adds none. */
  stanza?(text: string, context: StreamContext): string;
  /** True if each element is a document and a message of its own. Absent: a stream is one document. */
  readonly messages?: true;
  /** Tells the server's header among its elements. Absent: the header is the root of the document. */
  isHeader?(element: Element): boolean;
  /** The end that an element means for the server's side. Absent: only the end tag of the root ends it. */
  endingBy?(element: Element): ChannelEnding | undefined;
}

/** Writes an element as it stands on a stream. It may throw `ILLEGAL_XML`. */
export type ElementWriter = (element: Element) => string;

/** The last writer. Most programs have one dialect, so their brokers share one writer. */
let last: { readonly context: StreamContext; readonly write: ElementWriter } | undefined;

/** Makes the writer for the elements of a stream. */
export function elementWriter(context: StreamContext): ElementWriter {
  if (last?.context !== context) last = { context, write: newWriter(context) };
  return last.write;
}

function newWriter(context: StreamContext): ElementWriter {
  const stanzaContext = { ...context, ns: NS.client };
  return (element) => serialize(element, isInStanzaNamespace(element) ? stanzaContext : context);
}

/** The framing of RFC 6120: one XML document for each stream, restarted by a new one. */
export const xmlFraming: Framing = {
  prolog: "<?xml version='1.0'?>",
  footer: "</stream:stream>",
  header: ({ ns, prefixes }, attributes) =>
    openTag("stream:stream", { xmlns: ns, "xmlns:stream": prefixes.stream, ...attributes }),
  error: (condition) => `<stream:error><${condition} xmlns='${NS.streamErrors}'/></stream:error>`,
};
