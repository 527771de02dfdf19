/** A seeded generator (mulberry32): the same seed gives the same corpus on every machine. */
export class Random {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer from `low` to `high`, both included. */
  int(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  /** As `pick`, but the first of the list come often and the last seldom, as contacts do. */
  favour(list) {
    return list[Math.floor(this.next() ** 2.5 * list.length)];
  }

  hex(length) {
    return this.#letters("0123456789abcdef", length);
  }

  base64(bytes) {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const full = this.#letters(alphabet, Math.floor(bytes / 3) * 4);
    return bytes % 3 === 0 ? full : full + this.#letters(alphabet, 2) + "==";
  }

  uuid() {
    return [8, 4, 4, 4, 12].map((length) => this.hex(length)).join("-");
  }

  #letters(alphabet, length) {
    let text = "";
    for (let i = 0; i < length; i++) text += alphabet[Math.floor(this.next() * alphabet.length)];
    return text;
  }
}
