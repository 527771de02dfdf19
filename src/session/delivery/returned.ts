import type { Element } from "../../xml/element.ts";
import { fingerprint } from "../requests/fingerprint.ts";
import type { TrackedDelivery } from "./delivery.ts";

/** How many sent stanzas are remembered at least; twice as many at most. */
const REMEMBERED = 1000;

/** A stanza that was sent and may come back: the facts to tell it by, not the stanza. */
interface Sent {
  readonly delivery: TrackedDelivery;
  readonly id: string | undefined;
  readonly to: string | undefined;
  readonly from: string | undefined;
}

/**
 * The deliveries of late on a dialect whose stanzas come back when they cannot be delivered. The users behind a
 * gateway choose the same ids, so the addresses count as well. If two deliveries are alike in all, the
 * first to come back is the first that was sent.
 */
export class Returnable {
  #sent: Sent[] = [];

  /** Remembers a stanza; `wire` is the part of it that would come back. */
  remember(delivery: TrackedDelivery, { attrs }: Element): void {
    if (this.#sent.length >= 2 * REMEMBERED) this.#sent = this.#sent.slice(REMEMBERED);
    this.#sent.push({
      delivery,
      id: short(attrs.id),
      to: short(attrs.to),
      from: short(attrs.from),
    });
  }

  /** Finds one that came back, and forgets it. */
  take({ attrs }: Element): TrackedDelivery | undefined {
    const [id, to, from] = [short(attrs.id), short(attrs.to), short(attrs.from)];
    const at = this.#sent.findIndex(
      (sent) => sent.id === id && sent.to === to && sent.from === from,
    );
    return at < 0 ? undefined : this.#sent.splice(at, 1)[0]?.delivery;
  }
}

function short(text: string | undefined): string | undefined {
  return text === undefined ? undefined : fingerprint(text);
}
