import { systemClock } from "../../src/base/clock.ts";
import type {
  Channel,
  ChannelEvents,
  ChannelFactory,
  ChannelTarget,
} from "../../src/stream/channel.ts";
import type { ChannelEnding, HeaderAttributes } from "../../src/stream/framing.ts";
import type { Transport, TransportFactory } from "../../src/transport/transport.ts";
import type { Element } from "../../src/xml/element.ts";
import { NS } from "../../src/xml/namespaces.ts";
import { PushParser } from "../../src/xml/read/push-parser.ts";

// A throw-away double: it shows that a channel of elements fits, without header, bytes or TLS. It is no BOSH.

const encoder = new TextEncoder();

/** Elements in both directions; the stream is opened and closed by `<body/>`. */
class BodyChannel implements Channel {
  readonly transport = undefined;
  readonly tls = undefined;
  handed = 0;
  unsent = 0;
  ending: ChannelEnding | undefined;
  readonly #line: Transport;
  readonly #read: Element[] = [];
  readonly #parser: PushParser;
  #events: ChannelEvents | undefined;
  #isPaused = false;

  constructor(line: Transport, { context }: ChannelTarget) {
    this.#line = line;
    this.#parser = new PushParser({
      open: () => undefined,
      element: (element) => {
        this.#read.push(element);
      },
      close: () => undefined,
      error: (error) => {
        this.ending = { by: "fault", error };
      },
    });
    const { ns, prefixes } = context;
    this.#parser.write(encoder.encode(`<s xmlns='${ns}' xmlns:stream='${prefixes.stream}'>`));
  }

  get idle(): boolean {
    return this.#read.length === 0;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    this.#line.start({
      data: (bytes) => {
        this.#parser.write(bytes);
        if (!this.#isPaused) events.readable(bytes.length);
      },
      leaving: () => {
        events.leaving();
      },
      taken: () => undefined,
      end: () => {
        this.ending ??= { by: "half" };
        events.readable(0);
      },
      close: (error) => {
        events.gone(error);
      },
    });
  }

  open({ to, version }: HeaderAttributes): string {
    const body = `<body to='${String(to)}' version='${String(version)}'/>`;
    this.write(body);
    return body;
  }

  isHeader(): boolean {
    return true;
  }

  read(): Element | undefined {
    const element = this.#read.shift();
    if (element?.is("body") !== true || element.attrs.type !== "terminate") return element;
    this.ending = { by: "footer" };
    return undefined;
  }

  write(text: string): number {
    this.#line.write(text);
    this.handed++;
    this.unsent++;
    // The answer to a request says that it was taken.
    systemClock.after(0, () => {
      this.unsent = 0;
      this.#events?.taken(this.handed);
    });
    return this.handed;
  }

  writeError(condition: string): string {
    const text = `<body type='terminate' condition='${condition}'/>`;
    this.write(text);
    return text;
  }

  writeFooter(): string {
    const text = "<body type='terminate'/>";
    this.write(text);
    return text;
  }

  setLimits(): void {}
  pause(): void {
    this.#isPaused = true;
  }
  resume(): void {
    this.#isPaused = false;
  }
  finish(): void {
    this.#line.end();
  }
  destroy(): void {
    this.#line.destroy();
  }
  stop(): void {
    this.#read.length = 0;
  }
}

/** Channels of that kind; the line only carries them to the scripted peer. */
export const bodyChannel = (connect: TransportFactory): ChannelFactory => ({
  channel: async (target, signal) => new BodyChannel(await connect(target, signal), target),
});

/** A script for RFC 6120, as this channel says it. */
export const asBodies = (script: string): string =>
  script
    .replaceAll("C: <stream:stream …>", "C: <body …/>")
    .replace(
      /S: <stream:stream[^>]*( id='[^']*' from='[^']*' version='[^']*')>/g,
      `S: <stream:stream xmlns:stream='${NS.stream}'$1/>`,
    )
    .replaceAll("</stream:stream>", "<body type='terminate'/>");
