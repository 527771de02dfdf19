import type { Element } from "../../xml/element.ts";
import type { XmlLimits } from "../../xml/limits.ts";
import type { ChannelEnding } from "../framing.ts";
import type { ReceivedBody } from "./body.ts";

/** The bodies that have arrived, in order. Their elements are parsed one by one, by the limits in force then. */
export class Incoming {
  /** The server's header, until it is read. */
  #header: Element | undefined;
  #bodies: ReceivedBody[] = [];
  /** How the server's side ends behind these bodies. */
  #last: ChannelEnding | undefined;
  #ending: ChannelEnding | undefined;
  #isStopped = false;

  /** True if nothing waits to be read. */
  get idle(): boolean {
    return this.#header === undefined && this.#bodies.length === 0;
  }

  /** How the server's side ended, once all before that has been read. */
  get ending(): ChannelEnding | undefined {
    return this.#ending;
  }

  /** The bytes of bodies that are not read to their end. */
  get unread(): number {
    return this.#bodies.reduce((sum, { length }) => sum + length, 0);
  }

  /** Takes the header of a new stream, which stands before the next body. */
  begin(header: Element): void {
    if (!this.#isStopped) this.#header = header;
  }

  /** Takes a body. */
  push(body: ReceivedBody): void {
    if (body.fault !== undefined) this.end({ by: "fault", error: body.fault });
    else if (!this.#isStopped) this.#bodies.push(body);
  }

  /** Nothing follows the bodies that are there. */
  end(ending: ChannelEnding): void {
    this.#last ??= ending;
  }

  /** The next element, or undefined if there is none. */
  read(): Element | undefined {
    const header = this.#header;
    this.#header = undefined;
    if (header !== undefined) return header;
    for (let [body] = this.#bodies; body !== undefined; [body] = this.#bodies) {
      const element = body.read();
      if (element !== undefined) return element;
      this.#bodies.shift();
      if (body.end === undefined) continue;
      this.#bodies = [];
      this.#last = { by: "fault", error: body.end };
    }
    this.#ending ??= this.#last;
    return undefined;
  }

  /** Changes the limits from the next `read` on. */
  setLimits(limits: XmlLimits): void {
    for (const body of this.#bodies) body.setLimits(limits);
  }

  /** Lets go of what is not read: a new stream begins. */
  clear(): void {
    this.#bodies = [];
    this.#header = undefined;
  }

  /** Reads nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.clear();
  }
}
