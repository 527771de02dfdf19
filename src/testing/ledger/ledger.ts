import { BrokerError } from "../../base/errors.ts";
import type { DeliveryState } from "../../contract/delivery.ts";

/** The part of a `Delivery` that a ledger looks at. */
export interface LedgerDelivery {
  /** The state; read when a verdict is asked for. */
  readonly state: DeliveryState;
}

/** A rule that a delivery can break. */
export type LedgerRule =
  /** It said `acked` and never arrived. */
  | "falseAcked"
  /** It said `failed` or `expired`, and arrived. */
  | "falseFailed"
  /** It arrived more than once. */
  | "doubled"
  /** It arrived for the first time after one that was sent later. */
  | "outOfOrder"
  /** It still says `queued` or `written`. */
  | "notFinal"
  /** It arrived, and nothing of that key was sent. */
  | "foreign";

/** The findings of a ledger. The counts are of keys, not of arrivals. */
export interface Verdict extends Readonly<Record<LedgerRule, number>> {
  /** Deliveries that were sent. */
  readonly sent: number;
  /** The sent stanzas that arrived at least once. */
  readonly arrived: number;
  /** The sent stanzas that never arrived, though they did not say `failed` or `expired`. No rule forbids it to `unknown`. */
  readonly lost: number;
  /** How many said each state. */
  readonly states: Readonly<Record<DeliveryState, number>>;
  /** True if every rule was kept: all counts of `LedgerRule` are 0. */
  readonly isTrue: boolean;
  /** The first 20 keys that broke each rule. */
  readonly broken: Readonly<Record<LedgerRule, readonly string[]>>;
}

/** The most deliveries that a ledger holds, and the most foreign keys. */
const MOST = 4_000_000;

/** How many keys a verdict names for each rule. */
const NAMED = 20;

interface Entry {
  readonly delivery: LedgerDelivery;
  readonly place: number;
  arrivals: number;
  isLate: boolean;
}

/**
 * Compares the states of a sender's deliveries with the arrivals at one receiver. The sender's
 * connection may be cut; the receiver's must not be. Ask for the verdict when nothing can arrive any
 * more. The rules:
 *
 * - `acked`: it arrived, once.
 * - `failed`, `expired`: it never arrived.
 * - `unknown`: it arrived at most once.
 * - The first arrivals came in the order of sending.
 * - Every delivery is final in the end: neither `queued` nor `written`.
 *
 * A sender that acknowledges too early is seen only where it never comes back (an amputation): a
 * resumed session repairs the lie. Where a sender requeues, `doubled` counts the repeats.
 *
 * @example
 * const ledger = new Ledger();
 * ledger.sent("1", broker.send(stanza));
 * receiver.filter("/message", ({ stanza }) => ledger.arrived(stanza.attrs.id));
 * ledger.verdict().isTrue;
 */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Keys that have arrived and were not sent, and how often. */
  readonly #foreign = new Map<string, number>();
  /** The highest place of a delivery that has arrived. */
  #latest = -1;

  /**
   * Enters a delivery under a key that names it alone, in the order of sending. The same delivery may
   * be entered again. Ends in `BAD_OPTION` for a key that another one has, and in `POLICY_VIOLATION`
   * beyond 4,000,000 deliveries.
   */
  sent(key: string, delivery: LedgerDelivery): void {
    const before = this.#entries.get(key);
    if (before !== undefined && before.delivery !== delivery) {
      throw new BrokerError("BAD_OPTION", `key must name one delivery, got ${key} twice`);
    }
    if (before !== undefined) return;
    if (this.#entries.size >= MOST) throw full();
    const entry = { delivery, place: this.#entries.size, arrivals: 0, isLate: false };
    this.#entries.set(key, entry);
    const early = this.#foreign.get(key) ?? 0;
    this.#foreign.delete(key);
    for (let arrival = 0; arrival < early; arrival++) this.arrived(key);
  }

  /**
   * Enters an arrival at the receiver. A key that has not been sent counts as foreign, until it is.
   * Ends in `POLICY_VIOLATION` beyond 4,000,000 foreign keys.
   */
  arrived(key: string | undefined): void {
    const name = key ?? "";
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      if (this.#foreign.size >= MOST) throw full();
      this.#foreign.set(name, (this.#foreign.get(name) ?? 0) + 1);
      return;
    }
    entry.arrivals++;
    if (entry.arrivals > 1) return;
    entry.isLate = entry.place < this.#latest;
    this.#latest = Math.max(this.#latest, entry.place);
  }

  /** The verdict as of now. The states are read anew each time. */
  verdict(): Verdict {
    const broken: Record<LedgerRule, string[]> = {
      falseAcked: [],
      falseFailed: [],
      doubled: [],
      outOfOrder: [],
      notFinal: [],
      foreign: [...this.#foreign.keys()],
    };
    const states = { queued: 0, written: 0, acked: 0, unknown: 0, failed: 0, expired: 0 };
    let arrived = 0;
    let lost = 0;
    for (const [key, { delivery, arrivals, isLate }] of this.#entries) {
      const { state } = delivery;
      states[state]++;
      const isRefused = state === "failed" || state === "expired";
      if (arrivals > 0) arrived++;
      else if (!isRefused) lost++;
      if (state === "acked" && arrivals === 0) broken.falseAcked.push(key);
      if (isRefused && arrivals > 0) broken.falseFailed.push(key);
      if (arrivals > 1) broken.doubled.push(key);
      if (isLate) broken.outOfOrder.push(key);
      if (state === "queued" || state === "written") broken.notFinal.push(key);
    }
    return Object.freeze({
      ...{ sent: this.#entries.size, arrived, lost, states },
      ...each(broken, (keys) => keys.length),
      isTrue: Object.values(broken).every((keys) => keys.length === 0),
      broken: each(broken, (keys): readonly string[] => keys.slice(0, NAMED)),
    });
  }
}

/** The same of the keys of each rule. */
function each<T>(
  { falseAcked, falseFailed, doubled, outOfOrder, notFinal, foreign }: Record<LedgerRule, string[]>,
  of: (keys: string[]) => T,
): Record<LedgerRule, T> {
  return {
    falseAcked: of(falseAcked),
    falseFailed: of(falseFailed),
    doubled: of(doubled),
    outOfOrder: of(outOfOrder),
    notFinal: of(notFinal),
    foreign: of(foreign),
  };
}

const full = (): BrokerError =>
  new BrokerError("POLICY_VIOLATION", `a ledger holds ${MOST.toLocaleString("en-US")} keys`);
