import { BrokerError } from "../../base/errors.ts";
import { Fifo } from "../../base/fifo.ts";
import type { AckedBy } from "../../contract/delivery.ts";
import type { Instruments } from "../../contract/instruments.ts";
import type { TrackedDelivery } from "../delivery.ts";
import type { Item } from "../item.ts";
import type { Unproven } from "./acks.ts";
import { proves } from "./proves.ts";

/** How many deliveries may be unproven before `send` waits. */
export const MOST_UNPROVEN = 10_000;

/** How many bytes may be written from the oldest unproven delivery on before `send` waits. */
export const MOST_UNPROVEN_BYTES = 16 * 1024 * 1024;

/** The bounds of a group where no ping ends it: deliveries are let go by the place of the first of their group. */
const GROUP_SIZE = 64;
const GROUP_BYTES = 256 * 1024;

/** The deliveries that were handed over between two pings. */
interface Group {
  readonly deliveries: Fifo<TrackedDelivery>;
  /** The bytes handed over with the first of them. */
  readonly from: number;
  /** The bytes handed over before the ping behind them; infinite while there is none. */
  upTo: number;
}

/**
 * The tracked deliveries of a session that have no proof, in the order in which they were handed over. They are kept
 * in groups, one for each ping, so that each costs no more than its place in a list.
 */
export class UnprovenList {
  /** How many there are. A field, since the way out asks for it with each stanza. */
  size = 0;
  /** Oldest first. */
  readonly #groups: Group[] = [];
  /** The last group, while no ping is behind it. */
  #latest: Group | undefined;
  /** The stanzas that are kept. */
  #items: Map<TrackedDelivery, Item> | undefined;
  /** The deliveries whose keys the caller gave. */
  #keyed: Map<string, TrackedDelivery> | undefined;
  #suspects = 0;
  readonly #instruments: Instruments;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  /** True if one of them may have ended a stream: then nothing else goes before its proof. */
  get hasSuspect(): boolean {
    return this.#suspects > 0;
  }

  /** True if they are too many, or reach too far back from so many bytes handed over. */
  isFull(handed: number): boolean {
    return this.size >= MOST_UNPROVEN || this.#reach(handed) >= MOST_UNPROVEN_BYTES;
  }

  /** The one with this key of the caller's. */
  find(key: string): TrackedDelivery | undefined {
    return this.#keyed?.get(key);
  }

  /** Adds one behind all others. `at`: the bytes handed over with it; `item`: set if the stanza is to be kept. */
  add(delivery: TrackedDelivery, at: number, item: Item | undefined): void {
    delivery.isTracked = true;
    const group = this.#latest ?? this.#begin(at);
    group.deliveries.push(delivery);
    this.size++;
    if (delivery.givenKey !== undefined) {
      this.#keyed ??= new Map();
      this.#keyed.set(delivery.givenKey, delivery);
    }
    if (item === undefined) return;
    this.#items ??= new Map();
    this.#items.set(delivery, item);
    if (item.tracked?.isSuspect === true) this.#suspects++;
  }

  /** A ping leaves behind all of them; so many bytes had been handed over before it. */
  asked(upTo: number): void {
    if (this.#latest !== undefined) this.#latest.upTo = upTo;
    this.#latest = undefined;
  }

  /** A proof has arrived of everything up to so many bytes, which end before a ping. */
  prove(upTo: number, by: AckedBy): void {
    // (A listener may end the session, which takes the groups that are left.)
    for (let group = this.#oldest(); group !== undefined; group = this.#oldest()) {
      if (group.upTo > upTo) return;
      this.#groups.shift();
      const deliveries = group.deliveries.takeAll();
      this.size -= deliveries.length;
      const isBare = this.#items === undefined && this.#keyed === undefined;
      const told: [TrackedDelivery, Item][] = [];
      for (const delivery of deliveries) {
        const item = isBare ? undefined : this.#forget(delivery);
        const isProven = proves(delivery, by, this.#instruments);
        if (isProven && item !== undefined) told.push([delivery, item]);
      }
      // All of them are proven before any is told of, since a listener may end the session.
      for (const [delivery, { stanza }] of told) this.#instruments.tell(delivery, stanza);
    }
  }

  /** No proof is to be had of these: `acked()` rejects, and the oldest are let go as long as they are too many. */
  cannotProve(error: BrokerError, handed: number): void {
    for (const delivery of this.#all()) delivery.cannotProve(error);
    this.letGo(handed);
  }

  /** Lets the oldest go as long as they are too many. Without pings it is this that begins a new group at times. */
  letGo(handed: number): void {
    const { deliveries, from = handed } = this.#latest ?? {};
    if ((deliveries?.size ?? 0) >= GROUP_SIZE || handed - from >= GROUP_BYTES) this.asked(handed);
    while (this.size > MOST_UNPROVEN || this.#reach(handed) > MOST_UNPROVEN_BYTES) {
      const delivery = this.#shift();
      if (delivery === undefined) return;
      const item = this.#forget(delivery);
      if (!delivery.isOpen) continue;
      const detail = "too many stanzas wait for a proof, and none is to be had";
      delivery.fail(new BrokerError("ACK_UNAVAILABLE", detail));
      this.#instruments.delivery(delivery, item?.stanza);
    }
  }

  /** Takes all, oldest first. */
  takeAll(): Unproven[] {
    const all = this.#all().map((delivery) => ({ delivery, item: this.#items?.get(delivery) }));
    this.#groups.length = 0;
    this.#latest = undefined;
    this.size = 0;
    this.#items = undefined;
    this.#keyed = undefined;
    this.#suspects = 0;
    return all;
  }

  #begin(at: number): Group {
    const upTo = Number.POSITIVE_INFINITY;
    const group = { deliveries: new Fifo<TrackedDelivery>(), from: at, upTo };
    this.#groups.push(group);
    this.#latest = group;
    return group;
  }

  #oldest(): Group | undefined {
    return this.#groups[0];
  }

  #all(): TrackedDelivery[] {
    return this.#groups.flatMap(({ deliveries }) => deliveries.all());
  }

  /** Takes the oldest delivery, with its group if that is empty then. */
  #shift(): TrackedDelivery | undefined {
    const group = this.#oldest();
    const delivery = group?.deliveries.shift();
    if (delivery !== undefined) this.size--;
    if (group?.deliveries.size === 0) {
      this.#groups.shift();
      if (group === this.#latest) this.#latest = undefined;
    }
    return delivery;
  }

  /** How many bytes were handed over behind the first of the oldest group. */
  #reach(handed: number): number {
    const oldest = this.#oldest();
    return oldest === undefined ? 0 : handed - oldest.from;
  }

  /** Forgets what is kept of a delivery beside its place, and returns the item of its stanza. */
  #forget(delivery: TrackedDelivery): Item | undefined {
    if (this.#keyed !== undefined && delivery.givenKey !== undefined) {
      this.#keyed.delete(delivery.givenKey);
    }
    const item = this.#items?.get(delivery);
    if (item === undefined) return undefined;
    this.#items?.delete(delivery);
    if (item.tracked?.isSuspect === true) this.#suspects--;
    return item;
  }
}
