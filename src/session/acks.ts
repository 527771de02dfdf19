import type { Element } from "../xml/element.ts";
import type { Item } from "./item.ts";

/**
 * Proofs that the server has handled what was written. A session tells everything that such proofs are made from;
 * `writtenOnly` makes none.
 */
export interface Acks {
  /** A stanza was handed over to the link. */
  wrote(item: Item): void;
  /** A turn's write is about to leave; the text that is returned goes with it. */
  leaving(): string | undefined;
  /** An element arrived that is no stanza; true if it was one of these proofs. */
  nonza(element: Element): boolean;
  /** The link is gone; the session may go on over another one. */
  lost(): void;
}

/** No proofs: a delivery ends as `written`. */
export const writtenOnly: Acks = {
  wrote: () => undefined,
  leaving: () => undefined,
  nonza: () => false,
  lost: () => undefined,
};
