import { Fifo } from "../../base/fifo.ts";
import type { Item } from "../../session/delivery/item.ts";
import type { StanzaQueue } from "./stanza-queue.ts";

/** A wait until one stanza has gone, or, without one, until nothing moves. */
interface Wait {
  readonly last: Item | undefined;
  readonly resolve: () => void;
}

/** The stanzas of the queue that go out by themselves, oldest first, as fast as the session in force takes them. */
export class Moving {
  readonly #queue: StanzaQueue;
  /** With some that wait no longer. */
  #items: Fifo<Item> | undefined;
  #waits: Wait[] | undefined;

  constructor(queue: StanzaQueue) {
    this.#queue = queue;
  }

  /** True if none moves, so that the next stanza may go at once. */
  get isEmpty(): boolean {
    return this.#items === undefined || this.front === undefined;
  }

  /** The oldest that still waits. */
  get front(): Item | undefined {
    const items = this.#items;
    if (items === undefined) return undefined;
    while (items.front !== undefined && !this.#queue.has(items.front)) items.shift();
    if (items.front === undefined) this.#items = undefined;
    return items.front;
  }

  all(): Item[] {
    return this.#items?.all() ?? [];
  }

  push(item: Item): void {
    this.#items ??= new Fifo();
    this.#items.push(item);
  }

  /** The session is over: none moves any more. */
  stop(): void {
    this.#items = undefined;
    this.changed();
  }

  /** Resolves when none moves. */
  empty(): Promise<void> {
    return this.#wait(undefined);
  }

  /** Resolves when those that move now have gone. */
  gone(): Promise<void> {
    return this.#wait(this.all().findLast((item) => this.#queue.has(item)));
  }

  /** Some may have gone. */
  changed(): void {
    const waits = this.#waits;
    if (waits === undefined) return;
    const isEmpty = this.front === undefined;
    const isOver = ({ last }: Wait): boolean =>
      isEmpty || (last !== undefined && !this.#queue.has(last));
    const left = waits.filter((wait) => !isOver(wait));
    this.#waits = left.length === 0 ? undefined : left;
    for (const wait of waits) if (!left.includes(wait)) wait.resolve();
  }

  #wait(last: Item | undefined): Promise<void> {
    if (this.front === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waits ??= [];
      this.#waits.push({ last, resolve });
    });
  }
}
