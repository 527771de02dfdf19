import { Fifo } from "../../../base/fifo.ts";
import { counted, type Progress, progress } from "../../../stream/counter.ts";
import { withDelay } from "../../../stream/stanza.ts";
import type { Element } from "../../../xml/element.ts";

/** A stanza that was sent, and the time of that in milliseconds since 1970. */
interface Sent {
  readonly stanza: Element;
  readonly at: number;
}

/** The stanzas that a client has not acknowledged (XEP-0198, 4), oldest first. */
export class Unacked {
  /** The number of the last stanza that was acknowledged. */
  #acked = 0;
  /** How many unacknowledged stanzas are kept no more. They were the oldest. */
  #forgotten = 0;
  readonly #sent = new Fifo<Sent>();

  /** How many are kept. */
  get size(): number {
    return this.#sent.size;
  }

  /** True if none was forgotten that is still unacknowledged: all can be sent again. */
  get isWhole(): boolean {
    return this.#forgotten === 0;
  }

  /** Adds a stanza that is about to be sent. */
  push(stanza: Element): void {
    this.#sent.push({ stanza, at: Date.now() });
  }

  /** Keeps the oldest stanza no more. It still counts. */
  forgetOldest(): void {
    if (this.#sent.shift() !== undefined) this.#forgotten++;
  }

  /** Lets go the stanzas that an `h` acknowledges. One that is too high or goes back changes nothing. */
  acknowledge(h: number): Progress {
    const found = progress(this.#acked, this.#forgotten + this.#sent.size, h);
    if (found.kind !== "handled") return found;
    this.#acked = counted(this.#acked, found.newly);
    const known = Math.max(found.newly - this.#forgotten, 0);
    this.#forgotten -= found.newly - known;
    for (let taken = 0; taken < known; taken++) this.#sent.shift();
    return found;
  }

  /** The stanzas as they are sent again, with the time of the first sending (XEP-0203). They stay. */
  again(domain: string): Element[] {
    return this.#sent.all().map(({ stanza, at }) => withDelay(stanza, domain, at));
  }

  /** Takes all stanzas out, as they were. */
  takeAll(): Element[] {
    return this.#sent.takeAll().map(({ stanza }) => stanza);
  }
}
