import type { TrackedDelivery } from "../contract/delivery.ts";
import type { Element } from "../xml/element.ts";

/** How many sent stanzas are remembered, at least; twice as many at most. */
const REMEMBERED = 1000;

/** A stanza that was sent and may come back. */
interface Sent {
  readonly delivery: TrackedDelivery;
  readonly stanza: Element;
  readonly id: string | undefined;
  readonly to: string | undefined;
  readonly from: string | undefined;
}

/**
 * What was sent lately on a dialect whose stanzas come back when they cannot be delivered, so that each can be
 * told to its delivery. The users behind a gateway choose the same ids: the addresses count as well, and of two
 * that are alike in all the first to come back is the first that was sent.
 */
export class Returnable {
  #sent: Sent[] = [];

  /** Remembers a stanza; `wire` is what of it would come back. */
  remember(delivery: TrackedDelivery, stanza: Element, wire: Element): void {
    const { id, to, from } = wire.attrs;
    if (this.#sent.length >= 2 * REMEMBERED) this.#sent = this.#sent.slice(REMEMBERED);
    this.#sent.push({ delivery, stanza, id, to, from });
  }

  /** Finds one that came back, and forgets it. */
  take(returned: Element): Pick<Sent, "delivery" | "stanza"> | undefined {
    const { id, to, from } = returned.attrs;
    const at = this.#sent.findIndex(
      (sent) => sent.id === id && sent.to === to && sent.from === from,
    );
    return at < 0 ? undefined : this.#sent.splice(at, 1)[0];
  }
}
