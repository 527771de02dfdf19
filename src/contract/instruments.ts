import type { Clock } from "../base/clock.ts";
import { Emitter, type EmitterOwner } from "../base/emitter.ts";
import { BrokerError } from "../base/errors.ts";
import type { Wiretap } from "../stream/stream-parts.ts";
import type { Element } from "../xml/element.ts";
import type { SerializeContext } from "../xml/write/serialize.ts";
import type { Delivery } from "./delivery.ts";
import type { BrokerEvents } from "./events.ts";
import { Stats } from "./stats.ts";
import { type Secrecy, type TraceTarget, traceText } from "./trace.ts";

/**
 * Events, counters and the trace of a broker, handed down to all that has something to tell. Each costs next to
 * nothing while nobody listens.
 */
export class Instruments implements Wiretap, EmitterOwner<BrokerEvents> {
  readonly emitter = new Emitter<BrokerEvents>(this);
  readonly stats = new Stats();
  /** How much the trace hides at this moment: a login says so. */
  secrecy: Secrecy = "none";
  readonly #context: SerializeContext;
  readonly #clock: Clock;
  readonly #showsSecrets: boolean;

  constructor(context: SerializeContext, clock: Clock, target: TraceTarget | undefined) {
    this.#context = context;
    this.#clock = clock;
    this.#showsSecrets = target?.secrets === true;
    // A target is a listener like any other: what it throws is reported and stops nothing.
    if (target !== undefined) this.emitter.on("trace", target.to);
  }

  /** Emits an event and shows it in the trace. */
  emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void {
    this.#trace("event", event);
    this.emitter.emit(event, payload);
  }

  /** Emits an event of single stanzas, which the trace shows as what they are. */
  stanza<E extends "sent" | "received" | "queued" | "request:start" | "request:finish">(
    event: E,
    payload: BrokerEvents[E],
  ): void {
    this.emitter.emit(event, payload);
  }

  /** True if somebody listens to an event: the hot path asks before it builds a payload. */
  has(event: keyof BrokerEvents): boolean {
    return this.emitter.has(event);
  }

  wire(direction: "in" | "out", what: Element | string | (() => string), text?: string): void {
    if (!this.emitter.has("trace")) return;
    if (typeof what === "string") this.#trace(direction, what);
    else if (typeof what === "function") this.#trace(direction, what());
    else {
      const writing = {
        context: this.#context,
        secrets: this.#showsSecrets,
        secrecy: this.secrecy,
        wire: text,
      };
      this.#trace(direction, traceText(what, writing));
    }
  }

  arrived(bytes: number): void {
    this.stats.receivedBytes += bytes;
  }

  /** A delivery changed its state. Without a stanza, since nothing was kept of it, that is only counted. */
  delivery(delivery: Delivery, stanza: Element | undefined): void {
    this.stats.deliveries[delivery.state]++;
    if (stanza !== undefined) this.tell(delivery, stanza);
  }

  /** Tells of a delivery that has been counted already. */
  tell(delivery: Delivery, stanza: Element): void {
    if (this.emitter.has("delivery")) this.emitter.emit("delivery", { delivery, stanza });
  }

  /** A handler or a listener failed. */
  failed(error: BrokerError, source: string): void {
    this.stats.failed(error);
    // A listener of `error` that fails itself has nobody left to tell.
    if (source !== "error") this.emitter.emit("error", { error, source });
  }

  /** A stanza or an answer was dropped. */
  dropped(stanza: Element, error: BrokerError): void {
    this.stats.failed(error);
    this.emit("dropped", { stanza, error });
  }

  listenerFailed(error: unknown, event: keyof BrokerEvents): void {
    this.failed(new BrokerError("HANDLER_FAILED", `of ${event}`, { cause: error }), event);
  }

  #trace(direction: "in" | "out" | "event", text: string): void {
    if (!this.emitter.has("trace")) return;
    this.emitter.emit("trace", { at: this.#clock.wall(), direction, text });
  }
}
