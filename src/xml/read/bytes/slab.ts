import { latin1, utf8 } from "./decode.ts";
import { expand } from "./references.ts";

// What must be done to the bytes of a value or text to make it a string: flags, to be joined.

/** It holds references. */
export const REFERENCES = 1;
/** It holds more than ASCII. */
export const FOREIGN = 2;
/** It holds tabs or line ends, which are normalized. */
export const LINES = 4;

/** The bytes of a slab for a piece of input, after a long cut tag at most. */
const SIZE = 131_072;
/** The bytes of a slab for little: for input in small chunks, and for what is left of a large one. */
export const SMALL = 2048;
/** Kept for the next parser, at most. */
const POOL = 4;
const SMALL_POOL = 64;
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
  /** Where the input so far ends. */
  end = 0;
  /** Where the stanza ends that was read at one go. */
  taken = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size + SLACK);
    this.view = new DataView(this.bytes.buffer);
  }

  get size(): number {
    return this.bytes.length - SLACK;
  }

  /** Puts bytes behind those that are there. */
  append(data: Uint8Array): void {
    this.bytes.set(data, this.end);
    this.end += data.length;
    this.bytes[this.end] = 0;
  }

  /** Takes over what stands in a slab, which may be this one, from some place on. */
  takeOver(from: Slab, at: number): void {
    const held = from.end - at;
    if (held > 0) this.bytes.set(from.bytes.subarray(at, from.end));
    this.end = held;
    this.bytes[held] = 0;
    from.#forget();
  }

  /** The string of bytes that are all ASCII. */
  ascii(from: number, to: number): string {
    if (from < this.#from || to > this.#to) {
      if (to - from > BLOCK / 2) return latin1(this.bytes, from, to);
      this.#from = from;
      this.#to = Math.min(from + BLOCK, this.end);
      this.#block = latin1(this.bytes, from, this.#to);
    }
    return this.#block.substring(from - this.#from, to - this.#from);
  }

  /** The string of bytes that are legal UTF-8. */
  utf8(from: number, to: number): string {
    return utf8(this.bytes, from, to);
  }

  /** The string that checked bytes stand for; `value` says whether it is one or text. */
  text(from: number, to: number, flags: number, value: boolean): string {
    if (flags === 0) return this.ascii(from, to);
    if (flags === FOREIGN) return this.utf8(from, to);
    return expand(this.bytes, from, to, { references: (flags & REFERENCES) !== 0, value });
  }

  #forget(): void {
    this.#block = "";
    this.#from = this.#to = 0;
  }
}

export const NO_SLAB = new Slab(0);

const pool: Slab[] = [];
const smallPool: Slab[] = [];

/** A slab for so many bytes that have come, and more to come. */
export function lease(size: number): Slab {
  if (size <= SMALL) return leaseLittle(size);
  return size <= SIZE ? (pool.pop() ?? new Slab(SIZE)) : new Slab(2 * size);
}

/** A slab for so many bytes that are to stay for a while: no larger than it must be. */
export function leaseLittle(size: number): Slab {
  return size <= SMALL ? (smallPool.pop() ?? new Slab(SMALL)) : new Slab(size);
}

/** Gives a slab back, from which all has been taken over. */
export function release(slab: Slab): void {
  slab.end = 0;
  if (slab.size === SMALL && smallPool.length < SMALL_POOL) smallPool.push(slab);
  else if (slab.size === SIZE && pool.length < POOL) pool.push(slab);
}
