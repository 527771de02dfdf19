import { nothing } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { Fifo } from "../../base/fifo.ts";
import { MOST_UNPROVEN, MOST_UNPROVEN_BYTES } from "../../session/acks/unproven-list.ts";
import type { Item } from "../../session/delivery/item.ts";

/**
 * How many stanzas may wait to be sent again, and how many bytes: twice as many as one session leaves. Only a program
 * that never flushes its queue comes to it.
 */
export const MOST_REQUEUED = 2 * MOST_UNPROVEN;
export const MOST_REQUEUED_BYTES = 2 * MOST_UNPROVEN_BYTES;

/**
 * The stanzas that wait, oldest first. The ones that were sent before and have no proof are in front. The owner looks
 * to its bounds; the queue tells which of them have expired.
 */
export class StanzaQueue {
  /** All that wait, by key. Made for the first: most queues never have one. */
  #waiting: Map<string, Item> | undefined;
  /** The same in order and in two parts, with some that wait no longer: those sent before, and the others. */
  #again: Fifo<Item> | undefined;
  #order: Fifo<Item> | undefined;
  /** How many of them were sent before. */
  #requeued = 0;
  #requeuedBytes = 0;
  #bytes = 0;
  readonly #clock: Clock;
  readonly #onExpired: (items: readonly Item[]) => void;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #stopTimer = nothing;

  /** `onExpired` is given items that expired by themselves; they are taken out already. */
  constructor(clock: Clock, onExpired: (items: readonly Item[]) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#waiting?.size ?? 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many wait that were never handed over: only these count against the limit. */
  get counted(): number {
    return this.size - this.#requeued;
  }

  /** How many wait that may have been sent before, and their bytes. */
  get again(): { readonly count: number; readonly bytes: number } {
    return { count: this.#requeued, bytes: this.#requeuedBytes };
  }

  get(key: string): Item | undefined {
    return this.#waiting?.get(key);
  }

  has(item: Item): boolean {
    return this.#waiting?.get(item.delivery.key) === item;
  }

  all(): Item[] {
    const items = [...(this.#again?.all() ?? []), ...(this.#order?.all() ?? [])];
    return items.filter((item) => this.has(item));
  }

  /** The oldest of all, or of those that count against the limit. */
  oldest(which: "all" | "counted"): Item | undefined {
    const again = which === "all" ? this.#front(this.#again) : undefined;
    return again ?? this.#front(this.#order);
  }

  /** Adds one at the end. */
  add(item: Item): void {
    this.#waiting ??= new Map();
    this.#waiting.set(item.delivery.key, item);
    this.#order ??= new Fifo();
    this.#order.push(item);
    this.#count(item);
  }

  /** Adds some in front, in their order: as many as there is room for, the first ones. Returns those. */
  addInFront(given: readonly Item[]): readonly Item[] {
    const items = this.#roomFor(given);
    if (items.length === 0) return items;
    const behind = this.#again?.all() ?? [];
    this.#again = new Fifo();
    for (const item of items) this.addAgain(item);
    for (const item of behind) if (this.has(item)) this.#again.push(item);
    return items;
  }

  /** Adds one that may have been sent before: behind others of that kind, in front of the rest. */
  addAgain(item: Item): void {
    this.#waiting ??= new Map();
    this.#waiting.set(item.delivery.key, item);
    this.#again ??= new Fifo();
    this.#again.push(item);
    this.#requeued++;
    this.#requeuedBytes += item.bytes;
    this.#count(item);
  }

  /** Takes one out, if it waits. */
  take(item: Item): void {
    if (!this.has(item)) return;
    this.#waiting?.delete(item.delivery.key);
    this.#bytes -= item.bytes;
    if (isRequeued(item)) {
      this.#requeued--;
      this.#requeuedBytes -= item.bytes;
      this.#front(this.#again);
    }
    if (this.size === 0) {
      this.#waiting = undefined;
      this.#order = undefined;
      this.#again = undefined;
      this.#unwatch();
    } else if ((this.#order?.size ?? 0) > 2 * this.size + 64) {
      this.#order?.keep((other) => this.has(other));
    }
  }

  /** The first of these, up to the bounds of what waits to be sent again. */
  #roomFor(items: readonly Item[]): readonly Item[] {
    let count = this.#requeued;
    let bytes = this.#requeuedBytes;
    const end = items.findIndex((item) => {
      count++;
      bytes += item.bytes;
      return count > MOST_REQUEUED || bytes > MOST_REQUEUED_BYTES;
    });
    return end < 0 ? items : items.slice(0, end);
  }

  #count(item: Item): void {
    this.#bytes += item.bytes;
    if (item.expires !== undefined) this.#watch(item.expires);
  }

  #front(items: Fifo<Item> | undefined): Item | undefined {
    while (items?.front !== undefined && !this.has(items.front)) items.shift();
    return items?.front;
  }

  #watch(expires: number): void {
    if (expires >= this.#nextExpiry) return;
    this.#stopTimer();
    this.#nextExpiry = expires;
    const wait = Math.max(expires - this.#clock.now(), 0);
    this.#stopTimer = this.#clock.after(wait, () => {
      this.#expire();
    });
  }

  #unwatch(): void {
    this.#stopTimer();
    this.#stopTimer = nothing;
    this.#nextExpiry = Number.POSITIVE_INFINITY;
  }

  #expire(): void {
    this.#unwatch();
    const now = this.#clock.now();
    const expired: Item[] = [];
    for (const item of this.all()) {
      if (item.expires === undefined) continue;
      if (!isExpired(item, now)) this.#watch(item.expires);
      else {
        this.take(item);
        expired.push(item);
      }
    }
    this.#onExpired(expired);
  }
}

/** True if the time of a stanza in the queue is over. */
export function isExpired({ expires }: Item, now: number): boolean {
  return expires !== undefined && now >= expires;
}

/** True if a stanza may have been sent before. */
export function isRequeued({ tracked }: Item): boolean {
  return tracked !== undefined && tracked.tries > 0;
}
