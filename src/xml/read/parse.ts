import type { Element } from "../element.ts";
import type { XmlLimits } from "../limits.ts";
import { NS } from "../namespaces.ts";
import { XmlError } from "../xml-error.ts";
import { encode } from "./bytes/decode.ts";
import { StreamParser } from "./stream-parser.ts";

/** The context of a text that is parsed, and its limits. */
export interface ParseOptions {
  /** The default namespace around the text. Default: `jabber:client`, so `<message/>` is a stanza. */
  readonly ns?: string | undefined;
  /** The prefixes that are declared around the text. Default: none. */
  readonly prefixes?: Readonly<Record<string, string>> | undefined;
  /** Changes to `LIMITS`. */
  readonly limits?: Partial<XmlLimits> | undefined;
}

/**
 * Parses one element, as strictly as a stream. Throws an `XmlError`, and `BAD_OPTION` for a limit that
 * cannot be used.
 *
 * @example parse("<message to='romeo@example.net'><body>Hello</body></message>")
 */
export function parse(text: string, options: ParseOptions = {}): Element {
  const { ns = NS.client, prefixes, limits } = options;
  const parser = new StreamParser({
    framing: "frame",
    context: { ns, prefixes },
    ...(limits && { limits }),
  });
  parser.feed(encode(text));
  const element = parser.read();
  // Checks the text behind the element.
  parser.finish();
  parser.read();
  if (parser.end instanceof XmlError) throw parser.end;
  if (element === undefined) {
    throw new XmlError("not-well-formed", "no element", 0, "the end of the input");
  }
  return element;
}
