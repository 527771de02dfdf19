import type { Transport } from "../../transport/transport.ts";

/**
 * Where the bytes that a peer sends are cut. A number is the most bytes of a piece (1: byte by
 * byte). A list has the offsets, from the first byte, at which a piece ends.
 */
export type Cut = number | readonly number[];

type Way = Pick<Transport, "write" | "end">;

/** Runs an action in a later turn of the event loop. Taken at load: fake timers do not hold it up. */
const { setImmediate, setTimeout } = globalThis;
const nextTurn = (action: () => void): void => {
  if ((setImmediate as unknown) === undefined) setTimeout(action, 0);
  else setImmediate(action);
};

/** Writes bytes in pieces, each in a turn of the event loop of its own. */
export class Pieces {
  readonly #line: Way;
  readonly #cut: Cut;
  #waiting: Uint8Array = new Uint8Array();
  #offset = 0;
  #ends = false;
  #isPumping = false;

  constructor(line: Way, cut: Cut) {
    this.#line = line;
    this.#cut = cut;
  }

  /** Adds bytes, or the end of our half, behind all that was added before. */
  add(piece: Uint8Array | "end"): void {
    if (piece === "end") this.#ends = true;
    else if (!this.#ends) {
      const joined = new Uint8Array(this.#waiting.length + piece.length);
      joined.set(this.#waiting);
      joined.set(piece, this.#waiting.length);
      this.#waiting = joined;
    }
    if (this.#isPumping) return;
    this.#isPumping = true;
    nextTurn(this.#pump);
  }

  readonly #pump = (): void => {
    const length = Math.min(this.#waiting.length, this.#nextCut());
    if (length > 0) this.#line.write(this.#waiting.subarray(0, length));
    this.#waiting = this.#waiting.subarray(length);
    this.#offset += length;
    if (this.#waiting.length > 0) {
      nextTurn(this.#pump);
      return;
    }
    this.#isPumping = false;
    if (this.#ends) this.#line.end();
  };

  /** How many bytes there are before the next cut. */
  #nextCut(): number {
    if (typeof this.#cut === "number") return Math.max(1, this.#cut);
    const later = this.#cut.filter((offset) => offset > this.#offset);
    return Math.min(...later.map((offset) => offset - this.#offset), Number.POSITIVE_INFINITY);
  }
}
