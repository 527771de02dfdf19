import { Fifo } from "../../base/fifo.ts";
import type { TrackedDelivery } from "../delivery.ts";
import type { Item } from "../item.ts";
import type { Unproven } from "./acks.ts";
import { MOST_UNPROVEN, MOST_UNPROVEN_BYTES } from "./unproven-list.ts";

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

/** A stanza that was written and is not acknowledged. */
export type UnackedEntry = Item | BareStanza | OwnStanza;

/**
 * The stanzas of a session that the server has not acknowledged (XEP-0198, 4), in the order in which they were
 * written: an `h` counts them from the front. Each costs no more than its place.
 */
export class UnackedList {
  readonly #entries = new Fifo<UnackedEntry>();
  /** The ping that the login wrote behind `<resumed/>`: it counts before all others, and is never written again. */
  #probe: OwnStanza | undefined;
  #bytes = 0;
  #deliveries = 0;
  /** The deliveries whose keys the caller gave. */
  #keyed: Map<string, TrackedDelivery> | undefined;
  #suspects = 0;

  /** How many there are. */
  get size(): number {
    return this.#entries.size + (this.#probe === undefined ? 0 : 1);
  }

  /** How many of them have a delivery. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** True if one of them may have ended a stream: then nothing else goes before its proof. */
  get hasSuspect(): boolean {
    return this.#suspects > 0;
  }

  /** True if they are as many as may wait, or as large. */
  get isFull(): boolean {
    return this.#entries.size >= MOST_UNPROVEN || this.#bytes >= MOST_UNPROVEN_BYTES;
  }

  /** The one with this key of the caller's. */
  find(key: string): TrackedDelivery | undefined {
    return this.#keyed?.get(key);
  }

  /** Adds one behind all others. */
  push(entry: UnackedEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    const { delivery } = entry;
    if (delivery === undefined) return;
    this.#deliveries++;
    if (delivery.givenKey !== undefined) {
      this.#keyed ??= new Map();
      this.#keyed.set(delivery.givenKey, delivery);
    }
    if (entry.tracked?.isSuspect === true) this.#suspects++;
  }

  /** Takes the oldest. */
  shift(): UnackedEntry | undefined {
    if (this.#probe !== undefined) {
      const probe = this.#probe;
      this.#probe = undefined;
      return probe;
    }
    const entry = this.#entries.shift();
    if (entry === undefined) return undefined;
    this.#bytes -= entry.bytes;
    const { delivery } = entry;
    if (delivery === undefined) return entry;
    this.#deliveries--;
    if (delivery.givenKey !== undefined) this.#keyed?.delete(delivery.givenKey);
    if (entry.tracked?.isSuspect === true) this.#suspects--;
    return entry;
  }

  /** Takes so many, oldest first. */
  take(count: number): UnackedEntry[] {
    const taken: UnackedEntry[] = [];
    while (taken.length < count) {
      const entry = this.shift();
      if (entry === undefined) break;
      taken.push(entry);
    }
    return taken;
  }

  /**
   * The session goes on over a new link. Stanzas of the broker's own are forgotten: they were about the old link, and
   * the server has not counted them. In front of the others is the probe that the login writes now.
   */
  begin(probe: OwnStanza): void {
    this.#entries.keep(isKept);
    this.#bytes = this.items().reduce((sum, { bytes }) => sum + bytes, 0);
    this.#probe = probe;
  }

  /** All of them, oldest first; they stay. */
  all(): readonly UnackedEntry[] {
    return this.#probe === undefined ? this.#entries.all() : [this.#probe, ...this.#entries.all()];
  }

  /** Entries that can be written again, oldest first; they stay. */
  items(): readonly Item[] {
    return this.#entries.all().filter(isKept);
  }
}

/** An entry, as it is left behind; a stanza of the broker's own is forgotten. */
export function unproven(entry: UnackedEntry): Unproven[] {
  if (entry.delivery === undefined) return [];
  const { delivery, tracked } = entry;
  return [{ delivery, item: tracked === undefined ? undefined : entry }];
}

/** True if an entry can be written again. */
export const isKept = (entry: UnackedEntry): entry is Item => "text" in entry;
