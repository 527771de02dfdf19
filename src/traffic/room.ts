import { BrokerError } from "../base/errors.ts";
import type { QueueSettings } from "../contract/option-groups.ts";
import type { Item } from "../session/item.ts";
import type { StanzaQueue } from "./stanza-queue.ts";

/** The owner of a queue, as its bounds need it. */
export interface RoomOwner {
  /** Bytes that are on their way behind the socket: they count too. */
  readonly unsent: number;
  /** A stanza was taken out to make room. */
  evicted(item: Item, error: BrokerError): void;
}

/** The room in a queue: it admits stanzas, evicts the oldest, and wakes the callers that wait for room. */
export class Room {
  readonly #queue: StanzaQueue;
  readonly #limits: QueueSettings;
  readonly #owner: RoomOwner;
  #waiting: (() => void)[] | undefined;

  constructor(queue: StanzaQueue, limits: QueueSettings, owner: RoomOwner) {
    this.#queue = queue;
    this.#limits = limits;
    this.#owner = owner;
  }

  /**
   * Makes room for one more of so many bytes; the error says why there is none. Stanzas that were sent before count
   * by their bytes alone.
   */
  admit(bytes: number): BrokerError | undefined {
    const queue = this.#queue;
    const owner = this.#owner;
    const limits = this.#limits;
    const isCountFull = (): boolean => queue.counted >= limits.limit;
    const isFull = (): boolean =>
      isCountFull() || queue.bytes + owner.unsent + bytes > limits.bytes;
    if (!isFull()) return undefined;
    // A stanza too big for an empty queue must not evict others.
    const isTooMuch = owner.unsent + bytes > limits.bytes;
    if (limits.overflow === "drop-oldest" && !isTooMuch) {
      while (isFull()) {
        const oldest = queue.oldest(isCountFull() ? "counted" : "all");
        if (oldest === undefined) break;
        queue.take(oldest);
        owner.evicted(oldest, queueFull("a later stanza took its place"));
      }
      if (!isFull()) return undefined;
    }
    const waiting = `${queue.size} stanzas of ${queue.bytes} bytes wait`;
    return queueFull(`${waiting}, and ${owner.unsent} bytes are on their way to the server`);
  }

  /** Resolves once there is room. */
  wait(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  /** The queue or the bytes on their way have become less. */
  changed(): void {
    if (this.#waiting === undefined || !this.#hasRoom()) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const resolve of waiting) resolve();
  }

  #hasRoom(): boolean {
    const { limit, bytes, highWater } = this.#limits;
    const { unsent } = this.#owner;
    const { size } = this.#queue;
    return size < limit / 2 && this.#queue.bytes + unsent < bytes / 2 && unsent < highWater;
  }
}

function queueFull(detail: string): BrokerError {
  return new BrokerError("QUEUE_FULL", detail, { retryable: true });
}
