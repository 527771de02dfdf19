import type { Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { PeerLine } from "../src/testing/peer/scripted-peer.ts";
import type { TransportEvents } from "../src/transport/transport.ts";

/** A real socket for a scripted peer to play on; TLS can be put on it, as a client. */
export class SocketLine implements PeerLine {
  #socket: Socket;
  #tls: TLSSocket | undefined;
  #events: TransportEvents | undefined;
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** How many bytes the system has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  get tls(): TLSSocket {
    if (this.#tls === undefined) throw new TypeError("there is no TLS");
    return this.#tls;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#listen();
  }

  write(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Puts TLS on the connection; rejects when the handshake fails. */
  async secure(options: ConnectionOptions): Promise<void> {
    this.#socket.removeAllListeners("data");
    const socket = connect({ socket: this.#socket, ...options });
    this.#socket = socket;
    this.#tls = socket;
    this.#listen();
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
  }

  #listen(): void {
    this.#socket.on("data", (bytes: Uint8Array) => this.#events?.data(bytes));
    this.#socket.on("end", () => this.#events?.end());
    this.#socket.on("close", () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.#events?.close();
    });
    // The close that follows says it all.
    this.#socket.on("error", () => undefined);
  }
}
