import { badOption } from "../../base/check.ts";
import type { Element } from "../element.ts";
import type { XmlLimits } from "../limits.ts";
import type { XmlError } from "../xml-error.ts";
import { encode } from "./bytes/decode.ts";
import { type StreamEnd, StreamParser, type StreamParserOptions } from "./stream-parser.ts";

/** The callbacks of a pushed parser, in the order of the stream. */
export interface StreamParserEvents {
  /**
   * The stream has opened. `header` is its root without children, `contentNamespace` the default
   * namespace that it declares.
   */
  open(header: Element, contentNamespace: string): void;
  /** One complete element: a child of the root, or in frames the root itself. */
  element(element: Element): void;
  /** The root's end tag was read. Only white space may follow. */
  close(): void;
  /** The input cannot be read on. Called once; the parser reads nothing afterwards. */
  error(error: XmlError): void;
}

/**
 * Reads XML as RFC 6120, section 11, restricts it, from bytes or strings cut anywhere, and calls back
 * for each element. The cuts never change the calls. (`xmpp-broker/xml` exports it as `StreamParser`.)
 *
 * A peer's input never makes `write` throw: `error` is called once, and nothing is read any more. An
 * exception of a callback goes through `write` to its caller; the parser keeps the unread rest and reads
 * on at the next `write`. A callback may call `stop`, `setLimits`, and `write`, whose data is read after
 * the current data.
 */
export class PushParser {
  readonly #events: StreamParserEvents;
  readonly #parser: StreamParser;
  readonly #frames: boolean;
  /** True if the header was told. In frames there is none. */
  #isInside: boolean;
  /** The end that was told. */
  #told: StreamEnd | undefined;
  /** True if a callback is running. */
  #isTelling = false;
  /** The first half of a surrogate pair, whose second has not arrived. */
  #half = "";

  constructor(events: StreamParserEvents, options: StreamParserOptions = {}) {
    this.#events = events;
    this.#parser = new StreamParser(options);
    this.#frames = options.framing === "frame";
    this.#isInside = this.#frames;
  }

  /**
   * True if every byte has been read and nothing is begun: no unread or unfinished element, and no
   * white space or other byte behind the last element.
   */
  get idle(): boolean {
    return this.#half === "" && this.#parser.idle;
  }

  /** Reads on. Bytes must be UTF-8. Throws `BAD_OPTION` for data that is neither bytes nor text. */
  write(data: Uint8Array | string): void {
    if (typeof data === "string") this.#parser.feed(this.#encode(data));
    else if (isBytes(data)) this.#feed(data);
    else throw badOption("the data to write", "a Uint8Array or a string", data);
    if (!this.#isTelling) this.#tell();
  }

  /**
   * Says that no more will come. An unfinished tag or element is an error; an open stream between
   * stanzas is not. Everything written before is read first, also when a callback calls this.
   */
  end(): void {
    this.#feed(NO_BYTES);
    this.#parser.finish();
    if (!this.#isTelling) this.#tell();
  }

  /** Stops: nothing is called back any more, and everything held is let go. */
  stop(): void {
    this.#half = "";
    this.#parser.stop();
  }

  /** Changes limits from here on, also for the stanza that is being read. Throws `BAD_OPTION` for what is no limit. */
  setLimits(limits: Partial<XmlLimits>): void {
    this.#parser.setLimits(limits);
  }

  #tell(): void {
    this.#isTelling = true;
    try {
      for (;;) {
        const element = this.#parser.read();
        if (element !== undefined) this.#tellElement(element);
        else if (this.#parser.end === this.#told) return;
        else this.#tellEnd(this.#parser.end);
      }
    } finally {
      this.#isTelling = false;
    }
  }

  #tellElement(element: Element): void {
    if (this.#isInside) {
      this.#events.element(element);
      return;
    }
    this.#isInside = true;
    this.#events.open(element, this.#parser.contentNamespace);
  }

  #tellEnd(end: StreamEnd | undefined): void {
    this.#told = end;
    if (end === "closed") this.#events.close();
    else if (end !== undefined) this.#events.error(end);
  }

  #feed(bytes: Uint8Array): void {
    if (this.#half !== "") {
      const half = encode(this.#half);
      this.#half = "";
      this.#parser.feed(half);
    }
    this.#parser.feed(bytes);
  }

  #encode(data: string): Uint8Array {
    const text = this.#half + data;
    const last = text.charCodeAt(text.length - 1);
    const isCut = !this.#frames && last >= 0xd800 && last < 0xdc00;
    this.#half = isCut ? text.slice(-1) : "";
    return encode(isCut ? text.slice(0, -1) : text);
  }
}

const NO_BYTES = new Uint8Array();

/** Also true of bytes of another realm, where `instanceof` cannot tell. */
function isBytes(data: unknown): data is Uint8Array {
  return (
    data instanceof Uint8Array || Object.prototype.toString.call(data) === "[object Uint8Array]"
  );
}
