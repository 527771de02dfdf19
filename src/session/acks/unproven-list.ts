import { BrokerError } from "../../base/errors.ts";
import { Fifo } from "../../base/fifo.ts";
import type { AckedBy } from "../../contract/delivery.ts";
import type { Instruments } from "../../contract/instruments.ts";
import type { TrackedDelivery } from "../delivery/delivery.ts";
import type { Item } from "../delivery/item.ts";
import type { Unproven } from "./acks.ts";

/** How many stanzas may be unproven before `send` waits. */
export const MOST_UNPROVEN = 10_000;

/** How many bytes they may have together before `send` waits. */
export const MOST_UNPROVEN_BYTES = 16 * 1024 * 1024;

/** A stanza of the broker's own, such as a probe: it counts, and no delivery belongs to it. */
export interface OwnStanza {
  readonly delivery: undefined;
  readonly bytes: number;
}

/** A stanza that is never written again, and never told of: only its delivery is kept. */
export interface BareStanza {
  readonly delivery: TrackedDelivery;
  readonly bytes: number;
  readonly tracked: undefined;
}

/** A stanza that was written and has no proof. */
export type UnprovenEntry = Item | BareStanza | OwnStanza;

/**
 * The stanzas of a session that have no proof, in the order in which they were written: a proof counts them from the
 * front. Each costs no more than its place.
 */
export class UnprovenList {
  /** How many there are. A field, since the way out asks for it with each stanza. */
  size = 0;
  /** How many have a delivery. */
  deliveries = 0;
  /** How many were ever added. */
  added = 0;
  readonly #entries = new Fifo<UnprovenEntry>();
  /** The ping that the login wrote behind `<resumed/>`: it counts before all others, and is never written again. */
  #probe: OwnStanza | undefined;
  #bytes = 0;
  /** The deliveries whose keys the caller gave. */
  #keyed: Map<string, TrackedDelivery> | undefined;
  #suspects = 0;
  readonly #instruments: Instruments;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
  }

  /** True if this one may be written now. One that may have ended a stream goes alone, and its proof comes first. */
  admits({ tracked }: Item): boolean {
    if (this.size === 0) return true;
    if (tracked?.isSuspect === true || this.#suspects > 0) return false;
    return this.size < MOST_UNPROVEN && this.#bytes < MOST_UNPROVEN_BYTES;
  }

  /** The one with this key of the caller's. */
  find(key: string): TrackedDelivery | undefined {
    return this.#keyed?.get(key);
  }

  /** Adds one behind all others. */
  push(entry: UnprovenEntry): void {
    this.#entries.push(entry);
    this.size++;
    this.added++;
    this.#bytes += entry.bytes;
    const { delivery } = entry;
    if (delivery === undefined) return;
    this.deliveries++;
    delivery.isTracked = true;
    if (delivery.givenKey !== undefined) {
      this.#keyed ??= new Map();
      this.#keyed.set(delivery.givenKey, delivery);
    }
    if (entry.tracked?.isSuspect === true) this.#suspects++;
  }

  /** The first so many are proven. */
  prove(count: number, by: AckedBy): void {
    const told: Item[] = [];
    for (const entry of this.#take(count)) {
      const isProven = entry.delivery !== undefined && this.#proves(entry.delivery, by);
      if (isProven && entry.tracked !== undefined) told.push(entry);
    }
    // All of them are proven before any is told of, since a listener may end the session.
    for (const { delivery, stanza } of told) this.#instruments.tell(delivery, stanza);
  }

  /** All are proven that were among the first so many ever added. */
  proveUpTo(added: number, by: AckedBy): void {
    this.prove(added - (this.added - this.size), by);
  }

  /** No proof is to be had of these: `acked()` rejects, and the oldest are let go as long as they are too many. */
  cannotProve(error: BrokerError): void {
    for (const { delivery } of this.#entries.all()) delivery?.cannotProve(error);
    this.letGo(error);
  }

  /** Lets the oldest go as long as they are too many, since no proof is to be had. */
  letGo(cause: BrokerError): void {
    while (this.size > MOST_UNPROVEN || this.#bytes > MOST_UNPROVEN_BYTES) {
      const entry = this.#shift();
      if (entry?.delivery?.isOpen !== true) continue;
      const detail = "too many stanzas wait for a proof, and none is to be had";
      entry.delivery.fail(new BrokerError("ACK_UNAVAILABLE", detail, { cause }));
      this.#instruments.delivery(entry.delivery, itemOf(entry)?.stanza);
    }
  }

  /** Takes all that have a delivery, oldest first. */
  takeAll(): Unproven[] {
    return this.#take(this.size).flatMap((entry) =>
      entry.delivery === undefined ? [] : [{ delivery: entry.delivery, item: itemOf(entry) }],
    );
  }

  /**
   * The session goes on over a new link. Stanzas of the broker's own are forgotten: they were about the old link, and
   * the server has not counted them. In front of the others is the probe that the login writes now.
   */
  begin(probe: OwnStanza): void {
    this.#entries.keep(isKept);
    this.#bytes = this.items().reduce((sum, { bytes }) => sum + bytes, 0);
    this.#probe = probe;
    this.size = this.#entries.size + 1;
  }

  /** All of them, oldest first; they stay. */
  all(): readonly UnprovenEntry[] {
    return this.#probe === undefined ? this.#entries.all() : [this.#probe, ...this.#entries.all()];
  }

  /** Entries that can be written again, oldest first; they stay. */
  items(): readonly Item[] {
    return this.#entries.all().filter(isKept);
  }

  /** Takes so many, oldest first. */
  #take(count: number): UnprovenEntry[] {
    const taken: UnprovenEntry[] = [];
    while (taken.length < count) {
      const entry = this.#shift();
      if (entry === undefined) break;
      taken.push(entry);
    }
    return taken;
  }

  #shift(): UnprovenEntry | undefined {
    const entry = this.#probe ?? this.#entries.shift();
    if (entry === undefined) return undefined;
    this.#probe = undefined;
    this.size--;
    this.#bytes -= entry.bytes;
    const { delivery } = entry;
    if (delivery === undefined) return entry;
    this.deliveries--;
    if (delivery.givenKey !== undefined) this.#keyed?.delete(delivery.givenKey);
    if (entry.tracked?.isSuspect === true) this.#suspects--;
    return entry;
  }

  /** Proves a delivery and counts that, and tells of nothing; false where it was settled before. */
  #proves(delivery: TrackedDelivery, by: AckedBy): boolean {
    const { deliveries } = this.#instruments.stats;
    // The proof of the server may be read before the system's own report.
    if (delivery.isHanded) {
      delivery.take();
      deliveries.written++;
    }
    if (!delivery.isOpen) return false;
    delivery.prove(by);
    deliveries.acked++;
    return true;
  }
}

/** The stanza to send again, and to tell of; `undefined` where only a proof was asked for. */
function itemOf(entry: UnprovenEntry): Item | undefined {
  return entry.delivery === undefined || entry.tracked === undefined ? undefined : entry;
}

/** True if an entry can be written again. */
export const isKept = (entry: UnprovenEntry): entry is Item => "text" in entry;
