import type { Socket } from "node:net";
import type { TransportEvents } from "./transport.ts";

/**
 * The most bytes of a piece. Node tells only when the system has taken a whole piece, so a small one
 * shows progress soon. It is also the most that a TLS record carries.
 */
const PIECE_BYTES = 16_384;

interface Piece {
  readonly data: string | Uint8Array;
  /** How many bytes `data` is, as UTF-8 where it is text. */
  readonly bytes: number;
}

/**
 * Writes to a socket in pieces, one at a time, and counts what the operating system has taken.
 *
 * All that is written in a turn of the event loop leaves together at its end. A piece is made of
 * whole writes as long as they fit; only a write that is larger than a piece is cut.
 */
export class SocketWriter {
  /** Bytes accepted since the start. */
  handed = 0;
  /** Bytes of these that the operating system has taken. */
  taken = 0;

  #socket: Socket;
  #events: TransportEvents | undefined;

  /** Full pieces, oldest first; `undefined` while there are none, as nearly always. */
  #pieces: Piece[] | undefined;
  /** The piece that still grows, behind the full ones. */
  #growing: string | Uint8Array = "";
  #growingBytes = 0;
  /** Bytes given to the socket since the start. */
  #sent = 0;
  /** Bytes that may be given to the socket: the writes of all turns that are over. */
  #released = 0;

  /** The end of the turn: awaited by an immediate, or reached. */
  #turn: NodeJS.Immediate | "leaving" | undefined;
  /** `ending`: nothing more is accepted; `ended`: the socket has been told so; `dropped`: all is lost. */
  #half: "open" | "ending" | "ended" | "dropped" = "open";
  /** While TLS is put on the socket, writes wait. */
  #isHeld = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Names the owner, which is told of `leaving` and `taken`. */
  tell(events: TransportEvents): void {
    this.#events = events;
  }

  /** Whether writes are accepted. */
  get isOpen(): boolean {
    return this.#half === "open";
  }

  write(data: string | Uint8Array): void {
    if (this.#half !== "open" || data.length === 0) return;
    if (typeof data === "string") this.#addText(data);
    else this.#addBytes(data);
    if (!this.#isHeld) this.#turn ??= setImmediate(flush, this);
  }

  /** Ends the turn's write early: all that is written leaves now. */
  flush(): void {
    if (this.#isHeld || this.#half === "dropped") return;
    if (!this.#isLeaving && !this.#leave()) return;
    this.#turnTo(undefined);
    this.#released = this.handed;
    this.#send();
  }

  /** Ends our half once everything written has been given to the socket. */
  end(): void {
    this.flush();
    if (this.#half !== "open") return;
    this.#half = "ending";
    this.#send();
  }

  /** Forgets everything; `handed` and `taken` stay as they are. */
  drop(): void {
    this.#turnTo(undefined);
    this.#half = "dropped";
    this.#pieces = undefined;
    this.#growing = "";
    this.#growingBytes = 0;
    this.#wake?.();
  }

  /** Holds back all writes from here on; resolves when the system has taken the ones before, or all is dropped. */
  async hold(): Promise<void> {
    this.flush();
    this.#fill();
    this.#isHeld = true;
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Goes on with another socket, after `hold`. */
  release(socket: Socket): void {
    this.#wake = undefined;
    this.#socket = socket;
    this.#isHeld = false;
    this.flush();
  }

  get #inFlight(): number {
    return this.#sent - this.taken;
  }

  get #isLeaving(): boolean {
    return this.#turn === "leaving";
  }

  /** Tells the owner that the turn's write leaves. Returns false where the owner has ended the turn from inside. */
  #leave(): boolean {
    this.#turnTo("leaving");
    if (this.handed > this.#released) this.#events?.leaving();
    return this.#isLeaving;
  }

  #turnTo(turn: "leaving" | undefined): void {
    if (typeof this.#turn === "object") clearImmediate(this.#turn);
    this.#turn = turn;
  }

  #addText(text: string): void {
    const added = this.#takeLoneSurrogate(text) + text;
    const bytes = Buffer.byteLength(added);
    if (bytes > PIECE_BYTES) {
      this.#addLarge(Buffer.from(added));
      return;
    }
    if (this.#growingBytes + bytes > PIECE_BYTES) this.#fill();
    if (typeof this.#growing === "string") this.#growing += added;
    else this.#growing = Buffer.concat([this.#growing, Buffer.from(added)]);
    this.#growingBytes += bytes;
    this.handed += bytes;
  }

  #addBytes(bytes: Uint8Array): void {
    if (bytes.length > PIECE_BYTES) {
      this.#addLarge(new Uint8Array(bytes));
      return;
    }
    if (this.#growingBytes + bytes.length > PIECE_BYTES) this.#fill();
    const before = typeof this.#growing === "string" ? Buffer.from(this.#growing) : this.#growing;
    this.#growing = Buffer.concat([before, bytes]);
    this.#growingBytes += bytes.length;
    this.handed += bytes.length;
  }

  /** Cuts a write that is larger than a piece. */
  #addLarge(bytes: Uint8Array): void {
    this.#fill();
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      this.#growing = bytes.subarray(start, start + PIECE_BYTES);
      this.#growingBytes = this.#growing.length;
      this.#fill();
    }
    this.handed += bytes.length;
  }

  /** The first half of a character of two UTF-16 units, where the last write ended in it and the text goes on with the second. */
  #takeLoneSurrogate(text: string): string {
    if ((text.charCodeAt(0) & 0xfc00) !== 0xdc00 || typeof this.#growing !== "string") return "";
    const last = this.#growing.slice(-1);
    if ((last.charCodeAt(0) & 0xfc00) !== 0xd800) return "";
    this.#growing = this.#growing.slice(0, -1);
    // It was counted as the three bytes of U+FFFD.
    this.#growingBytes -= 3;
    this.handed -= 3;
    return last;
  }

  /** The growing piece is full; the next write begins another. */
  #fill(): void {
    if (this.#growingBytes === 0) return;
    this.#pieces ??= [];
    this.#pieces.push({ data: this.#growing, bytes: this.#growingBytes });
    this.#growing = "";
    this.#growingBytes = 0;
  }

  /** Gives the next piece to the socket, when the one before has been taken and its turn is over. */
  #send(): void {
    if (this.#inFlight > 0 || this.#half === "dropped") return;
    const next = this.#pieces?.[0];
    const bytes = next?.bytes ?? this.#growingBytes;
    if (bytes > 0 && this.#sent + bytes <= this.#released) {
      if (next === undefined) {
        const data = this.#growing;
        this.#growing = "";
        this.#growingBytes = 0;
        this.#give(data, bytes);
      } else {
        this.#pieces?.shift();
        if (this.#pieces?.length === 0) this.#pieces = undefined;
        this.#give(next.data, bytes);
      }
    }
    if (this.#half === "ending" && this.#sent === this.handed && !this.#isHeld) {
      this.#half = "ended";
      this.#socket.end();
    }
  }

  #give(data: string | Uint8Array, bytes: number): void {
    this.#sent += bytes;
    const socketOnTaken = (error?: Error | null): void => {
      if (!error) this.#took(bytes);
    };
    if (typeof data !== "string") this.#socket.write(data, socketOnTaken);
    // Text of ASCII alone is copied as it is, which takes half the time.
    else this.#socket.write(data, bytes === data.length ? "latin1" : "utf8", socketOnTaken);
  }

  #took(bytes: number): void {
    if (this.#half === "dropped") return;
    this.taken += bytes;
    this.#send();
    if (this.#inFlight === 0) this.#wake?.();
    this.#events?.taken(this.taken);
  }
}

function flush(writer: SocketWriter): void {
  writer.flush();
}
