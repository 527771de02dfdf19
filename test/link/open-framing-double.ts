import type { ChannelFactory } from "../../src/stream/channel.ts";
import { FramedChannel } from "../../src/stream/framed-channel.ts";
import type { Framing } from "../../src/stream/framing.ts";
import type { TransportFactory } from "../../src/transport/transport.ts";
import { NS } from "../../src/xml/namespaces.ts";

// A throw-away double: it shows that a framing without a root element fits. It is no WebSocket.

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";

/** The framing of RFC 7395: each element stands alone, and the stream has neither root nor restart. */
const openFraming: Framing = {
  prolog: "",
  footer: `<close xmlns='${FRAMING}'/>`,
  header: (_, attributes) => {
    const all = Object.entries(attributes).filter(([, value]) => value !== undefined);
    return `<open xmlns='${FRAMING}'${all.map(([name, value]) => ` ${name}='${String(value)}'`).join("")}/>`;
  },
  error: (condition) =>
    `<stream:error xmlns:stream='${NS.stream}'><${condition} xmlns='${NS.streamErrors}'/></stream:error>`,
  stanza: (text, { ns }) =>
    /^<[^>]* xmlns=/.test(text) ? text : text.replace(/^<[^\s/>]+/, `$& xmlns='${ns}'`),
  root: ({ ns, prefixes }) => `<stream xmlns='${ns}' xmlns:stream='${prefixes.stream}'>`,
  isHeader: (element) => element.is("open", FRAMING),
  isFooter: (element) => element.is("close", FRAMING),
};

/** Channels of that framing over a transport. */
export const openChannel = (connect: TransportFactory): ChannelFactory => ({
  async channel({ context, limits, ...target }, signal) {
    const transport = await connect(target, signal);
    return new FramedChannel(transport, openFraming, context, limits);
  },
});

/** A script for RFC 6120, as RFC 7395 says it. */
export const asOpenFraming = (script: string): string =>
  script
    .replaceAll("C: <stream:stream …>", `C: <open xmlns='${FRAMING}' …/>`)
    .replace(
      /S: <stream:stream[^>]*( id='[^']*' from='[^']*' version='[^']*')>/g,
      `S: <open xmlns='${FRAMING}'$1/>`,
    )
    .replaceAll("</stream:stream>", `<close xmlns='${FRAMING}'/>`)
    .replace(/C: <(message|presence|iq)(?! xmlns)/g, "C: <$1 xmlns='jabber:client'");
