import { onTheWall } from "../../base/clock.ts";
import { BrokerError } from "../../base/errors.ts";
import type { Delivery } from "../../contract/delivery.ts";
import type { Outbox, QueuedStanza } from "../../contract/outbox.ts";
import type { Item } from "../../session/delivery/item.ts";
import type { TrafficParts } from "../parts.ts";
import { StanzaQueue } from "./stanza-queue.ts";

/**
 * The queue as the program sees it: stanzas wait in it within the bounds of the option `queue`. One that is taken out
 * unsent fails, and that is told.
 */
export abstract class BoundedQueue implements Outbox {
  protected readonly parts: TrafficParts;
  protected readonly waiting: StanzaQueue;
  /** Callers that wait for room. */
  #callers: (() => void)[] | undefined;

  constructor(parts: TrafficParts) {
    this.parts = parts;
    this.waiting = new StanzaQueue(parts.clock, (items) => {
      for (const item of items) this.fail(item, new BrokerError("EXPIRED"));
      this.changed();
    });
  }

  /** Bytes that are on their way behind the socket: they count too. */
  abstract get unsent(): number;

  abstract flush(): number;

  get size(): number {
    return this.waiting.size;
  }

  get bytes(): number {
    return this.waiting.bytes;
  }

  *[Symbol.iterator](): Iterator<QueuedStanza> {
    for (const { delivery, stanza } of this.waiting.all()) yield { delivery, stanza };
  }

  remove(key: string): boolean {
    const item = this.waiting.get(key);
    if (item === undefined) return false;
    this.refused(item, new BrokerError("REMOVED"));
    return true;
  }

  clear(): number {
    return this.waiting.all().filter(({ delivery }) => this.remove(delivery.key)).length;
  }

  room(): Promise<void> {
    if (this.#hasRoom) return Promise.resolve();
    return new Promise((resolve) => {
      this.#callers ??= [];
      this.#callers.push(resolve);
    });
  }

  /**
   * Takes back in front, in their order, stanzas whose session ended before their proof. Where there is no
   * room, the last ones are unknown.
   */
  requeue(items: readonly Item[]): void {
    const { instruments, clock } = this.parts;
    const all = items.map((item) => this.#withExpiry(item, item.tracked?.since ?? clock.now()));
    const again = this.waiting.addInFront(all);
    for (const item of all.slice(again.length)) {
      this.fail(item, new BrokerError("QUEUE_FULL", "too many stanzas wait to be sent again"));
    }
    if (!instruments.has("queued")) return;
    for (const item of again) this.tellQueued(item, true);
  }

  /** Takes a stanza out of the queue, and fails it. */
  refused(item: Item, error: BrokerError): void {
    this.drop(item, error);
    this.changed();
  }

  /** Adds one at the end, and returns it as it waits; `undefined`: there is no room, and it has failed. */
  protected add(given: Item): Item | undefined {
    const full = this.#admit(given.bytes);
    if (full !== undefined) {
      this.fail(given, full);
      return undefined;
    }
    const item = this.#withExpiry(given, this.parts.clock.now());
    this.waiting.add(item);
    return item;
  }

  /** The same, for several that are taken out: `changed` is called afterwards. */
  protected drop(item: Item, error: BrokerError): void {
    this.waiting.take(item);
    this.fail(item, error);
  }

  protected fail(item: Item, error: BrokerError): void {
    item.delivery.fail(error);
    this.told(item);
  }

  /** The delivery of a stanza, once its new state was told. */
  protected told({ delivery, stanza }: Item): Delivery {
    this.parts.instruments.delivery(delivery, stanza);
    return delivery;
  }

  protected tellQueued({ stanza, expires }: Item, held: boolean): void {
    const { clock, instruments } = this.parts;
    const due = expires === undefined ? {} : { expires: onTheWall(clock, expires) };
    instruments.stanza("queued", { stanza, held, ...due });
  }

  /** The queue or the bytes on their way have become less. */
  protected changed(): void {
    const callers = this.#callers;
    if (callers === undefined || !this.#hasRoom) return;
    this.#callers = undefined;
    for (const resolve of callers) resolve();
  }

  get #hasRoom(): boolean {
    const { limit, bytes, highWater } = this.parts.settings.queue;
    const { unsent } = this;
    return this.size < limit / 2 && this.bytes + unsent < bytes / 2 && unsent < highWater;
  }

  /** A stanza that was given no time gets the usual one. A request never expires, since it has a time-out. */
  #withExpiry(item: Item, since: number): Item {
    const { ttl } = this.parts.settings.queue;
    if (ttl === undefined || item.request !== undefined || item.expires !== undefined) return item;
    return { ...item, expires: since + ttl };
  }

  /**
   * Makes room for one more of so many bytes; the error says why there is none. Stanzas that were sent before count
   * by their bytes alone.
   */
  #admit(bytes: number): BrokerError | undefined {
    const queue = this.waiting;
    const limits = this.parts.settings.queue;
    const isCountFull = (): boolean => queue.counted >= limits.limit;
    const isFull = (): boolean => isCountFull() || queue.bytes + this.unsent + bytes > limits.bytes;
    if (!isFull()) return undefined;
    // A stanza too big for an empty queue must not evict others.
    const isTooMuch = this.unsent + bytes > limits.bytes;
    if (limits.overflow === "drop-oldest" && !isTooMuch) {
      while (isFull()) {
        const oldest = queue.oldest(isCountFull() ? "counted" : "all");
        if (oldest === undefined) break;
        this.drop(oldest, queueFull("a later stanza took its place"));
      }
      if (!isFull()) return undefined;
    }
    const waiting = `${queue.size} stanzas of ${queue.bytes} bytes wait`;
    return queueFull(`${waiting}, and ${this.unsent} bytes are on their way to the server`);
  }
}

function queueFull(detail: string): BrokerError {
  return new BrokerError("QUEUE_FULL", detail, { retryable: true });
}
