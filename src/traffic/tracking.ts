import type { Clock } from "../base/clock.ts";
import type { Instruments } from "../contract/instruments.ts";
import type { Item, Tracked } from "../session/item.ts";

/** Decides which stanzas are kept until they are proven: to be sent again, or to be told of. */
export class Tracking {
  readonly #keepsAll: boolean;
  readonly #instruments: Instruments;
  readonly #clock: Clock;

  constructor(keepsAll: boolean, instruments: Instruments, clock: Clock) {
    this.#keepsAll = keepsAll;
    this.#instruments = instruments;
    this.#clock = clock;
  }

  /** The facts to keep a stanza with; `undefined`: only its delivery may be tracked. */
  facts(isAnswer: boolean): Tracked | undefined {
    if (!this.#keepsAll && !this.#instruments.emitter.has("delivery")) return undefined;
    const sentAt = this.#clock.wall();
    const since = this.#clock.now();
    return { sentAt, since, isAnswer, tries: 0, isSuspect: false, strikes: 0 };
  }
}

/** The same item to be kept: with a stanza that the caller cannot change any more. */
export function keep(item: Item, tracked: Tracked): Item {
  return { ...item, stanza: item.stanza.clone(), tracked };
}
