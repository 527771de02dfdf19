import { BrokerError } from "../base/errors.ts";

/** One value of DER (X.690). */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

/**
 * Reads values of DER that follow each other. It reads each byte once and never descends by itself, so the cost is
 * at most the length of the bytes. Throws `TLS_FAILED` for bytes that are no DER.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True if all values have been read. */
  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** True if the next value has this tag. */
  isNext(tag: number): boolean {
    return this.#bytes[this.#at] === tag;
  }

  /** Reads the next value, whatever its tag. */
  next(): DerValue {
    const start = this.#at;
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) throw broken("has a tag of several bytes");
    const length = this.#length();
    const content = this.#bytes.subarray(this.#at, this.#at + length);
    if (content.length < length) throw broken("is cut short");
    this.#at += length;
    return { tag, content, whole: this.#bytes.subarray(start, this.#at) };
  }

  /** Reads the next value, which must have this tag. */
  expect(tag: number): DerValue {
    const value = this.next();
    if (value.tag !== tag) throw broken(`has the tag ${value.tag} in place of ${tag}`);
    return value;
  }

  /** Reads the next value if it has this tag. */
  optional(tag: number): DerValue | undefined {
    return this.isNext(tag) ? this.next() : undefined;
  }

  /** Refuses values that should not be there. */
  end(): void {
    if (!this.isAtEnd) throw broken("goes on behind its end");
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw broken("is cut short");
    this.#at++;
    return byte;
  }

  /** Reads a length: up to 127 in one byte, else the count of the bytes that follow, then those. */
  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw broken("has a length that is indefinite or too long");
    let length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (count - 1)) throw broken("has a length in a long form");
    return length;
  }
}

function broken(how: string): BrokerError {
  return new BrokerError("TLS_FAILED", `the server's certificate ${how}`);
}
