/**
 * A run of bytes that is expected to stand somewhere, compared four bytes a step. Most are names of at
 * most eight bytes: two masked words say all about those. No bytes stand nowhere.
 */
export class Literal {
  readonly length: number;
  readonly #first: number;
  readonly #firstMask: number;
  readonly #second: number;
  readonly #secondMask: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    const { length } = bytes;
    const padded = new Uint8Array(Math.max(8, length));
    const mask = new Uint8Array(8).fill(0xff, 0, Math.min(8, length));
    padded.set(bytes);
    this.length = length;
    this.#view = new DataView(padded.buffer);
    this.#first = this.#view.getInt32(0, true);
    this.#second = this.#view.getInt32(4, true);
    const masks = new DataView(mask.buffer);
    this.#firstMask = masks.getInt32(0, true);
    if (length === 0) this.#first = 1;
    this.#secondMask = masks.getInt32(4, true);
  }

  /** Whether these bytes stand at `at`, after which there must be eight bytes to look at, or all of them. */
  standsAt(view: DataView, at: number): boolean {
    if ((view.getInt32(at, true) & this.#firstMask) !== this.#first) return false;
    if ((view.getInt32(at + 4, true) & this.#secondMask) !== this.#second) return false;
    return this.length <= 8 || this.#restStandsAt(view, at);
  }

  #restStandsAt(view: DataView, at: number): boolean {
    const mine = this.#view;
    const last = this.length - 4;
    for (let i = 8; i < last; i += 4) {
      if (mine.getInt32(i, true) !== view.getInt32(at + i, true)) return false;
    }
    return mine.getInt32(last, true) === view.getInt32(at + last, true);
  }
}
