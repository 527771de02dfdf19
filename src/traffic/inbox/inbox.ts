import { nothing } from "../../base/abort.ts";
import { BrokerError } from "../../base/errors.ts";
import { Fifo } from "../../base/fifo.ts";
import type { WayIn } from "../../session/parts.ts";
import type { Requests, RequestsWatcher } from "../../session/requests/requests.ts";
import type { Session } from "../../session/session.ts";
import { isRequest } from "../../stream/stanza.ts";
import { costOf } from "../../xml/cost.ts";
import type { Element } from "../../xml/element.ts";
import type { TrafficParts } from "../parts.ts";
import type { Filters, Work } from "./filters.ts";

/** A stanza that waits for its turn. */
interface Arrived {
  readonly stanza: Element;
  readonly route: Element | undefined;
  readonly cost: number;
  /** It is a request that needs no answer any more. */
  isAnswered: boolean;
}

/** A stanza whose handlers are at work. */
interface Unfinished {
  readonly cost: number;
  readonly since: number;
  readonly expression: string;
}

/**
 * The way in: stanzas are dispatched in order. While handlers hold as much as they may, later stanzas wait here and
 * reading pauses.
 */
export class Inbox implements WayIn, RequestsWatcher {
  readonly #parts: TrafficParts;
  readonly #requests: Requests;
  readonly #filters: Filters;
  #session: Session | undefined;
  #isClosed = false;
  #waiting: Fifo<Arrived> | undefined;
  /** Oldest first. */
  #unfinished: Set<Unfinished> | undefined;
  /** The bytes that unfinished handlers hold, and those that waiting stanzas do. */
  #busyCost = 0;
  #waitingCost = 0;
  #stopTimer: (() => void) | undefined;
  #idle: (() => void)[] | undefined;

  constructor(parts: TrafficParts, requests: Requests, filters: Filters) {
    this.#parts = parts;
    this.#requests = requests;
    this.#filters = filters;
    requests.watch(this);
  }

  /** The bytes that unfinished handlers and waiting stanzas hold. */
  get cost(): number {
    return this.#busyCost + this.#waitingCost;
  }

  /** The session in force. The requests of an account that still wait have lost their asker with it. */
  use(session: Session | undefined): void {
    if (session === undefined && this.#session?.isService === false) {
      for (const entry of this.#waiting?.all() ?? []) entry.isAnswered = true;
    }
    this.#session = session;
    this.#isClosed = false;
  }

  /** Takes in no more: the broker shuts down. Waiting stanzas are still dispatched. */
  close(): void {
    this.#isClosed = true;
    // From now on reading fills nothing, and the server's goodbye must be heard.
    this.regulate();
  }

  /** Resolves when no stanza waits and no handler is at work. */
  async idle(): Promise<void> {
    // The caller may be a handler, which counts once it has returned.
    await Promise.resolve();
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      this.#idle ??= [];
      this.#idle.push(resolve);
    });
  }

  arrived(stanza: Element, route: Element | undefined): boolean {
    if (this.#isClosed) return false;
    if (this.#waiting === undefined && !this.#isFull()) {
      this.#dispatch(stanza, route, false, undefined);
      return true;
    }
    const { instruments } = this.#parts;
    const filters = this.#filters;
    const isAnswered = isRequest(stanza) && filters.answersPing(stanza);
    if (isAnswered) instruments.stats.overtaken++;
    const cost = costOf(stanza);
    this.#waiting ??= new Fifo();
    this.#waiting.push({ stanza, route, cost, isAnswered });
    this.#waitingCost += cost;
    this.regulate();
    return true;
  }

  #dispatch(
    stanza: Element,
    route: Element | undefined,
    isAnswered: boolean,
    known: number | undefined,
  ): void {
    const { instruments } = this.#parts;
    if (instruments.has("received")) instruments.stanza("received", { stanza });
    const work = this.#filters.dispatch(stanza, route, isAnswered);
    if (work !== undefined) this.#begin(work, known ?? costOf(stanza));
  }

  #begin({ done, expression }: Work, cost: number): void {
    const entry: Unfinished = { cost, since: this.#parts.clock.now(), expression };
    this.#unfinished ??= new Set();
    this.#unfinished.add(entry);
    this.#busyCost += cost;
    this.#watch();
    void done.then(() => {
      this.#finish(entry);
    });
  }

  #finish(entry: Unfinished): void {
    if (this.#unfinished?.delete(entry) !== true) return;
    this.#busyCost -= entry.cost;
    if (this.#unfinished.size === 0) {
      // (A set that much goes in and out of keeps its dead: a new one is made for the next.)
      this.#unfinished = undefined;
      this.#stopTimer?.();
      this.#stopTimer = undefined;
    }
    this.#next();
  }

  /** Dispatches waiting stanzas as far as there is room. */
  #next(): void {
    while (this.#waiting !== undefined && !this.#isFull()) {
      const next = this.#waiting.shift();
      if (next === undefined || this.#waiting.size === 0) this.#waiting = undefined;
      if (next === undefined) break;
      this.#waitingCost -= next.cost;
      this.#dispatch(next.stanza, next.route, next.isAnswered, next.cost);
    }
    this.regulate();
    if (this.#idle === undefined || !this.#isIdle()) return;
    const idle = this.#idle;
    this.#idle = undefined;
    for (const resolve of idle) resolve();
  }

  #isFull(): boolean {
    const { stanzas, bytes } = this.#parts.settings.inbox;
    return (this.#unfinished?.size ?? 0) >= stanzas || this.#busyCost >= bytes;
  }

  #isIdle(): boolean {
    return this.#unfinished === undefined && this.#waiting === undefined;
  }

  /**
   * Pauses reading while a stanza waits. An answer of ours that is under way must be read, though, so then reading
   * pauses only at the bound of bytes, which is hard.
   */
  regulate(): void {
    const session = this.#session;
    const stream = session?.link?.stream;
    if (session === undefined || stream === undefined) return;
    const mustRead = this.#requests.size > 0 || session.mustRead;
    const isFull = this.cost >= this.#parts.settings.inbox.bytes;
    if (!this.#isClosed && this.#waiting !== undefined && (isFull || !mustRead)) {
      if (!stream.isPaused) session.acks.acknowledge();
      stream.pause();
    } else if (stream.isPaused) stream.resume();
  }

  #watch(): void {
    if (this.#stopTimer !== undefined) return;
    const [oldest] = this.#unfinished ?? [];
    if (oldest === undefined) return;
    const { clock, settings } = this.#parts;
    const wait = Math.max(oldest.since + settings.timeouts.handler - clock.now(), 0);
    this.#stopTimer = clock.after(wait, () => {
      this.#look();
    });
  }

  /** Reports handlers that take too long, and lets go of what they hold. */
  #look(): void {
    this.#stopTimer = nothing;
    const { clock, settings, instruments } = this.#parts;
    const timeout = settings.timeouts.handler;
    const now = clock.now();
    for (const entry of this.#unfinished ?? []) {
      if (now - entry.since < timeout) break;
      const detail = `of ${entry.expression}, after ${timeout} ms`;
      instruments.failed(new BrokerError("HANDLER_SLOW", detail), entry.expression);
      this.#finish(entry);
    }
    this.#stopTimer = undefined;
    this.#watch();
  }
}
