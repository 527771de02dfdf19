import { NS } from "../../xml/namespaces.ts";
import { openTag } from "../../xml/write/serialize.ts";
import type { Framing, StreamContext } from "../framing.ts";
import { StreamError } from "../stream-error.ts";

/** The namespace of headers and footers (RFC 7395, 3.3.2). */
export const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";

/** The condition of an end that names another address (RFC 7395, 3.6.1). */
const SEE_OTHER_URI = "see-other-uri";

const FOOTER = `<close xmlns='${FRAMING}'/>`;

/**
 * The framing of RFC 7395: each element is a message of its own and declares its namespaces itself. Headers and footers
 * are elements, so a restart is only another header.
 */
export const websocketFraming: Framing = {
  messages: true,
  prolog: "",
  footer: FOOTER,
  header: (_, attributes) => openTag("open", { xmlns: FRAMING, ...attributes }).replace(/>$/, "/>"),
  error: (condition) =>
    `<stream:error xmlns:stream='${NS.stream}'><${condition} xmlns='${NS.streamErrors}'/></stream:error>`,
  stanza: standalone,
  isHeader: (element) => element.is("open", FRAMING),
  endingBy(element) {
    if (!element.is("close", FRAMING)) return undefined;
    const uri = element.attrs[SEE_OTHER_URI];
    if (uri === undefined) return { by: "footer", text: FOOTER };
    return { by: "fault", error: new StreamError(SEE_OTHER_URI, undefined, uri) };
  },
};

/** The start tag of a serialized element, up to its last attribute. */
const START_TAG = /^<[^\s/>]+(?:\s+[^\s=]+='[^']*')*/;

/**
 * Adds the declarations that a stanza has from the root of its stream elsewhere (RFC 7395, 3.3.3). A declaration that
 * nothing needs does no harm; one that is there already must not come twice.
 *
 *     <message to='juliet@example.org'>…
 *             ^ xmlns='jabber:client'
 */
function standalone(text: string, { ns, prefixes }: StreamContext): string {
  const end = endOfName(text);
  let declarations = text.startsWith(" xmlns=", end) ? "" : ` xmlns='${ns}'`;
  // A left angle bracket or a blank would stand before the prefix of a name, but this is rare enough.
  if (text.includes("stream:") && START_TAG.exec(text)?.[0].includes(" xmlns:stream=") !== true) {
    declarations += ` xmlns:stream='${prefixes.stream}'`;
  }
  return declarations === "" ? text : text.slice(0, end) + declarations + text.slice(end);
}

/** The place behind the name of the root: a blank, a slash or a bracket stands there. */
function endOfName(text: string): number {
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x20 || code === 0x2f || code === 0x3e) return at;
  }
  return text.length;
}
