import type { Socket } from "node:net";
import { type Steps, step } from "../base/state.ts";
import type { TransportEvents } from "./transport.ts";

/**
 * The most bytes of a piece. Node tells only when the system has taken a whole piece, so small pieces show
 * progress soon. A TLS record carries as much.
 */
const PIECE_BYTES = 16_384;

interface Piece {
  readonly data: string | Uint8Array;
  /** The size of `data`, as UTF-8 where it is text. */
  readonly bytes: number;
}

/** Our half. `ending`: no more writes are accepted. `ended`: the socket knows. `dropped`: all that waited is lost. */
type Half = "open" | "ending" | "ended" | "dropped";

const STEPS: Steps<Half> = {
  open: ["ending", "dropped"],
  ending: ["ended", "dropped"],
  ended: ["dropped"],
  dropped: [],
};

/**
 * Writes to a socket in pieces, one at a time, and counts the bytes that the operating system has taken.
 *
 * The writes of a turn of the event loop leave together at its end. A piece holds whole writes; only a write that is
 * larger than a piece is cut.
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

  /** The end of a turn with writes: awaited by an immediate, or reached. */
  #turn: NodeJS.Immediate | "leaving" | undefined;
  #half: Half = "open";
  /** True if writes wait, as they do while TLS is put on the socket. */
  #isHeld = false;
  /** Ends the wait of `hold`. */
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Names the owner, who is told of `leaving` and `taken`. */
  tell(events: TransportEvents): void {
    this.#events = events;
  }

  /** True if writes are accepted. */
  get isOpen(): boolean {
    return this.#half === "open";
  }

  write(data: string | Uint8Array): void {
    if (this.#half !== "open" || data.length === 0) return;
    if (typeof data === "string") this.#addText(data);
    else this.#addBytes(data);
    if (!this.#isHeld) this.#turn ??= setImmediate(flush, this);
  }

  /** Sends all that is written, before the turn is over. */
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
    this.#to("ending");
    this.#send();
  }

  /** Forgets everything; `handed` and `taken` stay as they are. */
  drop(): void {
    if (this.#half === "dropped") return;
    this.#to("dropped");
    this.#turnTo(undefined);
    this.#pieces = undefined;
    this.#growing = "";
    this.#growingBytes = 0;
    this.#wake?.();
  }

  /** Holds back all further writes. Resolves when the system has taken the earlier ones, or all is dropped. */
  async hold(): Promise<void> {
    this.flush();
    this.#fill();
    this.#isHeld = true;
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Ends `hold`: the writes that waited go to another socket. */
  release(socket: Socket): void {
    this.#wake = undefined;
    this.#socket = socket;
    this.#isHeld = false;
    this.flush();
  }

  #to(half: Half): void {
    this.#half = step("a socket writer", STEPS, this.#half, half);
  }

  get #inFlight(): number {
    return this.#sent - this.taken;
  }

  get #isLeaving(): boolean {
    return this.#turn === "leaving";
  }

  /** Tells the owner that the write of the turn leaves. Returns false if the owner has ended the turn from inside. */
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
    const isLow = (text.charCodeAt(0) & 0xfc00) === 0xdc00;
    const added = isLow ? this.#takeLoneSurrogate() + text : text;
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

  /** Takes back the first half of a surrogate pair at the end of the last write; the next text has the second. */
  #takeLoneSurrogate(): string {
    if (typeof this.#growing !== "string") return "";
    const last = this.#growing.slice(-1);
    if ((last.charCodeAt(0) & 0xfc00) !== 0xd800) return "";
    this.#growing = this.#growing.slice(0, -1);
    // Alone it was counted as U+FFFD, which has three bytes.
    this.#growingBytes -= 3;
    this.handed -= 3;
    return last;
  }

  /** Ends the growing piece; the next write begins another. */
  #fill(): void {
    if (this.#growingBytes === 0) return;
    this.#pieces ??= [];
    this.#pieces.push({ data: this.#growing, bytes: this.#growingBytes });
    this.#growing = "";
    this.#growingBytes = 0;
  }

  /** Gives the next piece to the socket, if the one before has been taken and its own turn is over. */
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
      this.#to("ended");
      this.#socket.end();
    }
  }

  #give(data: string | Uint8Array, bytes: number): void {
    this.#sent += bytes;
    const socketOnTaken = (error?: Error | null): void => {
      if (!error) this.#took(bytes);
    };
    if (typeof data !== "string") this.#socket.write(data, socketOnTaken);
    // ASCII is copied as it is, which takes half the time.
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
