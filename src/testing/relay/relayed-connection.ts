import type { Socket } from "node:net";
import { reset } from "../reset.ts";
import type { CutFinder } from "./cut-finder.ts";
import type { Way } from "./cut-place.ts";

/**
 * How a connection is cut.
 *
 * | mode | |
 * | --- | --- |
 * | `reset` | both sides get a reset; bytes that a side has not read yet may be lost |
 * | `fin` | both sides get an orderly end of the connection, without a closing tag |
 * | `black-hole` | bytes vanish both ways, and the connection stays |
 * | `black-hole-up`, `black-hole-down` | bytes vanish one way: from the client, or from the server |
 * | `stall` | bytes are held back both ways until `release`, and nothing is lost |
 */
export type CutMode =
  | "reset"
  | "fin"
  | "black-hole"
  | "black-hole-up"
  | "black-hole-down"
  | "stall";

/** The modes, in the order of their table. */
export const cutModes = [
  "reset",
  "fin",
  "black-hole",
  "black-hole-up",
  "black-hole-down",
  "stall",
] as const satisfies readonly CutMode[];

/** A cut that waits for its place on any connection; it happens once. */
export interface ArmedCut {
  readonly mode: CutMode;
  /** Makes the finder of the place on the connection of that number. */
  finder(number: number): CutFinder;
  happened(connection: RelayedConnection): void;
}

/** The state of a relayed connection: bytes flow, are held back, vanish, or both sides have ended. */
type State =
  | { readonly name: "open" }
  | { readonly name: "stalled"; readonly held: { readonly way: Way; readonly bytes: Uint8Array } }
  | { readonly name: "cut"; readonly mode: CutMode }
  | { readonly name: "closed" };

const OPEN: State = { name: "open" };
const NOTHING = { way: "up", bytes: new Uint8Array() } as const;

/** Two sockets that are joined: a client's and one to the server. */
export class RelayedConnection {
  /** How many bytes have passed, each way. */
  readonly passed = { up: 0, down: 0 };
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
  readonly #number: number;
  readonly #sockets: Readonly<Record<Way, Socket>>;
  readonly #finders = new Map<ArmedCut, CutFinder>();
  #state: State = OPEN;

  /** It is the `number`th of its relay. `client` is read for the way up, `server` for the way down. */
  constructor(number: number, client: Socket, server: Socket, armed: Iterable<ArmedCut>) {
    this.#number = number;
    this.#sockets = { up: client, down: server };
    for (const cut of armed) this.arm(cut);
    this.closed = Promise.all([this.#join("up"), this.#join("down")]).then(() => {
      this.#state = { name: "closed" };
    });
  }

  /** True while bytes flow both ways, or are held back. */
  get flows(): boolean {
    return this.#state.name === "open" || this.#state.name === "stalled";
  }

  /** True if it can be cut: it has not ended. */
  get isCuttable(): boolean {
    const state = this.#state;
    if (state.name !== "cut") return state.name !== "closed";
    return state.mode !== "reset" && state.mode !== "fin";
  }

  /** Looks for the place of a cut from here on. */
  arm(cut: ArmedCut): void {
    this.#finders.set(cut, cut.finder(this.#number));
  }

  /** Looks for it no more. */
  disarm(cut: ArmedCut): void {
    this.#finders.delete(cut);
  }

  /** Cuts it now. `held` are bytes that had come, and are behind the cut. */
  cut(mode: CutMode, held: { readonly way: Way; readonly bytes: Uint8Array } = NOTHING): void {
    if (!this.isCuttable) return;
    const { up, down } = this.#sockets;
    switch (mode) {
      case "stall":
        // Bytes that vanish are not held back.
        if (this.#state.name !== "open") return;
        this.#state = { name: "stalled", held };
        up.pause();
        down.pause();
        return;
      case "reset":
        reset(down);
        reset(up);
        break;
      case "fin":
        up.end();
        down.end();
        break;
      case "black-hole":
      case "black-hole-up":
      case "black-hole-down":
        break;
    }
    this.#state = { name: "cut", mode };
    // From now on, bytes are read and dropped.
    up.resume();
    down.resume();
  }

  /** Ends a stall: the bytes that were held back go on, in order. */
  release(): void {
    if (this.#state.name !== "stalled") return;
    const { held } = this.#state;
    this.#state = OPEN;
    // Another cut may be among the bytes.
    this.#pass(held.way, held.bytes);
    if (this.#state.name === "stalled") return;
    this.#sockets.up.resume();
    this.#sockets.down.resume();
  }

  /** Drops both sides. */
  destroy(): void {
    this.#sockets.up.destroy();
    this.#sockets.down.destroy();
  }

  /** Reads one way; resolves when that socket is closed. */
  #join(way: Way): Promise<void> {
    const socket = this.#sockets[way];
    const other = this.#sockets[way === "up" ? "down" : "up"];
    socket.setNoDelay(true);
    socket.on("data", (bytes: Uint8Array) => {
      this.#pass(way, bytes);
    });
    socket.on("end", () => {
      if (this.#flows(way)) other.end();
    });
    other.on("drain", () => {
      if (this.#state.name !== "stalled") socket.resume();
    });
    socket.on("error", () => {
      if (this.#flows(way)) reset(other);
    });
    return new Promise((resolve) => {
      socket.once("close", () => {
        if (this.#flows(way)) other.end();
        resolve();
      });
    });
  }

  /** True if bytes that come this way are passed on. */
  #flows(way: Way): boolean {
    const state = this.#state;
    if (state.name !== "cut") return state.name === "open";
    return state.mode === "black-hole-up" || state.mode === "black-hole-down"
      ? state.mode !== `black-hole-${way}`
      : false;
  }

  #pass(way: Way, bytes: Uint8Array): void {
    if (!this.#flows(way)) return;
    const [cut, length] = this.#firstCut(way, bytes);
    this.#send(way, bytes.subarray(0, length));
    if (cut === undefined) return;
    const rest = bytes.slice(length);
    this.cut(cut.mode, { way, bytes: rest });
    cut.happened(this);
    // The hole may lie the other way.
    if (this.#flows(way)) this.#send(way, rest);
  }

  /** The first cut that falls into the bytes, and how many of them are before it. */
  #firstCut(way: Way, bytes: Uint8Array): [ArmedCut | undefined, number] {
    let first: ArmedCut | undefined;
    let length = bytes.length;
    if (this.#state.name !== "open") return [first, length];
    for (const [cut, finder] of this.#finders) {
      const found = finder.find(way, bytes, this.passed);
      if (found === undefined || (first !== undefined && found >= length)) continue;
      first = cut;
      length = found;
    }
    return [first, length];
  }

  #send(way: Way, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.passed[way] += bytes.length;
    const other = this.#sockets[way === "up" ? "down" : "up"];
    if (!other.write(bytes)) this.#sockets[way].pause();
  }
}
