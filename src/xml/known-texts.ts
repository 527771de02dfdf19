import { unique } from "./dictionary.ts";

/** The most texts that are remembered as having come once. */
const MOST_ONCE = 256;

/**
 * A table of things that are made of texts. Peers choose the texts, so the table is bounded: a text is kept when it
 * comes again soon, and texts that come once change nothing. A full table is emptied, and the texts in use come back
 * after two uses each.
 */
export class KnownTexts<Thing> {
  readonly #most: number;
  readonly #longest: number;
  readonly #emptied: (() => void) | undefined;
  readonly #things = new Map<unknown, Thing>();
  /** Texts that came once. */
  readonly #once = new Set<string>();

  /**
   * `most` is the number of things that are kept, and `longest` the length of their texts. `emptied` is called when the
   * table has been emptied.
   */
  constructor(most: number, longest: number, emptied?: () => void) {
    this.#most = most;
    this.#longest = longest;
    this.#emptied = emptied;
  }

  /** The thing that is kept for a text. */
  get(text: unknown): Thing | undefined {
    return this.#things.get(text);
  }

  /** Makes the thing for a text, and keeps it if the text came before. `make` is told so. */
  learn(text: string, make: (text: string, isKept: boolean) => Thing): Thing {
    const isKept = this.#once.delete(text);
    if (!isKept) {
      if (this.#once.size >= MOST_ONCE) this.#once.clear();
      if (text.length <= this.#longest) this.#once.add(text);
      return make(text, false);
    }
    if (this.#things.size >= this.#most) {
      this.#things.clear();
      this.#emptied?.();
    }
    const own = unique(text);
    const thing = make(own, true);
    this.#things.set(own, thing);
    return thing;
  }
}
