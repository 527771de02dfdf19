import { unique } from "./dictionary.ts";

/** The most texts that are remembered as having come once. */
const MOST_ONCE = 256;

/** Remembers texts for a short while. Peers choose them, so their number and length are bounded. */
export class RecentTexts {
  readonly #longest: number;
  readonly #once = new Set<string>();

  /** `longest` is the length of the longest text that is remembered. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** True if a text came before, a short while ago. It counts as new the next time. */
  cameBefore(text: string): boolean {
    if (text.length > this.#longest) return false;
    if (this.#once.delete(text)) return true;
    if (this.#once.size >= MOST_ONCE) this.#once.clear();
    this.#once.add(text);
    return false;
  }
}

/**
 * A table of things that are made of texts. Peers choose the texts, so the table is bounded: a text is kept when it
 * comes again soon, and texts that come once change nothing. A full table is emptied, and the texts in use come back
 * after two uses each.
 */
export class KnownTexts<Thing> {
  readonly #most: number;
  readonly #recent: RecentTexts;
  readonly #emptied: (() => void) | undefined;
  readonly #things = new Map<string, Thing>();

  /**
   * `most` is the number of things that are kept, and `longest` the length of their texts. `emptied` is called when the
   * table has been emptied.
   */
  constructor(most: number, longest: number, emptied?: () => void) {
    this.#most = most;
    this.#recent = new RecentTexts(longest);
    this.#emptied = emptied;
  }

  /** The thing that is kept for a text. */
  get(text: string): Thing | undefined {
    return this.#things.get(text);
  }

  /** Makes the thing for a text, and keeps it if the text came before. `make` is told so. */
  learn(text: string, make: (text: string, isKept: boolean) => Thing): Thing {
    if (!this.#recent.cameBefore(text)) return make(text, false);
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
