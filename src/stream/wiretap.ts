import type { Element } from "../xml/element.ts";

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
