import { quiet } from "../../base/deferred.ts";
import { BrokerError, isBrokerError } from "../../base/errors.ts";
import {
  type AckedBy,
  type Delivery,
  type DeliveryState,
  OWN_KEY,
} from "../../contract/delivery.ts";
import { afterEvent, DELIVERY_EVENTS, PLACES } from "./delivery-steps.ts";

const QUEUED = PLACES.indexOf("queued");
const HANDED = PLACES.indexOf("handed");
const WRITTEN = PLACES.indexOf("written");
const REQUEUED = PLACES.indexOf("requeued");
const ACKED = PLACES.indexOf("acked");

/** The state that each place shows as. */
const SHOWN = PLACES.map((place): DeliveryState => {
  return place === "handed" || place === "requeued" ? "queued" : place;
});

/** The session that a stanza was handed over to: it is asked for a proof. */
export interface Keeper {
  /** The program wants to know whether the server has handled this one. */
  ask(delivery: TrackedDelivery): void;
}

interface Waiter {
  readonly until: "written" | "acked";
  readonly resolve: () => void;
  readonly reject: (error: BrokerError) => void;
}

/** The broker's side of a delivery. */
export class TrackedDelivery implements Delivery {
  /** The caller's key, or the number of the broker's own. */
  readonly #name: string | number;
  #place = QUEUED;
  /** The fact that goes with the place: its session while it is open, then the proof, or the error. */
  #fact: Keeper | AckedBy | BrokerError | undefined;
  #waiters: Waiter[] | undefined;
  /** True if its session waits for a proof of it. */
  isTracked = false;

  constructor(name: string | number) {
    this.#name = name;
  }

  get key(): string {
    return typeof this.#name === "string" ? this.#name : `${OWN_KEY}${this.#name}`;
  }

  /** The key, if the caller gave it. */
  get givenKey(): string | undefined {
    return typeof this.#name === "string" ? this.#name : undefined;
  }

  get state(): DeliveryState {
    return SHOWN[this.#place] ?? "queued";
  }

  get error(): BrokerError | undefined {
    return isBrokerError(this.#fact) ? this.#fact : undefined;
  }

  get ackedBy(): AckedBy | undefined {
    return typeof this.#fact === "string" ? this.#fact : undefined;
  }

  /** True if the transport holds it, and the system has not taken all of it. */
  get isHanded(): boolean {
    return this.#place === HANDED;
  }

  /** True if nothing more happens to it. */
  get isOver(): boolean {
    return this.#place === ACKED || this.error !== undefined;
  }

  /** True if it was handed over and has no verdict yet. */
  get isOpen(): boolean {
    return this.#place === HANDED || this.#place === WRITTEN;
  }

  /** True if no store has to take it before the wire does. */
  get mayGo(): boolean {
    return true;
  }

  stored(): Promise<void> {
    return quiet(Promise.reject(new BrokerError("NO_STORE")));
  }

  written(): Promise<void> {
    const isDone = this.#place === WRITTEN || this.#place === ACKED;
    return quiet(this.#until("written", isDone));
  }

  acked(): Promise<void> {
    const promise = quiet(this.#until("acked", this.#place === ACKED));
    const fact = this.#fact;
    if (this.isOpen && typeof fact === "object" && "ask" in fact) fact.ask(this);
    return promise;
  }

  /** The transport is given the stanza. Returns true if `acked()` was asked for and is not settled. */
  handOver(keeper: Keeper): boolean {
    this.#place = afterEvent(this.#place, DELIVERY_EVENTS.handOver);
    this.#fact = keeper;
    return this.#waiters?.some(({ until }) => until === "acked") === true;
  }

  /** The store has the stanza already: an earlier process may have sent it. */
  find(): void {
    this.#place = afterEvent(this.#place, DELIVERY_EVENTS.find);
  }

  /** The system has taken the stanza. */
  take(): void {
    this.#place = afterEvent(this.#place, DELIVERY_EVENTS.take);
    this.#settle("written");
  }

  /** The server has handled the stanza. */
  prove(by: AckedBy): void {
    this.#place = afterEvent(this.#place, DELIVERY_EVENTS.prove);
    this.#fact = by;
    this.#settle("acked");
  }

  /** The stanza waits in the queue again; its promises stay pending. */
  requeue(): void {
    this.#fact = undefined;
    this.isTracked = false;
    this.#place = afterEvent(this.#place, DELIVERY_EVENTS.requeue);
  }

  /** No proof is to be had: `acked()` rejects, and the state stays. */
  cannotProve(error: BrokerError): void {
    this.#settle("acked", error);
  }

  /** The stanza was not sent, came back, or nothing is known of it any more. */
  fail(error: BrokerError): void {
    this.#place = afterEvent(this.#place, this.#end(error));
    this.#fact = error;
    this.#settle("written", error);
    this.#settle("acked", error);
  }

  /** The event that an error means, where the delivery is now. */
  #end({ code }: BrokerError): number {
    if (this.#place === QUEUED)
      return code === "EXPIRED" ? DELIVERY_EVENTS.expire : DELIVERY_EVENTS.refuse;
    if (this.#place === REQUEUED) return DELIVERY_EVENTS.drop;
    if (code === "POISON") return DELIVERY_EVENTS.poison;
    return code === "UNACKNOWLEDGED" || code === "ACK_UNAVAILABLE"
      ? DELIVERY_EVENTS.lose
      : DELIVERY_EVENTS.bounce;
  }

  #until(until: Waiter["until"], isDone: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const { error } = this;
      if (error !== undefined) reject(error);
      else if (isDone) resolve();
      else {
        this.#waiters ??= [];
        this.#waiters.push({ until, resolve, reject });
      }
    });
  }

  #settle(until: Waiter["until"], error?: BrokerError): void {
    const waiters = this.#waiters;
    if (waiters === undefined) return;
    const left = waiters.filter((waiter) => waiter.until !== until);
    this.#waiters = left.length === 0 ? undefined : left;
    for (const waiter of waiters) {
      if (waiter.until !== until) continue;
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
  }
}
