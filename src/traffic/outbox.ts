import { nothing } from "../base/abort.ts";
import { quiet } from "../base/deferred.ts";
import { BrokerError } from "../base/errors.ts";
import { type Steps, step } from "../base/state.ts";
import { utf8Length } from "../base/text/utf8.ts";
import type { SendOptions } from "../contract/call-options.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { Outbox, QueuedStanza } from "../contract/outbox.ts";
import type { StoredEntry } from "../contract/store.ts";
import type { Unproven } from "../session/acks/acks.ts";
import type { IncomingRequest, IncomingRequests } from "../session/incoming.ts";
import type { Item } from "../session/item.ts";
import { KeptDelivery } from "../session/kept-delivery.ts";
import type { Session } from "../session/session.ts";
import type { Element } from "../xml/element.ts";
import type { Gate } from "./gate.ts";
import { Moving } from "./moving.ts";
import type { TrafficParts } from "./parts.ts";
import { Room, type RoomOwner } from "./room.ts";
import { Safekeeping, type SafekeepingOwner } from "./safekeeping.ts";
import { isExpired, isRequeued, StanzaQueue } from "./stanza-queue.ts";
import { keep, Tracking } from "./tracking.ts";

const NONE: readonly Unproven[] = [];

/** How much of what the store holds is in memory at a time, beside what has no proof: stanzas, and bytes. */
const MOST_FOUND = 1_000;
const MOST_FOUND_BYTES = 1024 * 1024;

/** How one stanza is sent: the caller's options, and the request that it asks, if it asks one. */
interface Sending extends SendOptions {
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
export class BoundedOutbox implements Outbox, RoomOwner, SafekeepingOwner {
  readonly #parts: TrafficParts;
  readonly #gate: Gate;
  readonly #incoming: IncomingRequests;
  #state: OutboxState = "held";
  #session: Session | undefined;
  readonly #queue: StanzaQueue;
  /** Made for the first stanza that waits, or the first caller that waits for room. */
  #room: Room | undefined;
  /** Made for the first that moves: most brokers never have one. */
  #moving: Moving | undefined;
  readonly #tracking: Tracking;
  #isDraining = false;
  /** Deliveries that the last session has left, and that have no verdict yet. */
  #left: readonly Unproven[] = NONE;
  /** The work with the store; `undefined`: there is none. */
  readonly #keeping: Safekeeping | undefined;
  /** These go by themselves once all was found that an earlier process has left. */
  #behind: Item[] = [];
  /** Wait until those behind move. */
  #waitsBehind: (() => void)[] = [];
  /** True if what is found goes by itself. */
  #releases = false;
  /** Ends the run, where the store has failed and the program wants that. */
  onStop: (error: BrokerError) => void = nothing;

  constructor(parts: TrafficParts, gate: Gate, incoming: IncomingRequests) {
    const { settings, instruments, clock } = parts;
    this.#parts = parts;
    this.#gate = gate;
    this.#incoming = incoming;
    this.#queue = new StanzaQueue(clock, (items) => {
      for (const item of items) this.#fail(item, new BrokerError("EXPIRED"));
      this.#changed();
    });
    const { store } = settings.queue;
    const keepsAll = settings.unacked !== "report" || store !== undefined;
    this.#tracking = new Tracking(keepsAll, instruments, clock);
    if (store === undefined) return;
    this.#keeping = new Safekeeping(parts, store, gate.writeElement, this);
    gate.keeper = this.#keeping;
  }

  get size(): number {
    return this.#queue.size;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  get unsent(): number {
    return this.#session?.unsent ?? 0;
  }

  /** Resolves when nothing waits behind the socket any more. */
  drained(): Promise<void> {
    return this.#moving?.empty() ?? Promise.resolve();
  }

  *[Symbol.iterator](): Iterator<QueuedStanza> {
    for (const { delivery, stanza } of this.#queue.all()) yield { delivery, stanza };
  }

  /** Sends a stanza, or queues it. Never throws for what the stanza is. */
  send(given: Element, { ttl, key, request }: Sending): Delivery {
    const gate = this.#gate;
    const incoming = this.#incoming;
    if (key !== undefined) {
      const known =
        this.#queue.get(key)?.delivery ?? this.#session?.acks.find(key) ?? this.#findLeft(key);
      if (known !== undefined) return known;
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
    const goesNow =
      goes && this.#moving?.isEmpty !== false && this.#keeping?.mustWait(item) !== true;
    if (goesNow && this.#fits(item)) {
      const tracked = this.#tracking.facts(false);
      const kept = tracked === undefined ? item : keep(item, tracked);
      if (this.#session?.write(kept) === true) return item.delivery;
    }
    return this.#wait(item, goes, false).delivery;
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
    // (While a session waits to be resumed, its answers wait too.)
    const isClosed = this.#state === "held" && this.#session === undefined;
    if (refusal === undefined && (isClosed || request?.state === "lost"))
      refusal = new BrokerError("DISCONNECTED", "the answer came too late");
    if (refusal === undefined && request !== undefined) refusal = incoming.answer(stanza, request);
    if (refusal !== undefined) return refusal;
    const goes = this.#state !== "held";
    const goesNow =
      goes && this.#moving?.isEmpty !== false && this.#keeping?.mustWait(item) !== true;
    if (goesNow && this.#fits(item)) {
      const tracked = this.#tracking.facts(true);
      const kept = tracked === undefined ? item : keep(item, tracked);
      if (this.#session?.write(kept) === true) return undefined;
    }
    const { error } = this.#wait(item, goes, true).delivery;
    if (error !== undefined) instruments.dropped(stanza, error);
    return undefined;
  }

  flush(): number {
    if (this.#state !== "flowing") return 0;
    const moving = new Set([...(this.#moving?.all() ?? []), ...this.#behind]);
    const now = this.#parts.clock.now();
    let released = 0;
    this.#releases = true;
    for (const item of this.#queue.all()) {
      if (moving.has(item)) continue;
      if (isExpired(item, now)) this.#drop(item, new BrokerError("EXPIRED"));
      else {
        this.#move(item);
        released++;
      }
    }
    this.drain();
    return released;
  }

  remove(key: string): boolean {
    const item = this.#queue.get(key);
    if (item === undefined) return false;
    this.#drop(item, new BrokerError("REMOVED"));
    this.#changed();
    return true;
  }

  clear(): number {
    return this.#queue.all().filter(({ delivery }) => this.remove(delivery.key)).length;
  }

  room(): Promise<void> {
    return this.#bounds().wait();
  }

  evicted(item: Item, error: BrokerError): void {
    this.#fail(item, error);
  }

  /** The session in force; `undefined`: what was moving is held. A session that goes on finds it still moving. */
  use(session: Session | undefined): void {
    const goesOn = session !== undefined && session === this.#session;
    this.#session = session;
    this.#to("held");
    if (goesOn) return;
    this.#moving?.stop();
    this.#releases = false;
    this.#takeBehind();
    // Nothing of the last session is on its way any more.
    this.#changed();
  }

  /** The link is gone, and its session waits to be resumed: new stanzas wait. */
  suspend(): void {
    this.#to("held");
  }

  /** A session has left these: until they are settled, their keys are in use. */
  leave(left: readonly Unproven[]): void {
    this.#left = left;
  }

  /**
   * Takes back in front, in their order, stanzas whose session ended before their proof. Where there is no
   * room, the last ones are unknown.
   */
  requeue(items: readonly Item[]): void {
    const { instruments, clock } = this.#parts;
    const all = items.map((item) => {
      const since = item.tracked?.since ?? clock.now();
      return { ...item, expires: item.expires ?? this.#usualExpiry(item, since) };
    });
    const again = this.#queue.addInFront(all);
    for (const item of all.slice(again.length)) {
      this.#fail(item, new BrokerError("QUEUE_FULL", "too many stanzas wait to be sent again"));
    }
    if (!instruments.has("queued")) return;
    for (const { stanza, expires } of again) this.#tellQueued(stanza, true, expires);
  }

  // The store's view.

  /** Opens the store, if there is one. Ends in the codes `STORE_…`. */
  open(): Promise<void> | undefined {
    return this.#keeping?.isOpen === false ? this.#keeping.open() : undefined;
  }

  /** Closes the store; `undefined`: none is open. */
  close(): Promise<void> | undefined {
    return this.#keeping?.close();
  }

  get hasRoom(): boolean {
    const { count, bytes } = this.#queue.again;
    return count < MOST_FOUND && bytes < MOST_FOUND_BYTES;
  }

  found(entry: StoredEntry): void {
    const keeping = this.#keeping;
    const waiting = this.#queue.get(entry.key);
    // One with its key may have been sent before the store was read; this one is older, unless it is the same.
    const isKnown =
      waiting === undefined
        ? this.#session?.acks.find(entry.key) !== undefined
        : isRequeued(waiting) || isOf(waiting, entry);
    if (keeping === undefined || isKnown) return;
    const item = this.#gate.found(entry, keeping, waiting?.delivery);
    if (waiting !== undefined) this.#queue.take(waiting);
    if (item.delivery.error !== undefined) {
      this.#told(item);
      return;
    }
    this.#queue.addAgain(item);
    const goes = this.#releases && this.#state === "flowing";
    if (goes) this.#move(item);
    if (this.#parts.instruments.has("queued")) this.#tellQueued(item.stanza, !goes, item.expires);
    if (goes) this.drain();
  }

  allFound(): void {
    for (const item of this.#takeBehind()) if (this.#queue.has(item)) this.#move(item);
    this.drain();
  }

  mayGo(): void {
    this.drain();
  }

  refused(item: Item, error: BrokerError): void {
    this.#drop(item, error);
    this.#changed();
  }

  stop(error: BrokerError): void {
    this.onStop(error);
  }

  /** Resolves when everything that was sent so far, also by an earlier process, and is not held is proven; see `Broker.acked`. */
  acked(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return Promise.resolve();
    const isFinding = this.#releases && this.#keeping?.hasMore === true;
    if (isFinding || this.#behind.length > 0) {
      return quiet(this.#untilFound().then(() => this.acked()));
    }
    const moving = this.#moving;
    if (moving?.isEmpty !== false) return session.acks.proof();
    return quiet(moving.gone().then(() => session.acks.proof()));
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
      let item = this.#moving?.front;
      while (item !== undefined && this.#session?.link?.isOpen === true) {
        // It may have waited for a server that takes less than the one before.
        const refusal = this.#gate.refusal(item.bytes);
        if (isExpired(item, this.#parts.clock.now())) this.#drop(item, new BrokerError("EXPIRED"));
        else if (refusal !== undefined) this.#drop(item, refusal);
        else if (item.delivery.mayGo && this.#fits(item)) {
          this.#queue.take(item);
          item.tracked ??= this.#tracking.facts(false);
          this.#session.write(item);
        } else break;
        item = this.#moving?.front;
      }
    } finally {
      this.#isDraining = false;
    }
    this.#changed();
  }

  /**
   * True if this one can be handed over now: the socket takes it, and not too much is unproven. One larger than the
   * high-water mark goes when the socket is empty.
   */
  #fits(item: Item): boolean {
    const session = this.#session;
    if (session === undefined) return true;
    if (!session.acks.admits(item)) return false;
    const { unsent } = session;
    const { highWater, bytes: most } = this.#parts.settings.queue;
    return unsent === 0 || unsent + item.bytes <= Math.min(highWater, most);
  }

  #wait(given: Item, goes: boolean, isAnswer: boolean): Item {
    const { instruments } = this.#parts;
    const stanza = given.stanza.clone();
    const tracked = given.tracked ?? this.#tracking.facts(isAnswer);
    const expires = given.expires ?? this.#usualExpiry(given, this.#parts.clock.now());
    const item = { ...given, stanza, bytes: utf8Length(given.text), expires, tracked };
    const full = this.#bounds().admit(item.bytes);
    if (full !== undefined) {
      this.#fail(item, full);
      return item;
    }
    this.#queue.add(item);
    if (goes) this.#move(item);
    if (item.delivery instanceof KeptDelivery) this.#keeping?.add(item);
    if (instruments.has("queued")) this.#tellQueued(item.stanza, !goes, item.expires);
    return item;
  }

  #bounds(): Room {
    this.#room ??= new Room(this.#queue, this.#parts.settings.queue, this);
    return this.#room;
  }

  /** This one goes by itself, behind all that an earlier process has left. */
  #move(item: Item): void {
    if (this.#keeping?.hasMore === true && !isRequeued(item)) {
      this.#behind.push(item);
      return;
    }
    this.#moving ??= new Moving(this.#queue);
    this.#moving.push(item);
  }

  /** When a stanza expires that was given no time: a request never does, since it has a time-out. */
  #usualExpiry({ request }: Item, sent: number): number | undefined {
    const { ttl } = this.#parts.settings.queue;
    return ttl === undefined || request !== undefined ? undefined : sent + ttl;
  }

  /** Resolves when all that an earlier process has left moves, or the session is over. */
  #untilFound(): Promise<void> {
    return new Promise((resolve) => {
      this.#waitsBehind.push(resolve);
    });
  }

  #takeBehind(): readonly Item[] {
    const behind = this.#behind;
    const waits = this.#waitsBehind;
    this.#behind = [];
    this.#waitsBehind = [];
    for (const resolve of waits) resolve();
    return behind;
  }

  #tellQueued(stanza: Element, held: boolean, due: number | undefined): void {
    const { clock, instruments } = this.#parts;
    const wall = (at: number) => ({ expires: Math.round(clock.wall() + at - clock.now()) });
    instruments.stanza("queued", { stanza, held, ...(due === undefined ? {} : wall(due)) });
  }

  #findLeft(key: string): Delivery | undefined {
    const found = this.#left.find(({ delivery }) => delivery.isOpen && delivery.givenKey === key);
    return found?.delivery;
  }

  /** Takes a stanza out of the queue, and fails it. */
  #drop(item: Item, error: BrokerError): void {
    this.#queue.take(item);
    this.#fail(item, error);
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

  /** The queue or the bytes on their way have become less. */
  #changed(): void {
    this.#moving?.changed();
    this.#room?.changed();
    this.#keeping?.goOn();
  }

  #to(state: OutboxState): void {
    this.#state = step("outbox", STEPS, this.#state, state);
  }
}

/** True if this entry of the store is the one of that stanza. */
function isOf({ delivery, tracked }: Item, { sent }: StoredEntry): boolean {
  return delivery.mayGo && tracked?.sentAt === sent;
}
