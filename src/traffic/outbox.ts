import { nothing } from "../base/abort.ts";
import { BrokerError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import { type Steps, step } from "../base/state.ts";
import { utf8Length } from "../base/text/utf8.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { IncomingRequest, IncomingRequests } from "../session/incoming.ts";
import type { Item } from "../session/item.ts";
import type { Session } from "../session/session.ts";
import type { Element } from "../xml/element.ts";
import type { Gate } from "./gate.ts";
import type { TrafficParts } from "./parts.ts";

/** A stanza that waits to be sent. */
export interface QueuedStanza {
  /** The result of `send` for it. */
  readonly delivery: Delivery;
  /** As it was when it was sent; changing it changes nothing. */
  readonly stanza: Element;
}

/** The queue of stanzas that could not be sent yet, as the caller sees it. Iterates oldest first. */
export interface Outbox extends Iterable<QueuedStanza> {
  /** How many stanzas wait: those held for a connection, and those behind a socket that does not take them. */
  readonly size: number;
  /** How many bytes they come to on the wire. */
  readonly bytes: number;
  /** Bytes given to the connection that the operating system has not taken yet. */
  readonly unsent: number;
  /** Sends what is held, in order; returns how many stanzas that were: 0 unless the broker is ready. */
  flush(): number;
  /** Takes one back, by its delivery's key (it fails with `REMOVED`); false if it does not wait. */
  remove(key: string): boolean;
  /** Takes all back; returns how many there were. */
  clear(): number;
  /**
   * Resolves once there is room: fewer than half of `queue.limit` stanzas wait, and they and `unsent` come to less
   * than half of `queue.bytes`, and `unsent` is below `queue.highWater`.
   */
  room(): Promise<void>;
}

/** How one stanza is sent. */
export interface SendOptions {
  /** How long it may wait, in milliseconds. */
  readonly ttl?: number | undefined;
  /** The caller's name for the delivery. */
  readonly key?: string | undefined;
  /** The request that it asks. */
  readonly request?: object;
}

/** `held`: everything waits. `flowing`: stanzas go out. `draining`: what went before goes out, and answers do. */
export type OutboxState = "held" | "flowing" | "draining";

const STEPS: Steps<OutboxState> = {
  held: ["flowing", "held"],
  flowing: ["held", "draining"],
  draining: ["held"],
};

/**
 * The way out: stanzas go to the session as fast as the system takes them, and wait here else. `held` ones wait for
 * a connection and a flush; `moving` ones wait behind a socket, in order, and become held when the connection ends.
 */
export class BoundedOutbox implements Outbox {
  readonly #parts: TrafficParts;
  readonly #gate: Gate;
  readonly #incoming: IncomingRequests;
  #state: OutboxState = "held";
  #session: Session | undefined;
  /** All that wait, by key. Made for the first: most queues never have one. */
  #waiting: Map<string, Item> | undefined;
  /** The same, oldest first; with some that wait no longer. */
  #order: Fifo<Item> | undefined;
  /** The stanzas that wait behind the socket, oldest first; with some that wait no longer. */
  #moving: Fifo<Item> | undefined;
  #bytes = 0;
  #isDraining = false;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #stopTimer = nothing;
  #waitingForDrain: (() => void)[] | undefined;
  #waitingForRoom: (() => void)[] | undefined;

  constructor(parts: TrafficParts, gate: Gate, incoming: IncomingRequests) {
    this.#parts = parts;
    this.#gate = gate;
    this.#incoming = incoming;
  }

  get size(): number {
    return this.#waiting?.size ?? 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get unsent(): number {
    return this.#session?.unsent ?? 0;
  }

  /** Resolves when nothing waits behind the socket any more. */
  drained(): Promise<void> {
    if (this.#nextMoving() === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waitingForDrain ??= [];
      this.#waitingForDrain.push(resolve);
    });
  }

  *[Symbol.iterator](): Iterator<QueuedStanza> {
    for (const { delivery, stanza } of this.#all()) yield { delivery, stanza };
  }

  /** Sends a stanza, or queues it. Never throws for what the stanza is. */
  send(given: Element, { ttl, key, request }: SendOptions): Delivery {
    const { instruments } = this.#parts;
    const gate = this.#gate;
    const incoming = this.#incoming;
    if (key !== undefined) {
      const known = this.#waiting?.get(key);
      if (known !== undefined) return known.delivery;
    }
    const item = gate.prepare(given, ttl, key, request as Item["request"]);
    // (The text of a stanza is never empty: this one was refused.)
    if (item.text === "") return this.#told(item);
    let goes = this.#state === "flowing";
    if (item.stanza.name === "iq") {
      const isAnswer = incoming.awaits(item.stanza);
      goes ||= this.#state === "draining" && isAnswer;
      // An answer that waits for a connection has answered nothing yet.
      const refusal = goes || !isAnswer ? incoming.answer(item.stanza) : undefined;
      if (refusal !== undefined) {
        item.delivery.fail(refusal);
        return this.#told(item);
      }
    }
    if (goes && this.#moving === undefined && this.#fits(item)) {
      const isSeen = instruments.emitter.has("delivery");
      const written = isSeen ? { ...item, stanza: item.stanza.clone() } : item;
      if (this.#session?.write(written) === true) return item.delivery;
    }
    return this.#queue(item, goes).delivery;
  }

  /**
   * Sends an answer of the broker's own. Without `request` it is to one that was never opened, and no other counts
   * as answered, however alike they are. The error says why it could not be sent.
   */
  answer(stanza: Element, request?: IncomingRequest): BrokerError | undefined {
    const { instruments } = this.#parts;
    const gate = this.#gate;
    const incoming = this.#incoming;
    const item = gate.prepare(stanza, undefined, undefined, undefined);
    let refusal = item.delivery.error;
    const isClosed = this.#state === "held" && this.#session?.isService !== true;
    if (refusal === undefined && (isClosed || request?.state === "lost"))
      refusal = new BrokerError("DISCONNECTED", "the answer came too late");
    if (refusal === undefined && request !== undefined) refusal = incoming.answer(stanza, request);
    if (refusal !== undefined) return refusal;
    const goes = this.#state !== "held";
    if (goes && this.#moving === undefined && this.#fits(item)) {
      if (this.#session?.write(item) === true) return undefined;
    }
    const { error } = this.#queue(item, goes).delivery;
    if (error !== undefined) instruments.dropped(stanza, error);
    return undefined;
  }

  flush(): number {
    if (this.#state !== "flowing") return 0;
    const moving = new Set(this.#moving?.all());
    const now = this.#parts.clock.now();
    let released = 0;
    for (const item of this.#all()) {
      if (moving.has(item)) continue;
      if (isExpired(item, now)) this.#expireOne(item);
      else {
        this.#moving ??= new Fifo();
        this.#moving.push(item);
        released++;
      }
    }
    this.drain();
    return released;
  }

  remove(key: string): boolean {
    const item = this.#waiting?.get(key);
    if (item === undefined) return false;
    this.#take(item);
    this.#fail(item, new BrokerError("REMOVED"));
    this.#tellRoom();
    return true;
  }

  clear(): number {
    return this.#all().filter(({ delivery }) => this.remove(delivery.key)).length;
  }

  room(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waitingForRoom ??= [];
      this.#waitingForRoom.push(resolve);
    });
  }

  /** The session in force; `undefined`: what was moving is held. */
  use(session: Session | undefined): void {
    this.#session = session;
    this.#to("held");
    this.#moving = undefined;
  }

  /** Stanzas go out from now on: the broker is ready. */
  flow(): void {
    this.#to("flowing");
  }

  /** From now on only what moves already goes out, and answers: the broker shuts down. */
  drainOnly(): void {
    if (this.#state === "flowing") this.#to("draining");
  }

  /** Hands over as much of what moves as the system takes. */
  drain(): void {
    // Written stanzas are told to listeners, which may send more.
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      let item = this.#nextMoving();
      while (item !== undefined && this.#session?.link?.isOpen === true) {
        // It may have waited for a server that takes less than the one before.
        const refusal = this.#gate.refusal(item.bytes);
        if (isExpired(item, this.#parts.clock.now())) this.#expireOne(item);
        else if (refusal !== undefined) {
          this.#take(item);
          this.#fail(item, refusal);
        } else if (this.#fits(item)) {
          this.#take(item);
          this.#session.write(item);
        } else break;
        item = this.#nextMoving();
      }
    } finally {
      this.#isDraining = false;
    }
    if (this.#moving === undefined && this.#waitingForDrain !== undefined) {
      const waiting = this.#waitingForDrain;
      this.#waitingForDrain = undefined;
      for (const resolve of waiting) resolve();
    }
    this.#tellRoom();
  }

  /** The oldest that still waits behind the socket. */
  #nextMoving(): Item | undefined {
    const moving = this.#moving;
    if (moving === undefined) return undefined;
    while (moving.front !== undefined && !this.#isWaiting(moving.front)) moving.shift();
    if (moving.front === undefined) this.#moving = undefined;
    return moving.front;
  }

  /** True if the socket takes this one now: a larger one goes when the socket is empty. */
  #fits({ bytes }: Item): boolean {
    const unsent = this.#session?.unsent ?? 0;
    const { highWater, bytes: most } = this.#parts.settings.queue;
    return unsent === 0 || unsent + bytes <= Math.min(highWater, most);
  }

  #queue(given: Item, goes: boolean): Item {
    const { instruments } = this.#parts;
    const expires = given.expires ?? this.#usualExpiry(given);
    const item = { ...given, stanza: given.stanza.clone(), bytes: utf8Length(given.text), expires };
    const full = this.#admit(item.bytes);
    if (full !== undefined) {
      this.#fail(item, full);
      return item;
    }
    this.#waiting ??= new Map();
    this.#waiting.set(item.delivery.key, item);
    this.#order ??= new Fifo();
    this.#order.push(item);
    if (goes) {
      this.#moving ??= new Fifo();
      this.#moving.push(item);
    }
    this.#bytes += item.bytes;
    const { stanza } = item;
    if (expires !== undefined) this.#watch(expires);
    if (instruments.has("queued")) {
      const wall = expires === undefined ? undefined : this.#wallTime(expires);
      const when = wall === undefined ? {} : { expires: wall };
      instruments.stanza("queued", { stanza, held: !goes, ...when });
    }
    return item;
  }

  /** When a stanza expires that was given no time: a request never does, since it has a time-out. */
  #usualExpiry({ request }: Item): number | undefined {
    const { settings, clock } = this.#parts;
    const { ttl } = settings.queue;
    return ttl === undefined || request !== undefined ? undefined : clock.now() + ttl;
  }

  #wallTime(expires: number): number {
    const { clock } = this.#parts;
    return Math.round(clock.wall() + expires - clock.now());
  }

  /** Makes room for one more of so many bytes; the error says why there is none. */
  #admit(bytes: number): BrokerError | undefined {
    const limits = this.#parts.settings.queue;
    const isFull = (): boolean =>
      this.size >= limits.limit || this.#bytes + this.unsent + bytes > limits.bytes;
    if (!isFull()) return undefined;
    // A stanza too big for an empty queue must not evict others.
    const isTooMuch = this.unsent + bytes > limits.bytes;
    if (limits.overflow === "drop-oldest" && !isTooMuch) {
      while (isFull()) {
        const oldest = this.#oldest();
        if (oldest === undefined) break;
        this.#take(oldest);
        this.#fail(oldest, queueFull("a later stanza took its place"));
      }
      if (!isFull()) return undefined;
    }
    const waiting = `${this.size} stanzas of ${this.#bytes} bytes wait`;
    return queueFull(`${waiting}, and ${this.unsent} bytes are on their way to the server`);
  }

  #all(): Item[] {
    return [...(this.#waiting?.values() ?? [])];
  }

  /** (A map is slow at telling its first member once many were taken from its front.) */
  #oldest(): Item | undefined {
    const order = this.#order;
    while (order?.front !== undefined && !this.#isWaiting(order.front)) order.shift();
    return order?.front;
  }

  #isWaiting(item: Item): boolean {
    return this.#waiting?.get(item.delivery.key) === item;
  }

  #take(item: Item): void {
    if (!this.#isWaiting(item)) return;
    this.#waiting?.delete(item.delivery.key);
    this.#bytes -= item.bytes;
    if (this.size === 0) {
      this.#waiting = undefined;
      this.#order = undefined;
      this.#moving = undefined;
      this.#unwatch();
    } else if ((this.#order?.size ?? 0) > 2 * this.size + 64) {
      this.#order?.keep((other) => this.#isWaiting(other));
    }
  }

  #expireOne(item: Item): void {
    this.#take(item);
    this.#fail(item, new BrokerError("EXPIRED"));
  }

  #fail(item: Item, error: BrokerError): void {
    item.delivery.fail(error);
    this.#parts.instruments.delivery(item.delivery, item.stanza);
  }

  /** The delivery of a stanza that failed, once that was told. */
  #told({ delivery, stanza }: Item): Delivery {
    this.#parts.instruments.delivery(delivery, stanza);
    return delivery;
  }

  #hasRoom(): boolean {
    const { limit, bytes, highWater } = this.#parts.settings.queue;
    const { unsent } = this;
    return this.size < limit / 2 && this.#bytes + unsent < bytes / 2 && unsent < highWater;
  }

  #tellRoom(): void {
    if (this.#waitingForRoom === undefined || !this.#hasRoom()) return;
    const waiting = this.#waitingForRoom;
    this.#waitingForRoom = undefined;
    for (const resolve of waiting) resolve();
  }

  #watch(expires: number): void {
    if (expires >= this.#nextExpiry) return;
    this.#stopTimer();
    this.#nextExpiry = expires;
    const wait = Math.max(expires - this.#parts.clock.now(), 0);
    this.#stopTimer = this.#parts.clock.after(wait, () => {
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
    const now = this.#parts.clock.now();
    for (const item of this.#all()) {
      if (item.expires === undefined) continue;
      if (!isExpired(item, now)) this.#watch(item.expires);
      else this.#expireOne(item);
    }
    this.#tellRoom();
  }

  #to(state: OutboxState): void {
    this.#state = step("outbox", STEPS, this.#state, state);
  }
}

function isExpired({ expires }: Item, now: number): boolean {
  return expires !== undefined && now >= expires;
}

function queueFull(detail: string): BrokerError {
  return new BrokerError("QUEUE_FULL", detail, { retryable: true });
}
