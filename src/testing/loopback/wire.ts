import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import { type Deferred, deferred } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import { reset } from "../reset.ts";
import { type FaultState, type LoopbackPhase, NO_FAULTS, PHASES } from "./faults.ts";

/** Beyond so many unread bytes, the senders of more have to wait. */
const FULL = 1024 * 1024;

/** Beyond so many unread bytes, the server drops the connection. It takes several senders to get there. */
const UNREAD_LIMIT = 64 * FULL;

/** How long a full connection may take to drain before it is dropped, in milliseconds. */
const STALL = 10_000;

/** How long the other side may take to end its half after we have ended ours, in milliseconds. */
const LINGER = 2000;

/** A socket, or what a connection manager has in place of one. */
export type WireSocket = Duplex & { setNoDelay(isOn?: boolean): unknown };

/** The callbacks of a wire. */
export interface WireEvents {
  readonly data: (bytes: Uint8Array) => void;
  /** Nothing more will arrive. May be called more than once. */
  readonly end: () => void;
  /** The other side reads too slowly. The promise resolves when it has caught up, or is gone. */
  readonly full: (relief: Promise<void>) => void;
}

/** Bytes that wait to be written, or the end of our half, and the time for it. */
interface Held {
  readonly due: number;
  readonly bytes: Uint8Array | "end";
}

/**
 * The bytes of one connection: a socket, TLS on it when asked for, and the faults. An error of the
 * socket counts as an end.
 */
export class Wire {
  /** Settles when the connection is gone in both directions. */
  readonly closed: Promise<void>;
  readonly #events: WireEvents;
  /** The socket in clear, below TLS. */
  readonly #clear: WireSocket;
  #faults: Readonly<FaultState> = NO_FAULTS;
  /** The socket in clear, or TLS on it. */
  #socket: WireSocket;
  #phase: LoopbackPhase = "connect";
  /** True while the owner wants to read. The fault `stall` may forbid it. */
  #isWanted = false;
  #stalled: Deferred<undefined> | undefined;
  #secured: boolean;
  #held: Held[] = [];
  #heldBytes = 0;
  #cancelPump: (() => void) | undefined;
  #drained: (() => void) | undefined;
  #linger: NodeJS.Timeout | undefined;
  #full: { readonly relief: Promise<void>; readonly end: () => void } | undefined;

  constructor(socket: WireSocket, events: WireEvents) {
    this.#clear = socket;
    this.#secured = "encrypted" in socket && socket.encrypted === true;
    this.#socket = socket;
    this.#events = events;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#stopPump();
        this.#full?.end();
        clearTimeout(this.#linger);
        events.end();
        resolve();
      });
    });
    socket.setNoDelay(true);
    // The event `close` follows.
    socket.on("error", () => undefined);
  }

  /** Begins to read in clear. Not called where TLS comes first: nothing may listen before TLS does. */
  start(): void {
    this.#isWanted = true;
    this.#listen(this.#socket);
  }

  /** How far the connection has come. */
  get phase(): LoopbackPhase {
    return this.#phase;
  }

  /** Puts other faults in force. */
  setFaults(faults: Readonly<FaultState>): void {
    this.#faults = faults;
    if (faults.stalled === (this.#stalled !== undefined)) return;
    if (faults.stalled) {
      this.#stalled = deferred();
      this.#socket.pause();
    } else {
      this.#stalled?.resolve(undefined);
      this.#stalled = undefined;
      if (this.#isWanted) this.#socket.resume();
    }
  }

  /** True once TLS protects the connection. */
  get secured(): boolean {
    return this.#secured;
  }

  /** True if a fault forbids to write in this phase. */
  get mute(): boolean {
    const { mute } = this.#faults;
    return mute !== undefined && PHASES.indexOf(this.#phase) >= PHASES.indexOf(mute);
  }

  /** Enters a phase. An earlier phase changes nothing. */
  enter(phase: LoopbackPhase): void {
    if (PHASES.indexOf(phase) > PHASES.indexOf(this.#phase)) this.#phase = phase;
  }

  /** Writes bytes, unless mute. */
  write(bytes: Uint8Array): void {
    if (!this.mute) this.inject(bytes);
  }

  /** Writes bytes, mute or not; `delay` and `split` apply. */
  inject(bytes: Uint8Array): void {
    this.#put(bytes);
    const unread = this.#socket.writableLength + this.#heldBytes;
    if (unread > UNREAD_LIMIT) this.destroy();
    else if (unread > FULL) this.#events.full(this.#fill());
  }

  /**
   * Puts TLS on the connection, as the server, once everything written has left. `direct`: from the
   * first byte, so ALPN may be negotiated. Rejects with `DISCONNECTED` when the handshake fails.
   */
  async secure(context: SecureContext, direct: boolean): Promise<void> {
    await this.#flushed();
    if (this.#stalled !== undefined) await Promise.race([this.#stalled.promise, this.closed]);
    // A mute server never answers the handshake, so the other side has to give up.
    if (this.mute) {
      await this.closed;
      throw new BrokerError("DISCONNECTED");
    }
    const clear = this.#clear;
    clear.removeAllListeners("data");
    const secured = new TLSSocket(clear, {
      isServer: true,
      secureContext: context,
      ...(direct ? { ALPNProtocols: ["xmpp-client"] } : {}),
    });
    this.#socket = secured;
    const handshake = new Promise<void>((resolve) => secured.once("secure", resolve));
    this.#isWanted = true;
    this.#listen(secured);
    await Promise.race([handshake, this.closed]);
    if (clear.destroyed || secured.destroyed) throw new BrokerError("DISCONNECTED");
    this.#secured = true;
  }

  /** Stops reading. */
  pause(): void {
    this.#isWanted = false;
    this.#socket.pause();
  }

  /** Reads again, unless a fault forbids it. */
  resume(): void {
    this.#isWanted = true;
    if (this.#stalled === undefined) this.#socket.resume();
  }

  /** Ends our half when everything written has left. A mute server does not. */
  end(): void {
    if (!this.mute) this.#put("end");
  }

  /** Resets the connection, so that the other side sees an error; drops it where the runtime cannot. */
  reset(): void {
    reset(this.#clear);
  }

  /** Drops the connection now. */
  destroy(): void {
    this.#socket.destroy();
  }

  #listen(socket: WireSocket): void {
    socket.on("data", this.#events.data);
    if (this.#stalled !== undefined) socket.pause();
    socket.on("end", this.#events.end);
    socket.on("close", this.#events.end);
    socket.on("drain", () => {
      if (this.#heldBytes === 0) this.#full?.end();
    });
    // The event `close` follows.
    socket.on("error", () => undefined);
  }

  /** Resolves when the unread bytes have left. After ten seconds the peer is dropped. */
  #fill(): Promise<void> {
    if (this.#full !== undefined) return this.#full.relief;
    let timer: NodeJS.Timeout;
    const watch = (): void => {
      timer = setTimeout(() => {
        // The fault `delay` holds bytes back, not the peer.
        if (this.#heldBytes > 0) watch();
        else this.destroy();
      }, STALL);
    };
    watch();
    const { promise: relief, resolve } = deferred<undefined>();
    const end = (): void => {
      clearTimeout(timer);
      this.#full = undefined;
      resolve(undefined);
    };
    this.#full = { relief, end };
    return relief;
  }

  #put(bytes: Uint8Array | "end"): void {
    if (this.#socket.destroyed) return;
    const { delay, split } = this.#faults;
    if (delay === 0 && !split && this.#held.length === 0) this.#emit(bytes);
    else {
      this.#held.push({ due: performance.now() + delay, bytes });
      this.#heldBytes += bytes.length;
      if (this.#cancelPump === undefined) this.#pump();
    }
  }

  #emit(bytes: Uint8Array | "end"): void {
    if (bytes !== "end") {
      this.#socket.write(bytes);
      return;
    }
    this.#socket.end();
    this.#linger ??= setTimeout(() => {
      this.destroy();
    }, LINGER);
  }

  /** Writes the first held bytes when they are due (one byte if split), and schedules itself again. */
  readonly #pump = (): void => {
    this.#cancelPump = undefined;
    const first = this.#held[0];
    if (first === undefined) {
      this.#drained?.();
      if (this.#socket.writableLength === 0) this.#full?.end();
      return;
    }
    const wait = first.due - performance.now();
    if (wait > 0) {
      const timer = setTimeout(this.#pump, wait);
      this.#cancelPump = () => {
        clearTimeout(timer);
      };
      return;
    }
    const { bytes, due } = first;
    if (bytes === "end" || bytes.length <= 1 || !this.#faults.split) {
      this.#held.shift();
      this.#heldBytes -= bytes.length;
      this.#emit(bytes);
    } else {
      this.#held[0] = { due, bytes: bytes.subarray(1) };
      this.#heldBytes -= 1;
      this.#emit(bytes.subarray(0, 1));
    }
    const turn = setImmediate(this.#pump);
    this.#cancelPump = () => {
      clearImmediate(turn);
    };
  };

  async #flushed(): Promise<void> {
    if (this.#held.length === 0 && this.#cancelPump === undefined) return;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    await Promise.race([drained, this.closed]);
  }

  #stopPump(): void {
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    this.#held = [];
  }
}
