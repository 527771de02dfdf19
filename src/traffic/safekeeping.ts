import { nothing } from "../base/abort.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { type Steps, step } from "../base/state.ts";
import type { OutboxStore, StoredEntry } from "../contract/store.ts";
import type { Item } from "../session/item.ts";
import { type DeliveryKeeper, KeptDelivery } from "../session/kept-delivery.ts";
import type { ElementWriter } from "../stream/framing.ts";
import type { TrafficParts } from "./parts.ts";

/** The outbox whose stanzas a store keeps. */
export interface SafekeepingOwner {
  /** True if more of what was found can be taken; if not, `goOn` tells when. */
  readonly hasRoom: boolean;
  /** An earlier process has left this stanza. */
  found(entry: StoredEntry): void;
  /** All that an earlier process has left was found. */
  allFound(): void;
  /** The store has these, or lets them go without it: they may go to the wire. */
  mayGo(): void;
  /** The store has not taken this one, and it does not go. */
  refused(item: Item, error: BrokerError): void;
  /** The store has failed, and the program wants the broker to stop then. */
  stop(error: BrokerError): void;
}

/**
 * The life of the store. `visiting`: it is being opened only to remove what is over, and closed again then. `reading`:
 * it is open, and what an earlier process has left is not all found.
 */
type State = "closed" | "visiting" | "opening" | "reading" | "open" | "closing";

const STEPS: Steps<State> = {
  closed: ["visiting", "opening"],
  visiting: ["opening", "closing", "closed"],
  opening: ["reading", "closed"],
  reading: ["open", "closing"],
  open: ["closing"],
  closing: ["closed"],
};

/**
 * The store of an outbox at work:
 *
 *     send ── add ── append (all of a turn) ── mayGo ── the wire ── proof ── over ── remove (all of a turn)
 *     open ── found, found, … as far as there is room ── allFound
 */
export class Safekeeping implements DeliveryKeeper {
  readonly #parts: TrafficParts;
  readonly #store: OutboxStore;
  readonly #write: ElementWriter;
  readonly #owner: SafekeepingOwner;
  #state: State = "closed";
  /** The step that is under way: opening or closing. */
  #step: Promise<void> = Promise.resolve();
  /** To be appended, and to be removed. */
  #added: Item[] = [];
  #over = new Set<string>();
  #working: Promise<void> | undefined;
  /** Lets the reading of what was found go on. */
  #goOn: (() => void) | undefined;
  /** The entries that are read. */
  #entries: AsyncIterable<StoredEntry> | undefined;
  /** Rejects the call that is under way. */
  #giveUp: (error: BrokerError) => void = nothing;
  /** The store has not answered in time, and no call waits for it. */
  #late: BrokerError | undefined;

  constructor(
    parts: TrafficParts,
    store: OutboxStore,
    write: ElementWriter,
    owner: SafekeepingOwner,
  ) {
    this.#parts = parts;
    this.#store = store;
    this.#write = write;
    this.#owner = owner;
  }

  get isOpen(): boolean {
    return this.#state === "reading" || this.#state === "open";
  }

  get #isWritable(): boolean {
    return this.isOpen || this.#state === "closing";
  }

  /** True if an earlier process may have left more than was found. */
  get hasMore(): boolean {
    return this.#state !== "open";
  }

  /** True if a stanza cannot go at once: it is to be stored, or others go before it that are still to be found. */
  mustWait({ delivery }: Item): boolean {
    return this.#state !== "open" || !delivery.mayGo;
  }

  /** Opens the store. Ends in the codes `STORE_…`. */
  open(): Promise<void> {
    if (this.#state === "closing") return this.#step.then(() => this.open());
    if (this.#state === "closed") this.#step = this.#open("opening");
    else if (this.#state === "visiting") this.#to("opening");
    return this.#step;
  }

  /**
   * Closes the store once everything is written. A store that has not answered after `timeouts.shutdown` is given up:
   * its calls end in `STORE_FAILED`. `undefined`: it was not open.
   */
  close(): Promise<void> | undefined {
    if (this.#state === "closed") return undefined;
    if (this.#state === "opening" || this.#state === "visiting") {
      return this.#inTime(this.#step.catch(nothing)).then(() => this.close());
    }
    if (this.#state !== "closing") this.#step = this.#inTime(this.#close());
    return this.#step;
  }

  /** This one is stored, together with all others of this turn. */
  add(item: Item): void {
    this.#added.push(item);
    this.#wake();
  }

  over({ key, isKept }: KeptDelivery): void {
    if (!isKept) return;
    this.#over.add(key);
    if (this.isOpen) this.#wake();
    else if (this.#state === "closed") this.#visit();
  }

  /** There is room for more of what was found. */
  goOn(): void {
    if (this.#goOn === undefined || !this.#owner.hasRoom) return;
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn();
  }

  /** Opens the store that is closed, removes what is over, and closes it again, unless somebody needs it by then. */
  #visit(): void {
    this.#step = this.#inTime(this.#open("visiting"));
    this.#step.catch((error: unknown) => {
      this.#report(error);
    });
  }

  async #open(state: "opening" | "visiting"): Promise<void> {
    this.#to(state);
    const { dialect } = this.#parts.settings;
    const identity = `${dialect.name} ${dialect.account ?? dialect.domain}`;
    let opening: ReturnType<OutboxStore["open"]> | undefined;
    let entries: AsyncIterable<StoredEntry>;
    try {
      ({ entries } = await this.#call(() => (opening = this.#store.open(identity))));
    } catch (thrown) {
      this.#to("closed");
      // Where it opens after all, nobody uses it.
      if (this.#late !== undefined) void opening?.then(() => this.#store.close()).catch(nothing);
      throw asBrokerError(thrown, "STORE_FAILED");
    }
    if (this.#isVisiting) {
      await this.#close();
      return;
    }
    this.#to("reading");
    this.#entries = entries;
    if (this.#over.size > 0) this.#wake();
    void this.#read(entries);
  }

  async #read(entries: AsyncIterable<StoredEntry>): Promise<void> {
    try {
      for await (const entry of entries) {
        if (!this.#isReading(entries)) return;
        // (It was over before the store could be told.)
        if (!this.#over.has(entry.key)) this.#owner.found(entry);
        if (this.#owner.hasRoom) continue;
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
        });
        if (!this.#isReading(entries)) return;
      }
      if (!this.#isReading(entries)) return;
      this.#to("open");
      this.#owner.allFound();
    } catch (thrown) {
      if (this.#isReading(entries)) this.#owner.stop(asBrokerError(thrown, "STORE_FAILED"));
    }
  }

  /** (Functions, since the state changes while something is awaited.) */
  get #isVisiting(): boolean {
    return this.#state === "visiting";
  }

  #isReading(entries: AsyncIterable<StoredEntry>): boolean {
    return this.#state === "reading" && this.#entries === entries;
  }

  /** A call of the store. It ends at the latest when the store is given up. */
  #call<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      Promise.resolve(call()).then(resolve, reject);
      if (this.#late !== undefined) reject(this.#late);
    });
  }

  /** Waits for the work with the store. Gives the store up where it has not answered in time. */
  async #inTime(work: Promise<void>): Promise<void> {
    const { clock, settings } = this.#parts;
    const { shutdown } = settings.timeouts;
    const stopTimer = clock.after(shutdown, () => {
      this.#late = new BrokerError("STORE_FAILED", `no answer of the store in ${shutdown} ms`);
      this.#giveUp(this.#late);
    });
    try {
      await work;
    } finally {
      stopTimer();
      this.#late = undefined;
    }
  }

  async #close(): Promise<void> {
    this.#to("closing");
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
    await this.#working;
    while (this.#over.size > 0) await this.#remove();
    try {
      await this.#call(() => this.#store.close());
    } catch (thrown) {
      this.#report(thrown);
    }
    this.#to("closed");
    if (this.#added.length > 0) this.#wake();
    else if (this.#over.size > 0) this.#visit();
  }

  #wake(): void {
    if (this.#state !== "closing") this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // The stanzas of this turn are stored together.
    await Promise.resolve();
    while (this.#added.length > 0 || (this.#isWritable && this.#over.size > 0)) {
      // A key that is over may be in use again: its old entry goes first.
      if (this.#isWritable && this.#over.size > 0) await this.#remove();
      if (this.#added.length > 0) await this.#append();
    }
    this.#working = undefined;
  }

  async #append(): Promise<void> {
    let items: readonly Item[] = this.#added;
    this.#added = [];
    try {
      if (this.#state !== "closing") await this.open();
      // Some may have been taken back meanwhile, or found in the store.
      items = items.filter(({ delivery }) => !delivery.isOver && !delivery.mayGo);
      if (items.length > 0) {
        const entries = items.map((item) => this.#entry(item));
        await this.#call(() => this.#store.append(entries));
      }
    } catch (thrown) {
      this.#failed(items, asBrokerError(thrown, "STORE_FAILED"));
      return;
    }
    for (const { delivery } of items) {
      if (delivery instanceof KeptDelivery) delivery.keep();
      // It was taken back while it was being stored.
      if (delivery.isOver) this.#over.add(delivery.key);
    }
    this.#owner.mayGo();
  }

  /** The store did not take these. It says itself what is to be done then. */
  #failed(items: readonly Item[], error: BrokerError): void {
    const { onFailure } = this.#store;
    this.#parts.instruments.stats.failed(error);
    if (onFailure === "memory" && this.isOpen) {
      for (const { delivery } of items) if (delivery instanceof KeptDelivery) delivery.keep(error);
      this.#owner.mayGo();
      return;
    }
    for (const item of items) if (!item.delivery.isOver) this.#owner.refused(item, error);
    if (onFailure === "stop" && this.isOpen) this.#owner.stop(error);
  }

  async #remove(): Promise<void> {
    const keys = [...this.#over];
    try {
      await this.#call(() => this.#store.remove(keys));
    } catch (thrown) {
      // They are sent again at the next start, with their ids.
      this.#report(thrown);
    }
    for (const key of keys) this.#over.delete(key);
  }

  #entry({ delivery, stanza, text, expires, tracked }: Item): StoredEntry {
    const { settings, clock } = this.#parts;
    const sent = tracked?.sentAt ?? clock.wall();
    return {
      key: delivery.key,
      kind: stanza.name,
      text: settings.dialect.outbound === undefined ? text : this.#write(stanza),
      sent,
      ...(expires === undefined
        ? undefined
        : { expires: Math.round(clock.wall() + expires - clock.now()) }),
      tries: tracked?.tries ?? 0,
    };
  }

  /** Tells of a call of the store that failed, where no delivery can tell. */
  #report(thrown: unknown): void {
    this.#parts.instruments.failed(asBrokerError(thrown, "STORE_FAILED"), "the store");
  }

  #to(state: State): void {
    this.#state = step("store", STEPS, this.#state, state);
  }
}
