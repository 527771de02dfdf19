import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { openTag, serialize } from "../xml/write/serialize.ts";
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
  /** Text given to a new parser before the server's own: the root of a framing whose elements have none. */
  root?(context: StreamContext): string;
  /** Tells the server's header among the elements inside `root`; without `root` the header is the root. */
  isHeader?(element: Element): boolean;
  /** Tells the server's footer among the elements inside `root`; without `root` the footer is the end tag. */
  isFooter?(element: Element): boolean;
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
