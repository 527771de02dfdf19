import type { ChannelFactory } from "../../src/stream/channel.ts";
import { FramedChannel } from "../../src/stream/framed-channel.ts";
import { FRAMING, websocketFraming } from "../../src/stream/websocket/websocket-framing.ts";
import type {
  Transport,
  TransportEvents,
  TransportFactory,
} from "../../src/transport/transport.ts";
import { NS } from "../../src/xml/namespaces.ts";
import { PushParser } from "../../src/xml/read/push-parser.ts";
import { serialize } from "../../src/xml/write/serialize.ts";

const encoder = new TextEncoder();

/** The framing of RFC 7395 over a transport whose bytes are cut into its messages. */
export const messageChannel = (connect: TransportFactory): ChannelFactory => ({
  async channel({ context, limits, ...target }, signal) {
    const transport = inMessages(await connect(target, signal));
    return new FramedChannel(transport, websocketFraming, context, limits);
  },
});

/** A transport whose `data` brings one element each time, as that of a WebSocket does. */
function inMessages(transport: Transport): Transport {
  return new Proxy(transport, {
    get(target, name) {
      if (name === "start")
        return (events: TransportEvents) => {
          target.start(cut(events));
        };
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

function cut(events: TransportEvents): TransportEvents {
  const parser = new PushParser({
    open: () => undefined,
    element: (element) => {
      events.data(encoder.encode(serialize(element)));
    },
    close: () => undefined,
    error: (error) => {
      throw error;
    },
  });
  parser.write(encoder.encode(`<all xmlns='${NS.client}' xmlns:stream='${NS.stream}'>`));
  return {
    data: (bytes) => {
      parser.write(bytes);
    },
    leaving: () => {
      events.leaving();
    },
    taken: (total) => {
      events.taken(total);
    },
    end: () => {
      events.end();
    },
    close: (error) => {
      events.close(error);
    },
  };
}

/** A script for RFC 6120, as RFC 7395 says it. */
export const asMessages = (script: string): string =>
  script
    .replaceAll("C: <stream:stream …>", `C: <open xmlns='${FRAMING}' …/>`)
    .replace(
      /S: <stream:stream[^>]*( id='[^']*' from='[^']*' version='[^']*')>/g,
      `S: <open xmlns='${FRAMING}'$1/>`,
    )
    .replaceAll("</stream:stream>", `<close xmlns='${FRAMING}'/>`)
    .replace(/C: <(message|presence|iq)(?! xmlns)/g, "C: <$1 xmlns='jabber:client'");
