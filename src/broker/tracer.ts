import type { Emitter } from "../base/emitter.ts";
import type { Element } from "../xml/element.ts";
import type { SerializeContext } from "../xml/serialize.ts";
import type { BrokerEvents } from "./events.ts";
import { type TraceEntry, type TraceTarget, traceText } from "./trace.ts";

/** Tells whoever asked for the trace what happens; costs next to nothing while nobody does. */
export class Tracer {
  readonly #target: TraceTarget | undefined;
  readonly #context: SerializeContext;
  readonly #emitter: Emitter<BrokerEvents>;

  constructor(
    target: TraceTarget | undefined,
    context: SerializeContext,
    emitter: Emitter<BrokerEvents>,
  ) {
    this.#target = target;
    this.#context = context;
    this.#emitter = emitter;
    // A target is a listener like any other: what it throws is reported and stops nothing.
    if (target !== undefined) emitter.on("trace", target.to);
  }

  trace(direction: TraceEntry["direction"], what: Element | string, wire?: string): void {
    if (!this.#emitter.has("trace")) return;
    const secrets = this.#target?.secrets === true;
    const text =
      typeof what === "string" ? what : traceText(what, { context: this.#context, secrets, wire });
    this.#emitter.emit("trace", { at: Date.now(), direction, text });
  }
}
