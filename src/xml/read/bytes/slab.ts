import { latin1, utf8 } from "./decode.ts";
import { readReference } from "./references.ts";

const AMP = 0x26;
const SEMICOLON = 0x3b;

// Flags for the bytes of a value or text. They say how to make a string of it.

/** It holds references. */
export const REFERENCES = 1;
/** It holds characters beyond ASCII. */
export const FOREIGN = 2;
/** It holds tabs or line ends, which must be normalized. */
export const LINES = 4;

/** The bytes of a large slab: a piece of input, and the longest tag that was cut before it. */
const SIZE = 131_072;
/** The bytes of a small slab: for small chunks, and for the unfinished rest of a large one. */
export const SMALL = 2048;
/** The most slabs of each size that are kept for the next parser. */
const POOL = 4;
const SMALL_POOL = 64;
/** Strings are cut out of blocks of so many characters, so a string keeps no more than that alive. */
const BLOCK = 4096;
/** Bytes behind the end: scans read whole words. */
export const SLACK = 8;

/**
 * The memory that a parser reads in. A parser has one only while something is unfinished. The byte
 * behind the last one is always 0, which is legal nowhere: every loop stops there without counting.
 */
export class Slab {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** A part of the bytes, one character a byte. To cut strings out of it is cheaper than to decode each. */
  #block = "";
  #from = 0;
  #to = 0;
  /** The place behind the last byte. */
  end = 0;
  /** Facts of the bytes that become a string. */
  flags = 0;
  /** The place behind the stanza that `readWholeStanza` read. */
  taken = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size + SLACK);
    this.view = new DataView(this.bytes.buffer);
  }

  get size(): number {
    return this.bytes.length - SLACK;
  }

  /** Puts bytes behind the last one. */
  append(data: Uint8Array): void {
    this.bytes.set(data, this.end);
    this.end += data.length;
    this.bytes[this.end] = 0;
  }

  /** Takes over the bytes of a slab from a place on. It may be this slab. */
  takeOver(from: Slab, at: number): void {
    const held = from.end - at;
    if (held > 0) this.bytes.set(from.bytes.subarray(at, from.end));
    this.end = held;
    this.bytes[held] = 0;
    from.#forget();
  }

  /** Makes a string of ASCII bytes. */
  ascii(from: number, to: number): string {
    if (from < this.#from || to > this.#to) {
      if (to - from > BLOCK / 2) return latin1(this.bytes, from, to);
      this.#from = from;
      this.#to = Math.min(from + BLOCK, this.end);
      this.#block = latin1(this.bytes, from, this.#to);
    }
    return this.#block.substring(from - this.#from, to - this.#from);
  }

  /** Makes a string of legal UTF-8. */
  utf8(from: number, to: number): string {
    return utf8(this.bytes, from, to);
  }

  /** Makes a string of checked bytes: of an attribute's value, or else of text. */
  text(from: number, to: number, value: boolean): string {
    if (this.flags === 0) return this.ascii(from, to);
    if (this.flags === FOREIGN) return this.utf8(from, to);
    return this.#expand(from, to, value);
  }

  /** Makes a string of checked bytes with references or line ends. */
  #expand(from: number, to: number, value: boolean): string {
    let text = "";
    let at = from;
    if ((this.flags & REFERENCES) !== 0) {
      for (let i = from; i < to; i++) {
        if (this.bytes[i] !== AMP) continue;
        text += this.#run(at, i, value);
        at = this.bytes.indexOf(SEMICOLON, i) + 1;
        const code = readReference(this.bytes, i, at - 1);
        if (typeof code === "number") text += String.fromCodePoint(code);
        i = at - 1;
      }
    }
    return text + this.#run(at, to, value);
  }

  /** Makes a string of checked bytes without references. */
  #run(from: number, to: number, value: boolean): string {
    const text = (this.flags & FOREIGN) === 0 ? this.ascii(from, to) : this.utf8(from, to);
    if ((this.flags & LINES) === 0) return text;
    // Line ends are normalized (XML 1.0, 2.11), and in a value each white space becomes a space (3.3.3).
    return value ? text.replace(/\r\n?|[\t\n]/g, " ") : text.replace(/\r\n?/g, "\n");
  }

  #forget(): void {
    this.#block = "";
    this.#from = this.#to = 0;
  }
}

/** Stands for a slab where nothing is held. */
export const NO_SLAB = new Slab(0);

const pool: Slab[] = [];
const smallPool: Slab[] = [];

/** Gives a slab for so many bytes, with room for more. */
export function lease(size: number): Slab {
  if (size <= SMALL) return leaseLittle(size);
  return size <= SIZE ? (pool.pop() ?? new Slab(SIZE)) : new Slab(2 * size);
}

/** Gives a slab for so many bytes that stay for a while, no larger than necessary. */
export function leaseLittle(size: number): Slab {
  return size <= SMALL ? (smallPool.pop() ?? new Slab(SMALL)) : new Slab(size);
}

/** Takes a slab back that is not used any more. */
export function release(slab: Slab): void {
  slab.end = 0;
  if (slab.size === SMALL && smallPool.length < SMALL_POOL) smallPool.push(slab);
  else if (slab.size === SIZE && pool.length < POOL) pool.push(slab);
}
