/** A set of small whole numbers, a bit each. */
export class Bits {
  #bytes = new Uint8Array(64);

  has(number: number): boolean {
    return (((this.#bytes[number >>> 3] ?? 0) >>> (number & 7)) & 1) === 1;
  }

  /** Adds a number; false if it was there. */
  add(number: number): boolean {
    if (this.has(number)) return false;
    const at = number >>> 3;
    if (at >= this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, at + 1));
      bytes.set(this.#bytes);
      this.#bytes = bytes;
    }
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (number & 7));
    return true;
  }
}
