import { nothing } from "../../base/abort.ts";
import { quiet } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import { type Steps, step } from "../../base/state.ts";
import { utf8Length } from "../../base/text/utf8.ts";
import type { Delivery } from "../../contract/delivery.ts";
import type { SendOptions } from "../../contract/rows/call-options.ts";
import type { Unproven } from "../../session/acks/acks.ts";
import { type Item, keep, tracked } from "../../session/delivery/item.ts";
import { KeptDelivery } from "../../session/delivery/kept-delivery.ts";
import type { IncomingRequest, IncomingRequests } from "../../session/requests/incoming.ts";
import type { Session } from "../../session/session.ts";
import type { Element } from "../../xml/element.ts";
import type { TrafficParts } from "../parts.ts";
import { Backlog, type BacklogOwner } from "./backlog.ts";
import { BoundedQueue } from "./bounded-queue.ts";
import type { Gate } from "./gate.ts";
import { Moving } from "./moving.ts";
import { Safekeeping, type SafekeepingOwner } from "./safekeeping.ts";
import { isExpired } from "./stanza-queue.ts";

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
export class BoundedOutbox extends BoundedQueue implements SafekeepingOwner, BacklogOwner {
  readonly #gate: Gate;
  readonly #incoming: IncomingRequests;
  #state: OutboxState = "held";
  #session: Session | undefined;
  /** Made for the first that moves: most brokers never have one. */
  #moving: Moving | undefined;
  /** True if each stanza is kept until it is proven. */
  readonly #keepsAll: boolean;
  #isDraining = false;
  /** Deliveries that the last session has left, and that have no verdict yet. */
  #left: readonly Unproven[] | undefined;
  /** The work with the store, and what it holds from before; `undefined`: there is none. */
  readonly #keeping: Safekeeping | undefined;
  readonly #backlog: Backlog | undefined;
  /** True if what is found goes by itself. */
  #releases = false;
  onStop: (error: BrokerError) => void = nothing;

  constructor(parts: TrafficParts, gate: Gate, incoming: IncomingRequests) {
    super(parts);
    this.#gate = gate;
    this.#incoming = incoming;
    const { store } = parts.settings.queue;
    this.#keepsAll = parts.settings.unacked !== "report" || store !== undefined;
    if (store === undefined) return;
    this.#backlog = new Backlog(parts, gate, this.waiting, this);
    this.#keeping = new Safekeeping(parts, store, gate.writeElement, this.#backlog, this);
    gate.keeper = this.#keeping;
  }

  get unsent(): number {
    return this.#session?.unsent ?? 0;
  }

  /** Resolves when nothing waits behind the socket any more. */
  drained(): Promise<void> {
    return this.#moving?.empty() ?? Promise.resolve();
  }

  /** Sends a stanza, or queues it. Never throws for what the stanza is. */
  send(given: Element, { ttl, key, request }: Sending): Delivery {
    const incoming = this.#incoming;
    const known = key === undefined ? undefined : this.#find(key);
    if (known !== undefined) return known;
    const item = this.#gate.prepare(given, ttl, key, request as Item["request"]);
    // (The text of a stanza is never empty: this one was refused.)
    if (item.text === "") return this.told(item);
    let goes = this.#state === "flowing";
    if (item.stanza.name === "iq") {
      const isAnswer = incoming.awaits(item.stanza);
      goes ||= this.#state === "draining" && isAnswer;
      // An answer that waits for a connection has answered nothing yet.
      const refusal = goes || !isAnswer ? incoming.answer(item.stanza) : undefined;
      if (refusal !== undefined) {
        item.delivery.fail(refusal);
        return this.told(item);
      }
    }
    this.#pass(item, goes, false);
    return item.delivery;
  }

  /**
   * Sends an answer of the broker's own. Without `request` it is to one that was never opened, and no other counts
   * as answered, however alike they are. The error says why it could not be sent.
   */
  answer(stanza: Element, request?: IncomingRequest): BrokerError | undefined {
    const item = this.#gate.prepare(stanza, undefined, undefined, undefined);
    const { delivery } = item;
    // (While a session waits to be resumed, its answers wait too.)
    const isClosed = this.#state === "held" && this.#session === undefined;
    const isLate = isClosed || request?.state === "lost";
    const late = isLate ? new BrokerError("DISCONNECTED", "the answer came too late") : undefined;
    const refusal = delivery.error ?? late ?? (request && this.#incoming.answer(stanza, request));
    if (refusal !== undefined) return refusal;
    this.#pass(item, this.#state !== "held", true);
    if (delivery.error !== undefined) this.parts.instruments.dropped(stanza, delivery.error);
    return undefined;
  }

  flush(): number {
    if (this.#state !== "flowing") return 0;
    const moving = new Set([...(this.#moving?.all() ?? []), ...(this.#backlog?.behind ?? [])]);
    const now = this.parts.clock.now();
    let released = 0;
    this.#releases = true;
    for (const item of this.waiting.all()) {
      if (moving.has(item)) continue;
      if (isExpired(item, now)) this.drop(item, new BrokerError("EXPIRED"));
      else {
        this.#move(item);
        released++;
      }
    }
    this.drain();
    return released;
  }

  /** The session in force; `undefined`: what was moving is held. A session that goes on finds it still moving. */
  use(session: Session | undefined): void {
    const goesOn = session !== undefined && session === this.#session;
    this.#session = session;
    this.#to("held");
    if (goesOn) return;
    this.#moving?.stop();
    this.#releases = false;
    this.#backlog?.takeBehind();
    // Nothing of the last session is on its way any more.
    this.changed();
  }

  /** The link is gone, and its session waits to be resumed: new stanzas wait. */
  suspend(): void {
    this.#to("held");
  }

  /** A session has left these: until they are settled, their keys are in use. */
  leave(left: readonly Unproven[] | undefined): void {
    this.#left = left;
  }

  /** Resolves when everything that was sent so far, also by an earlier process, and is not held is proven; see `Broker.acked`. */
  acked(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return Promise.resolve();
    const backlog = this.#backlog;
    const isFinding = this.#releases && backlog?.hasMore === true;
    if (backlog !== undefined && (isFinding || backlog.behind.length > 0)) {
      return quiet(backlog.passed().then(() => this.acked()));
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
        if (isExpired(item, this.parts.clock.now())) this.drop(item, new BrokerError("EXPIRED"));
        else if (refusal !== undefined) this.drop(item, refusal);
        else if (item.delivery.mayGo && this.#fits(item)) {
          this.waiting.take(item);
          // (The first listener of `delivery` may have come since it waits.)
          if (this.#keepsAll || this.parts.instruments.emitter.has("delivery")) {
            item.tracked ??= tracked(this.parts.clock, false);
          }
          this.#session.write(item);
        } else break;
        item = this.#moving?.front;
      }
    } finally {
      this.#isDraining = false;
    }
    this.changed();
  }

  // The store.

  /** Opens the store, if there is one. Ends in the codes `STORE_…`. */
  open(): Promise<void> | undefined {
    return this.#keeping?.isOpen === false ? this.#keeping.open() : undefined;
  }

  /** Closes the store; `undefined`: none is open. */
  close(): Promise<void> | undefined {
    return this.#keeping?.close();
  }

  isWritten(key: string): boolean {
    return this.#session?.acks.find(key) !== undefined;
  }

  found(item: Item, instead: Item | undefined): void {
    if (instead !== undefined) this.waiting.take(instead);
    if (item.delivery.error !== undefined) {
      this.told(item);
      return;
    }
    this.waiting.addAgain(item);
    const goes = this.#releases && this.#state === "flowing";
    if (goes) this.#move(item);
    if (this.parts.instruments.has("queued")) this.tellQueued(item, !goes);
    if (goes) this.drain();
  }

  release(items: readonly Item[]): void {
    for (const item of items) if (this.waiting.has(item)) this.#move(item);
    this.drain();
  }

  protected override changed(): void {
    super.changed();
    this.#moving?.changed();
    this.#backlog?.goOn();
  }

  /** Hands a stanza over to the session, or lets it wait. `goes`: it need not wait for a connection or a flush. */
  #pass(given: Item, goes: boolean, isAnswer: boolean): void {
    const { instruments, clock } = this.parts;
    const isTracked = this.#keepsAll || instruments.emitter.has("delivery");
    const item = isTracked ? keep(given, tracked(clock, isAnswer)) : given;
    const goesNow =
      goes && this.#moving?.isEmpty !== false && this.#backlog?.mustWait(item) !== true;
    if (goesNow && this.#fits(item) && this.#session?.write(item) === true) return;
    const kept = isTracked ? item : keep(item, undefined);
    const waiting = this.add({ ...kept, bytes: utf8Length(kept.text) });
    if (waiting === undefined) return;
    if (goes) this.#move(waiting);
    if (waiting.delivery instanceof KeptDelivery) this.#keeping?.add(waiting);
    if (instruments.has("queued")) this.tellQueued(waiting, !goes);
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
    const { highWater, bytes: most } = this.parts.settings.queue;
    return unsent === 0 || unsent + item.bytes <= Math.min(highWater, most);
  }

  /** This one goes by itself, behind all that an earlier process has left. */
  #move(item: Item): void {
    if (this.#backlog?.holds(item) === true) return;
    this.#moving ??= new Moving(this.waiting);
    this.#moving.push(item);
  }

  /** The delivery with this key of the caller's, as long as it has no verdict. */
  #find(key: string): Delivery | undefined {
    const isLeft = ({ delivery }: Unproven) => delivery.isOpen && delivery.givenKey === key;
    const waiting = this.waiting.get(key)?.delivery ?? this.#session?.acks.find(key);
    return waiting ?? this.#left?.find(isLeft)?.delivery;
  }

  #to(state: OutboxState): void {
    this.#state = step("outbox", STEPS, this.#state, state);
  }
}
