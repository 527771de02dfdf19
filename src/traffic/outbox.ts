import { nothing } from "../base/abort.ts";
import { BrokerError } from "../base/errors.ts";
import { after, LONGEST } from "../base/timer.ts";
import type { Delivery, TrackedDelivery } from "../contract/delivery.ts";
import type { Element } from "../xml/element.ts";

/** A stanza that waits to be sent. */
export interface QueuedStanza {
  /** What `send` returned for it. */
  readonly delivery: Delivery;
  /** As it was when it was sent; changing it changes nothing. */
  readonly stanza: Element;
}

/** The queue of what could not be sent yet, as the caller sees it. Iterates oldest first. */
export interface Outbox extends Iterable<QueuedStanza> {
  /** How many stanzas wait. */
  readonly size: number;
  /** How many bytes they come to on the wire. */
  readonly bytes: number;
  /** Sends what waits, in order; returns how many were written: 0 unless the broker is ready. */
  flush(): number;
  /** Takes one back, by its delivery's id (it fails with `REMOVED`); false if it is not there. */
  remove(id: string): boolean;
  /** Takes all back; returns how many there were. */
  clear(): number;
}

/** How far the queue may grow, and what happens then. */
export interface OutboxLimits {
  readonly limit: number;
  readonly bytes: number;
  readonly overflow: "reject" | "drop-oldest";
}

/** What the outbox asks of the broker. */
export interface OutboxPort {
  /** Bytes written that the peer has not read: they count against the same bound. */
  buffered(): number;
  /** Whether stanzas may be written now. */
  ready(): boolean;
  write(item: OutboxItem): void;
  /** A stanza that waited will not be sent. */
  failed(item: OutboxItem): void;
}

/** A stanza on its way: what it is and what it looks like on the wire, as it was when it was sent. */
export interface OutboxItem {
  readonly delivery: TrackedDelivery;
  readonly stanza: Element;
  readonly text: string;
  readonly bytes: number;
  /** What of it comes back if it cannot be delivered, on dialects where something does. */
  readonly returning: Element | undefined;
  /** When it expires, by the clock of `performance.now()`; `undefined`: never. */
  readonly expires: number | undefined;
}

/** What every queue holds until the first stanza waits: most never have one. */
const NOTHING: ReadonlyMap<string, OutboxItem> = new Map();

/** The queue: bounded in number and bytes, in order, each stanza with a time to live of its own. */
export class BoundedOutbox implements Outbox {
  readonly #limits: OutboxLimits;
  readonly #port: OutboxPort;
  #filled: Map<string, OutboxItem> | undefined;
  #bytes = 0;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #stopTimer = nothing;

  constructor(limits: OutboxLimits, port: OutboxPort) {
    this.#limits = limits;
    this.#port = port;
  }

  get #items(): ReadonlyMap<string, OutboxItem> {
    return this.#filled ?? NOTHING;
  }

  get size(): number {
    return this.#items.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  *[Symbol.iterator](): Iterator<QueuedStanza> {
    for (const { delivery, stanza } of [...this.#items.values()]) yield { delivery, stanza };
  }

  flush(): number {
    let written = 0;
    for (const item of [...this.#items.values()]) {
      // A listener of `sent` may have shut the broker down, or taken this one back.
      if (!this.#port.ready()) break;
      if (!this.#take(item)) continue;
      if (isExpired(item)) this.#fail(item, expired());
      else {
        this.#port.write(item);
        written++;
      }
    }
    return written;
  }

  remove(id: string): boolean {
    const item = this.#items.get(id);
    if (item === undefined || !this.#take(item)) return false;
    this.#fail(item, new BrokerError("REMOVED"));
    return true;
  }

  clear(): number {
    const items = [...this.#items.values()];
    return items.filter(({ delivery }) => this.remove(delivery.id)).length;
  }

  /** Makes room for so many bytes; the error says why there is none. */
  admit(bytes: number, queueing: boolean): BrokerError | undefined {
    const { limit, overflow } = this.#limits;
    const isFull = (): boolean =>
      (queueing && this.#items.size >= limit) ||
      this.#bytes + this.#port.buffered() + bytes > this.#limits.bytes;
    if (!isFull()) return undefined;
    // Who does not fit even when nothing else waits must not drive everybody out.
    const isTooMuch = this.#port.buffered() + bytes > this.#limits.bytes;
    if (overflow === "drop-oldest" && !isTooMuch) {
      while (isFull()) {
        const oldest = this.#items.values().next();
        if (oldest.done) break;
        this.#take(oldest.value);
        this.#fail(oldest.value, queueFull("a later stanza took its place"));
      }
      if (!isFull()) return undefined;
    }
    return queueFull(`it holds ${this.#items.size} stanzas and ${this.#bytes} bytes`);
  }

  /** Puts a stanza at the end; `admit` has made room for it. */
  push(item: OutboxItem): void {
    this.#filled ??= new Map();
    this.#filled.set(item.delivery.id, item);
    this.#bytes += item.bytes;
    if (item.expires !== undefined) this.#watch(item.expires);
  }

  #take(item: OutboxItem): boolean {
    if (this.#filled?.delete(item.delivery.id) !== true) return false;
    this.#bytes -= item.bytes;
    if (this.#items.size === 0) this.#unwatch();
    return true;
  }

  #fail(item: OutboxItem, error: BrokerError): void {
    item.delivery.fail(error);
    this.#port.failed(item);
  }

  #watch(expires: number): void {
    if (expires >= this.#nextExpiry) return;
    this.#stopTimer();
    this.#nextExpiry = expires;
    // What expires later than a timer can run is looked at again then.
    this.#stopTimer = after(Math.min(Math.max(expires - performance.now(), 0), LONGEST), () => {
      this.#expire();
    });
  }

  #unwatch(): void {
    this.#stopTimer();
    this.#nextExpiry = Number.POSITIVE_INFINITY;
  }

  #expire(): void {
    this.#unwatch();
    for (const item of [...this.#items.values()]) {
      if (item.expires === undefined) continue;
      if (!isExpired(item)) this.#watch(item.expires);
      else if (this.#take(item)) this.#fail(item, expired());
    }
  }
}

function isExpired(item: OutboxItem): boolean {
  return item.expires !== undefined && performance.now() >= item.expires;
}

function expired(): BrokerError {
  return new BrokerError("EXPIRED");
}

function queueFull(detail: string): BrokerError {
  return new BrokerError("QUEUE_FULL", detail, { retryable: true });
}
