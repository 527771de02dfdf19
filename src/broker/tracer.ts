import type { Emitter } from "../base/emitter.ts";
import type { BrokerEvents } from "../contract/events.ts";
import {
  type TraceEntry,
  type TraceTarget,
  type TraceWriting,
  traceText,
} from "../contract/trace.ts";
import type { Element } from "../xml/element.ts";
import type { SerializeContext } from "../xml/write/serialize.ts";

/** How an element was met. */
export type SeenElement = Pick<TraceWriting, "authenticates" | "wire">;

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

  /** An event, or a tag alone; a function makes the text, which then costs nothing while nobody listens. */
  trace(direction: TraceEntry["direction"], what: string | (() => string)): void {
    if (!this.#emitter.has("trace")) return;
    const text = typeof what === "string" ? what : what();
    this.#emitter.emit("trace", { at: Date.now(), direction, text });
  }

  /** An element on the wire. */
  element(direction: "in" | "out", element: Element, seen: SeenElement): void {
    if (!this.#emitter.has("trace")) return;
    const secrets = this.#target?.secrets === true;
    this.trace(direction, traceText(element, { context: this.#context, secrets, ...seen }));
  }
}
