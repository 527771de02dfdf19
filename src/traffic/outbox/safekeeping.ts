import { nothing } from "../../base/abort.ts";
import { onTheWall } from "../../base/clock.ts";
import { asBrokerError, BrokerError } from "../../base/errors.ts";
import { type Steps, step } from "../../base/state.ts";
import type { OutboxStore, StoredEntry } from "../../contract/store.ts";
import type { Item } from "../../session/delivery/item.ts";
import { type DeliveryKeeper, KeptDelivery } from "../../session/delivery/kept-delivery.ts";
import type { ElementWriter } from "../../stream/framing.ts";
import type { TrafficParts } from "../parts.ts";
import type { Backlog } from "./backlog.ts";

/** The outbox whose stanzas a store keeps. */
export interface SafekeepingOwner {
  /** The store has these, or lets them go without it: they may go to the wire. */
  drain(): void;
  /** The store has not taken this one, and it does not go. */
  refused(item: Item, error: BrokerError): void;
  /** Ends the run: the store has failed, and the program wants that. */
  readonly onStop: (error: BrokerError) => void;
}

/** The life of the store. `visiting`: it is being opened only to remove what is over, and is closed again then. */
type State = "closed" | "visiting" | "opening" | "open" | "closing";

const STEPS: Steps<State> = {
  closed: ["visiting", "opening"],
  visiting: ["opening", "closing", "closed"],
  opening: ["open", "closed"],
  open: ["closing"],
  closing: ["closed"],
};

/**
 * The store of an outbox at work:
 *
 *     send ── add ── append (all of a turn) ── drain ── the wire ── proof ── over ── remove (all of a turn)
 */
export class Safekeeping implements DeliveryKeeper {
  readonly #parts: TrafficParts;
  readonly #store: OutboxStore;
  readonly #write: ElementWriter;
  readonly #backlog: Backlog;
  readonly #owner: SafekeepingOwner;
  #state: State = "closed";
  /** The step that is under way: opening or closing. */
  #step: Promise<void> = Promise.resolve();
  /** To be appended, and to be removed. */
  #added: Item[] = [];
  #over = new Set<string>();
  #working: Promise<void> | undefined;
  /** Rejects the call that is under way. */
  #giveUp: (error: BrokerError) => void = nothing;
  /** The store has not answered in time, and no call waits for it. */
  #late: BrokerError | undefined;

  constructor(
    parts: TrafficParts,
    store: OutboxStore,
    write: ElementWriter,
    backlog: Backlog,
    owner: SafekeepingOwner,
  ) {
    this.#parts = parts;
    this.#store = store;
    this.#write = write;
    this.#backlog = backlog;
    this.#owner = owner;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get #isWritable(): boolean {
    return this.isOpen || this.#state === "closing";
  }

  isOver(key: string): boolean {
    return this.#over.has(key);
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
    this.#to("open");
    if (this.#over.size > 0) this.#wake();
    void this.#backlog.read(entries, this);
  }

  /** (A function, since the state changes while something is awaited.) */
  get #isVisiting(): boolean {
    return this.#state === "visiting";
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
    if (this.isOpen) this.#backlog.stop();
    this.#to("closing");
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
    this.#owner.drain();
  }

  /** The store did not take these. It says itself what is to be done then. */
  #failed(items: readonly Item[], error: BrokerError): void {
    const { onFailure } = this.#store;
    this.#parts.instruments.stats.failed(error);
    if (onFailure === "memory" && this.isOpen) {
      for (const { delivery } of items) if (delivery instanceof KeptDelivery) delivery.keep(error);
      this.#owner.drain();
      return;
    }
    for (const item of items) if (!item.delivery.isOver) this.#owner.refused(item, error);
    if (onFailure === "stop" && this.isOpen) this.#owner.onStop(error);
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
      ...(expires === undefined ? undefined : { expires: onTheWall(clock, expires) }),
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
