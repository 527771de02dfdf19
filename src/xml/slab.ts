import { latin1, utf8 } from "./decode.ts";

/** The bytes of a slab that parsers share: enough for a piece of input after a long cut tag. */
const SIZE = 131_072;
/** Kept for the next parser, at most. */
const POOL = 4;
/** A string cut out of what was read keeps no more alive than this. */
const BLOCK = 4096;
/** Words are read up to their last byte, so some bytes must follow the end. */
export const SLACK = 8;

/**
 * The memory a parser reads in. A parser has one only while something is unfinished. The byte after
 * the last is kept 0, which is legal nowhere, so that loops need not look where the end is.
 */
export class Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** A stretch of the bytes, one character a byte, to cut strings from: that is cheaper than decoding each. */
  #block = "";
  #from = 0;
  #to = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size + SLACK);
    this.view = new DataView(this.bytes.buffer);
  }

  get size(): number {
    return this.bytes.length - SLACK;
  }

  /** The string of bytes that are all ASCII. `end` is where what has been read so far ends. */
  ascii(from: number, to: number, end: number): string {
    if (from < this.#from || to > this.#to) {
      if (to - from > BLOCK / 2) return latin1(this.bytes, from, to);
      this.#from = from;
      this.#to = Math.min(from + BLOCK, end);
      this.#block = latin1(this.bytes, from, this.#to);
    }
    return this.#block.substring(from - this.#from, to - this.#from);
  }

  /** The string of bytes that are legal UTF-8. */
  utf8(from: number, to: number): string {
    return utf8(this.bytes, from, to);
  }

  /** The bytes have been moved. */
  forget(): void {
    this.#block = "";
    this.#from = this.#to = 0;
  }
}

export const NO_SLAB = new Slab(0);

const pool: Slab[] = [];

/** A slab for at least so many bytes. */
export function lease(size: number): Slab {
  return size <= SIZE ? (pool.pop() ?? new Slab(SIZE)) : new Slab(2 * size);
}

/** Gives a slab back. */
export function release(slab: Slab): void {
  slab.forget();
  if (slab.size === SIZE && pool.length < POOL) pool.push(slab);
}
