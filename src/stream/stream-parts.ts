import type { Clock } from "../base/clock.ts";
import type { BrokerError } from "../base/errors.ts";
import type { Element } from "../xml/element.ts";
import type { StreamContext } from "./framing.ts";

/** The listener of a stream's life: its link. */
export interface StreamOwner {
  /** True if the server may keep a session that the next connection asks for: a footer would end it (XEP-0198, 5). */
  readonly keepsSession: boolean;
  /** Our header went out. */
  opened(header: string): void;
  /** Our footer went out. */
  closing(): void;
  /** The stream is over (`undefined`: closed by both sides in order). Called once, before `gone`. */
  ended(error: BrokerError | undefined): void;
  /** The connection is gone. Called once. */
  gone(): void;
}

/** The receiver of elements, once they flow: a session. */
export interface StreamSink {
  /** An element arrived. */
  element(element: Element): void;
  /** Just before a turn's write leaves; text written from inside goes with it. */
  leaving(): void;
  /** The system has taken more bytes; `total` counts from the start. */
  taken(total: number): void;
  /** Our footer is about to be written; text written from inside goes before it. */
  closing(): void;
}

/** The parts of a stream. */
export interface StreamParts {
  readonly domain: string;
  readonly version: string | undefined;
  readonly context: StreamContext;
  readonly clock: Clock;
  readonly tap: Wiretap;
  readonly owner: StreamOwner;
}

/** A place where everything that goes over the wire is shown: for the trace and the counters. */
export interface Wiretap {
  /**
   * Shows an element, a tag alone, or a function that makes the text only if somebody looks. `text`: how an
   * element stands on the wire, where that is known.
   */
  wire(direction: "in" | "out", what: Element | string | (() => string), text?: string): void;
  /** So many bytes arrived. */
  arrived(bytes: number): void;
}
