import { Duplex } from "node:stream";
import type { Incoming, MessageFrames } from "../http/frames.ts";

/** The end of a message in a pipe: XML has no such byte. */
const END = 0;

/** The messages of a pipe: texts that end in a zero byte. An empty one says goodbye. */
export class PipeFrames implements MessageFrames {
  #rest: Buffer = Buffer.alloc(0);

  read(bytes: Uint8Array): Incoming[] {
    return this.messages(bytes).map((message) =>
      message.length === 0 ? { kind: "close", code: 1000 } : { kind: "message", bytes: message },
    );
  }

  /** The messages that are whole now. */
  messages(bytes: Uint8Array): Buffer[] {
    const messages: Buffer[] = [];
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (let at = this.#rest.indexOf(END); at >= 0; at = this.#rest.indexOf(END)) {
      messages.push(this.#rest.subarray(0, at));
      this.#rest = this.#rest.subarray(at + 1);
    }
    return messages;
  }

  text(bytes: Uint8Array): Uint8Array {
    return Buffer.concat([bytes, Uint8Array.of(END)]);
  }

  pong(): Uint8Array {
    return Buffer.alloc(0);
  }

  close(): Uint8Array {
    return Uint8Array.of(END);
  }
}

/** The listener of a pipe: the session of a connection manager. */
export interface PipeOwner {
  /** The server has written a message; an empty one says goodbye. */
  message(text: string): void;
  /** The server has dropped the connection. */
  dropped(): void;
}

/**
 * The connection of a connection manager to its server, in the same process: the server's end, which it serves like
 * the socket of a WebSocket. `encrypted` is true if the client's HTTP is under TLS.
 */
export class StreamPipe extends Duplex {
  /** True under TLS, as sockets of TLS have it. */
  readonly encrypted: true | undefined;
  readonly #frames = new PipeFrames();
  readonly #owner: PipeOwner;

  constructor(owner: PipeOwner, isEncrypted: boolean) {
    super({ allowHalfOpen: false });
    this.#owner = owner;
    if (isEncrypted) this.encrypted = true;
  }

  /** The client says something. */
  say(text: string): void {
    if (!this.destroyed) this.push(this.#frames.text(Buffer.from(text)));
  }

  /** The client has nothing more to say. */
  hangUp(): void {
    if (!this.destroyed) this.push(null);
  }

  setNoDelay(): this {
    return this;
  }

  // The stream of Node.

  override _read(): void {}

  override _write(bytes: Uint8Array, _: BufferEncoding, done: () => void): void {
    for (const message of this.#frames.messages(bytes)) this.#owner.message(String(message));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#owner.dropped();
    done(error);
  }
}
