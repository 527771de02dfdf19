const encoder = new TextEncoder();

/** The most bytes of a literal. */
export const LONGEST_LITERAL = 256;
const scratch = new Uint8Array(LONGEST_LITERAL + 8);
const words = new DataView(scratch.buffer);

/**
 * The bytes of a text that is expected in the input. They are compared four a step: two masked words
 * are enough for the usual names of at most eight bytes. An empty literal matches nowhere.
 */
export class Literal {
  /** The number of bytes. */
  readonly length: number;
  readonly #first: number;
  readonly #firstMask: number;
  readonly #second: number;
  readonly #secondMask: number;
  /** The words from the eighth byte on. The last one ends with the last byte. */
  readonly #rest: readonly number[];

  /** `text` must have at most `LONGEST_LITERAL` bytes. */
  constructor(text: string) {
    const length = encoder.encodeInto(text, scratch).written;
    this.length = length;
    this.#firstMask = maskOf(length);
    this.#secondMask = maskOf(length - 4);
    this.#first = length === 0 ? 1 : words.getInt32(0, true) & this.#firstMask;
    this.#second = words.getInt32(4, true) & this.#secondMask;
    const rest: number[] = [];
    for (let i = 8; i < length; i += 4) rest.push(words.getInt32(Math.min(i, length - 4), true));
    this.#rest = rest;
  }

  /** True if these bytes stand at `at`. At least eight bytes, and as many as these, must be readable there. */
  standsAt(view: DataView, at: number): boolean {
    if ((view.getInt32(at, true) & this.#firstMask) !== this.#first) return false;
    if ((view.getInt32(at + 4, true) & this.#secondMask) !== this.#second) return false;
    return this.length <= 8 || this.#restStandsAt(view, at);
  }

  #restStandsAt(view: DataView, at: number): boolean {
    const rest = this.#rest;
    const last = rest.length - 1;
    let i = at + 8;
    for (let k = 0; k < last; k++, i += 4) {
      if (rest[k] !== view.getInt32(i, true)) return false;
    }
    return rest[last] === view.getInt32(at + this.length - 4, true);
  }
}

/** The mask of a word's first `count` bytes. */
function maskOf(count: number): number {
  if (count <= 0) return 0;
  return count >= 4 ? -1 : (1 << (8 * count)) - 1;
}
