import { knownOptions, wholeNumber } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type { Transport, TransportEvents } from "./transport.ts";
import { nextTurn } from "./turn.ts";

/** How a pair in memory behaves. */
export interface MemoryOptions {
  /**
   * The cuts in the bytes of each direction. A number is the most bytes of a piece (1: byte by byte). A list holds
   * offsets from the first byte of the direction, at each of which a piece ends. Each piece arrives in a turn of its
   * own. Default: all bytes of a turn are one piece, up to 65,536.
   */
  readonly cut?: number | readonly number[] | undefined;
  /** The facts that `secure` pretends. Default: none, so `secure` rejects with `TLS_FAILED`. */
  readonly tls?: TlsFacts | undefined;
}

/** One end of a pair in memory: a transport that a test can break. */
export interface MemoryTransport extends Transport {
  /** Breaks the line: bytes under way are lost, and both ends close with the error. */
  sever(error: BrokerError): void;
}

/** The most bytes that arrive in one piece, as with a socket. */
const LARGEST_PIECE = 65_536;

const encoder = new TextEncoder();

/**
 * Makes two transports joined in memory, for tests and for a peer in the same program. Bytes written to one arrive
 * at the other in a later turn of the event loop, never inside `write`. `taken` grows when the owner of the other
 * side is given the bytes: it stands while that side is paused or not started. Throws `BAD_OPTION`.
 *
 * @example
 * const [client, server] = memoryPair({ cut: 1 });
 */
export function memoryPair(options: MemoryOptions = {}): [MemoryTransport, MemoryTransport] {
  const own = knownOptions("memoryPair", options, ["cut", "tls"]);
  if (typeof own.cut === "number") wholeNumber("cut", own.cut, 1);
  else for (const offset of own.cut ?? []) wholeNumber("cut", offset, 1);
  const left = new MemoryEnd(own);
  const right = new MemoryEnd(own);
  left.join(right);
  right.join(left);
  return [left, right];
}

class MemoryEnd implements MemoryTransport {
  readonly local = undefined;
  readonly remote = undefined;
  #tls: TlsFacts | undefined;

  readonly #options: MemoryOptions;
  #peer: MemoryEnd = this;
  #events: TransportEvents | undefined;
  #isPaused = false;

  handed = 0;
  taken = 0;
  /** The write of this turn: not begun, begun, or about to leave. */
  #turn: "silent" | "writing" | "leaving" = "silent";
  /** Bytes written and not delivered yet, oldest first. */
  #outgoing: Uint8Array[] = [];
  #waiting = 0;
  #isPumping = false;

  /** Our half. `ending`: `end` was called, and bytes may be under way. `ended`: the peer has been told. */
  #half: "open" | "ending" | "ended" = "open";
  #gone: { readonly error: BrokerError | undefined; told: boolean } | undefined;

  constructor(options: MemoryOptions) {
    this.#options = options;
  }

  join(peer: MemoryEnd): void {
    this.#peer = peer;
  }

  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#peer.#pump();
    if (this.#gone !== undefined) this.#tellClose();
  }

  write(data: string | Uint8Array): void {
    if (this.#half !== "open" || this.#gone !== undefined) return;
    const bytes = typeof data === "string" ? encoder.encode(data) : new Uint8Array(data);
    if (bytes.length === 0) return;
    this.#outgoing.push(bytes);
    this.#waiting += bytes.length;
    this.handed += bytes.length;
    if (this.#turn === "silent") this.#turn = "writing";
    this.#pump();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#peer.#pump();
  }

  secure(): Promise<TlsFacts> {
    const { tls } = this.#options;
    let error: BrokerError;
    if (this.#gone !== undefined) {
      error = new BrokerError("TLS_FAILED", "the connection is gone", { cause: this.#gone.error });
    } else if (this.#peer.#waiting > 0) {
      error = new BrokerError("PROTOCOL_ERROR", "clear text followed the permission to start TLS");
    } else if (tls === undefined) {
      error = new BrokerError("TLS_FAILED", "a connection in memory has no TLS");
    } else {
      this.#tls = tls;
      return Promise.resolve(tls);
    }
    this.#drop(error);
    return Promise.reject(error);
  }

  end(): void {
    this.#leave();
    if (this.#half !== "open" || this.#gone !== undefined) return;
    this.#half = "ending";
    this.#pump();
  }

  destroy(): void {
    this.#drop(undefined);
  }

  sever(error: BrokerError): void {
    for (const end of [this, this.#peer]) {
      end.#forget();
      end.#close(error);
    }
  }

  /** Closes this side at once; the peer sees our half end. */
  #drop(error: BrokerError | undefined): void {
    if (this.#gone !== undefined) return;
    this.#forget();
    this.#peer.#forget();
    this.#close(error);
    if (this.#half === "ended") this.#closePeerSoon();
    else this.#half = "ending";
    this.#pump();
  }

  #forget(): void {
    this.#outgoing = [];
    this.#waiting = 0;
  }

  /** Tells the owner that the write of this turn leaves. */
  #leave(): void {
    if (this.#turn !== "writing" || this.#gone !== undefined) return;
    this.#turn = "leaving";
    this.#events?.leaving();
    this.#turn = "silent";
  }

  /** Delivers the bytes that wait, a piece a turn, as long as the peer reads. */
  #pump(): void {
    if (this.#isPumping || (this.#waiting === 0 && this.#half !== "ending")) return;
    this.#isPumping = true;
    nextTurn(() => {
      this.#leave();
      this.#isPumping = false;
      const reader = this.#peer.#reader();
      if (reader === undefined) return;
      if (this.#waiting > 0) this.#deliver(reader);
      else if (this.#half === "ending") this.#deliverEnd(reader);
      this.#pump();
    });
  }

  /** The receiver of the bytes for this side; `undefined` while it does not read, or is gone. */
  #reader(): TransportEvents | undefined {
    return this.#isPaused || this.#gone !== undefined ? undefined : this.#events;
  }

  #deliver(reader: TransportEvents): void {
    const piece = this.#take(Math.min(this.#waiting, this.#nextCut()));
    this.#waiting -= piece.length;
    this.taken += piece.length;
    reader.data(piece);
    if (this.#gone === undefined) this.#events?.taken(this.taken);
  }

  /** The number of bytes before the next cut. */
  #nextCut(): number {
    const { cut } = this.#options;
    if (typeof cut === "number") return cut;
    let next = LARGEST_PIECE;
    for (const offset of cut ?? []) {
      if (offset > this.taken) next = Math.min(next, offset - this.taken);
    }
    return next;
  }

  #take(length: number): Uint8Array {
    const piece = new Uint8Array(length);
    let filled = 0;
    let used = 0;
    for (const bytes of this.#outgoing) {
      const part = bytes.subarray(0, length - filled);
      piece.set(part, filled);
      filled += part.length;
      if (part.length < bytes.length) {
        this.#outgoing[used] = bytes.subarray(part.length);
        break;
      }
      used++;
    }
    this.#outgoing.splice(0, used);
    return piece;
  }

  #deliverEnd(reader: TransportEvents): void {
    this.#half = "ended";
    const peer = this.#peer;
    reader.end();
    // The owner's answer to the end still leaves before our half ends too.
    nextTurn(() => {
      peer.end();
    });
    if (peer.#half === "ended") {
      this.#close(undefined);
      peer.#close(undefined);
    } else if (this.#gone !== undefined) {
      this.#closePeerSoon();
    }
  }

  /** Closes a peer that has seen our end: this side is gone, and cannot be told of the peer's end. */
  #closePeerSoon(): void {
    nextTurn(() => {
      this.#peer.#close(undefined);
    });
  }

  #close(error: BrokerError | undefined): void {
    if (this.#gone !== undefined) return;
    this.#gone = { error, told: false };
    this.#tellClose();
  }

  #tellClose(): void {
    nextTurn(() => {
      if (this.#gone === undefined || this.#gone.told || this.#events === undefined) return;
      this.#gone.told = true;
      this.#events.close(this.#gone.error);
    });
  }
}
