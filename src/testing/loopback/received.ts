import type { Element } from "../../xml/element.ts";

/** How many elements are kept, and how many bytes they may have had on the wire. */
const ELEMENTS = 1000;
const BYTES = 4 * 1024 * 1024;

/** An element that a server has received. */
export interface ReceivedElement {
  /**
   * Where it came from: a client's full JID, a component's domain, the name that a service bound
   * first. The stanza may say something else.
   */
  readonly from: string;
  /** The stanza, in `jabber:client`; from a service of the router the envelope, as it came. */
  readonly element: Element;
}

/** The elements that a server has received last. */
export class Received {
  readonly #kept: { readonly received: ReceivedElement; readonly bytes: number }[] = [];
  #bytes = 0;

  /** The elements that are kept, oldest first. */
  get elements(): readonly ReceivedElement[] {
    return this.#kept.map(({ received }) => received);
  }

  /** Keeps an element, and lets go the oldest where there are too many. `bytes` is its size on the wire. */
  add(from: string, element: Element, bytes: number): void {
    this.#kept.push({ received: { from, element }, bytes });
    this.#bytes += bytes;
    while (this.#kept.length > ELEMENTS || this.#bytes > BYTES) {
      this.#bytes -= this.#kept.shift()?.bytes ?? 0;
    }
  }
}
