import type { Element } from "./element.ts";

/** What already stands above an element where it is written. */
export interface SerializeContext {
  /**
   * The namespace that an element without `xmlns` has there, e.g. `jabber:client` on a client's
   * stream. Undefined (the default): nothing is known, so every namespace is written.
   */
  readonly ns?: string | undefined;
  /** The prefixes declared above, e.g. `stream`. */
  readonly prefixes?: Readonly<Record<string, string>>;
}

export declare function serialize(element: Element, context?: SerializeContext): string;
