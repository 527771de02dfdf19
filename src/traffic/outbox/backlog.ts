import { asBrokerError, type BrokerError } from "../../base/errors.ts";
import { type Steps, step } from "../../base/state.ts";
import type { StoredEntry } from "../../contract/store.ts";
import type { TrackedDelivery } from "../../session/delivery/delivery.ts";
import { type Item, sentBefore, unwritten } from "../../session/delivery/item.ts";
import { type DeliveryKeeper, KeptDelivery } from "../../session/delivery/kept-delivery.ts";
import { xml } from "../../xml/element.ts";
import type { TrafficParts } from "../parts.ts";
import { type Gate, readOwn } from "./gate.ts";
import { isRequeued, type StanzaQueue } from "./stanza-queue.ts";

/** How much of what the store holds is in memory at a time, beside what has no proof: stanzas, and bytes. */
const MOST_FOUND = 1_000;
const MOST_FOUND_BYTES = 1024 * 1024;

/** The outbox that a backlog belongs to. */
export interface BacklogOwner {
  /** True if a stanza with this key was written, and has no proof. */
  isWritten(key: string): boolean;
  /** An earlier process has left this one; it takes the place of `instead`, which waits. */
  found(item: Item, instead: Item | undefined): void;
  /** These go by themselves from now on. */
  release(items: readonly Item[]): void;
  /** Ends the run: the store cannot be read. */
  readonly onStop: (error: BrokerError) => void;
}

/** The life of a backlog. `unread`: the store is closed. `read`: all of it was found. */
type State = "unread" | "reading" | "read";

const STEPS: Steps<State> = {
  unread: ["reading"],
  reading: ["read", "unread"],
  read: ["unread"],
};

/**
 * The stanzas that an earlier process has left in the store. They are found as far as there is room, and new ones
 * wait behind them:
 *
 *     read ── found, found, … ── goOn ── found, … ── release (those behind)
 */
export class Backlog {
  readonly #parts: TrafficParts;
  readonly #gate: Gate;
  readonly #queue: StanzaQueue;
  readonly #owner: BacklogOwner;
  #state: State = "unread";
  /** The entries that are read. */
  #entries: AsyncIterable<StoredEntry> | undefined;
  /** Lets the reading go on. */
  #goOn: (() => void) | undefined;
  /** These go by themselves once all was found. */
  #behind: Item[] = [];
  /** Callers that wait until those behind go. */
  #waits: (() => void)[] = [];

  constructor(parts: TrafficParts, gate: Gate, queue: StanzaQueue, owner: BacklogOwner) {
    this.#parts = parts;
    this.#gate = gate;
    this.#queue = queue;
    this.#owner = owner;
  }

  /** True if an earlier process may have left more than was found. */
  get hasMore(): boolean {
    return this.#state !== "read";
  }

  /** True if a stanza cannot go at once: it is to be stored, or others go before it that are still to be found. */
  mustWait({ delivery }: Item): boolean {
    return this.hasMore || !delivery.mayGo;
  }

  /** These wait behind what is still to be found. */
  get behind(): readonly Item[] {
    return this.#behind;
  }

  /** Lets one wait behind what is still to be found. False where it need not. */
  holds(item: Item): boolean {
    const isHeld = this.hasMore && !isRequeued(item);
    if (isHeld) this.#behind.push(item);
    return isHeld;
  }

  /** Resolves when all was found and goes by itself, or the session is over. */
  passed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waits.push(resolve);
    });
  }

  /** None waits behind it any more; returns those that did. */
  takeBehind(): readonly Item[] {
    const behind = this.#behind;
    const waits = this.#waits;
    this.#behind = [];
    this.#waits = [];
    for (const resolve of waits) resolve();
    return behind;
  }

  /** The store is open: finds what it holds, but for what is over. */
  async read(entries: AsyncIterable<StoredEntry>, keeper: DeliveryKeeper): Promise<void> {
    this.#to("reading");
    this.#entries = entries;
    try {
      for await (const entry of entries) {
        if (!this.#isReading(entries)) return;
        // (It was over before the store could be told.)
        if (!keeper.isOver(entry.key)) this.#find(entry, keeper);
        if (this.#hasRoom) continue;
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
        });
        if (!this.#isReading(entries)) return;
      }
      if (!this.#isReading(entries)) return;
      this.#to("read");
      this.#owner.release(this.takeBehind());
    } catch (thrown) {
      if (this.#isReading(entries)) this.#owner.onStop(asBrokerError(thrown, "STORE_FAILED"));
    }
  }

  /** The queue has become less: goes on to read, if there is room. */
  goOn(): void {
    if (this.#goOn !== undefined && this.#hasRoom) this.#wake();
  }

  /** The store is being closed. */
  stop(): void {
    this.#to("unread");
    this.#wake();
  }

  #wake(): void {
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  get #hasRoom(): boolean {
    const { count, bytes } = this.#queue.again;
    return count < MOST_FOUND && bytes < MOST_FOUND_BYTES;
  }

  /** (A function, since the state changes while something is awaited.) */
  #isReading(entries: AsyncIterable<StoredEntry>): boolean {
    return this.#state === "reading" && this.#entries === entries;
  }

  #find(entry: StoredEntry, keeper: DeliveryKeeper): void {
    const waiting = this.#queue.get(entry.key);
    // One with its key may have been sent before the store was read; this one is older, unless it is the same.
    const isKnown =
      waiting === undefined
        ? this.#owner.isWritten(entry.key)
        : isRequeued(waiting) || isOf(waiting, entry);
    if (isKnown) return;
    this.#owner.found(this.#item(entry, keeper, waiting?.delivery), waiting);
  }

  /** Makes an item, for the delivery that a caller may have already. It has failed where the stanza cannot be sent. */
  #item(entry: StoredEntry, keeper: DeliveryKeeper, given: TrackedDelivery | undefined): Item {
    const { settings, context, clock } = this.#parts;
    const delivery = given ?? new KeptDelivery(entry.key, keeper);
    if (delivery instanceof KeptDelivery) delivery.keep();
    delivery.find();
    const { text, sent, expires, tries } = entry;
    // (The store has the wall clock's times.)
    const offset = clock.now() - clock.wall();
    const tracked = sentBefore(sent, sent + offset, Math.max(tries, 1));
    const due = expires === undefined ? undefined : expires + offset;
    try {
      const stanza = readOwn(text, { prefixes: context.prefixes });
      const from = settings.dialect.account ?? settings.dialect.domain;
      return this.#gate.again({ ...unwritten(delivery, stanza, due), tracked }, tracked, from);
    } catch (thrown) {
      delivery.fail(asBrokerError(thrown, "ILLEGAL_XML"));
      return { ...unwritten(delivery, xml(entry.kind), due), tracked };
    }
  }

  #to(state: State): void {
    this.#state = step("backlog", STEPS, this.#state, state);
  }
}

/** True if this entry of the store is the one of that stanza. */
function isOf({ delivery, tracked }: Item, { sent }: StoredEntry): boolean {
  return delivery.mayGo && tracked?.sentAt === sent;
}
