/** A short run of bytes that is expected to stand somewhere, compared four bytes a step. */
export class Literal {
  readonly length: number;
  readonly #words: Int32Array;
  readonly #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const whole = bytes.length >> 2;
    this.#words = Int32Array.from({ length: whole }, (_, i) => view.getInt32(4 * i, true));
    this.#rest = bytes.slice(4 * whole);
  }

  /** Whether these bytes stand at `at`. (Both views are of the same buffer.) */
  standsAt(bytes: Uint8Array, view: DataView, at: number): boolean {
    let i = at;
    const words = this.#words;
    for (let k = 0; k < words.length; k++, i += 4) {
      if (words[k] !== view.getInt32(i, true)) return false;
    }
    const rest = this.#rest;
    for (let k = 0; k < rest.length; k++) {
      if (rest[k] !== bytes[i + k]) return false;
    }
    return true;
  }
}
