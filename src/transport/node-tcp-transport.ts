import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { type Steps, step } from "../base/state.ts";
import { SocketWriter } from "./node-socket-writer.ts";
import { handshake, reasonOf, secureContext, tlsFacts } from "./tls.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type {
  Address,
  SecureOptions,
  TlsSettings,
  Transport,
  TransportEvents,
} from "./transport.ts";

/** The key of a socket's transport on the socket: all sockets share the same listeners. */
const OWNER = Symbol("transport");

interface OwnedSocket extends Socket {
  [OWNER]?: TcpTransport;
}

/** The states of a transport. `dropped`: it is given up, and `close` is still to come. */
type State = "open" | "securing" | "dropped" | "closed";

const STEPS: Steps<State> = {
  open: ["securing", "dropped", "closed"],
  securing: ["open", "dropped"],
  dropped: ["closed"],
  closed: [],
};

/** A connected TCP socket as a transport, in clear until `secure` puts TLS on it. */
export class TcpTransport implements Transport {
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  handed = 0;
  #tls: TlsFacts | undefined;

  readonly #settings: TlsSettings;
  readonly #context: SecureContext | undefined;
  /** The TCP socket, later the TLS socket upon it. */
  #socket: Socket;
  readonly #writer: SocketWriter;
  #events: TransportEvents | undefined;
  #isPaused = false;

  #state: State = "open";
  /** The reason that `close` gives; `undefined` while nothing has gone wrong. */
  #error: BrokerError | undefined;

  /** `context` holds the caller's certificates, if there are any; else `secure` makes one. */
  constructor(socket: Socket, settings: TlsSettings, context: SecureContext | undefined) {
    this.#socket = socket;
    this.#writer = new SocketWriter(socket);
    this.#settings = settings;
    this.#context = context;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    this.local = address(localAddress, localPort);
    this.remote = address(remoteAddress, remotePort);
    this.#watch(socket);
  }

  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  get taken(): number {
    return this.#writer.taken;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#writer.tell(events);
    if (this.#state === "closed") {
      setImmediate(() => {
        events.close(this.#error);
      });
    } else if (this.#state === "open") this.#read(this.#socket);
  }

  write(data: string | Uint8Array): void {
    this.#writer.write(data);
    this.handed = this.#writer.handed;
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#state === "open") this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#events !== undefined && this.#state === "open") this.#socket.resume();
  }

  async secure({ direct }: SecureOptions): Promise<TlsFacts> {
    if (this.#state !== "open" || this.#tls !== undefined || !this.#writer.isOpen) {
      throw new BrokerError("TLS_FAILED", "the connection cannot take TLS", { cause: this.#error });
    }
    this.#to("securing");
    try {
      return await this.#upgrade(direct);
    } catch (thrown) {
      const error = asBrokerError(thrown, "TLS_FAILED");
      this.#fail(error);
      throw error;
    }
  }

  end(): void {
    this.#writer.end();
  }

  destroy(): void {
    if (this.#isOver()) return;
    this.#to("dropped");
    this.#writer.drop();
    this.#socket.destroy();
  }

  #to(state: State): void {
    this.#state = step("a TCP transport", STEPS, this.#state, state);
  }

  #isOver(): boolean {
    return this.#state === "dropped" || this.#state === "closed";
  }

  /**
   * Goes from the clear socket to the TLS socket upon it.
   *
   *     S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
   *                                                          ^ here: not a byte more in clear
   */
  async #upgrade(direct: boolean): Promise<TlsFacts> {
    const clear = this.#socket;
    clear.pause();
    // Bytes that the system has not taken would leave in clear in the middle of the handshake.
    await this.#writer.hold();
    if (this.#isOver() || clear.destroyed) throw this.#lost();
    if (clear.readableLength > 0) {
      throw new BrokerError("PROTOCOL_ERROR", "clear text followed the permission to start TLS");
    }
    clear.off("data", socketOnData).off("end", socketOnEnd);
    const context = this.#context ?? secureContext(this.#settings);
    const secured = await handshake(
      clear,
      this.#settings,
      context,
      direct ? "xmpp-client" : undefined,
    );
    if (this.#isOver()) throw this.#lost();
    this.#to("open");
    clear.off("close", socketOnClose);
    this.#socket = secured;
    this.#tls = tlsFacts(secured);
    this.#watch(secured);
    if (this.#events !== undefined) this.#read(secured);
    this.#writer.release(secured);
    return this.#tls;
  }

  #lost(): BrokerError {
    const facts = { cause: this.#error, retryable: true };
    return new BrokerError("TLS_FAILED", "the connection is gone", facts);
  }

  #watch(socket: OwnedSocket): void {
    socket[OWNER] = this;
    socket.on("error", socketOnError).on("close", socketOnClose);
  }

  #read(socket: Socket): void {
    // A listener does not start the flow of a socket that was paused on purpose.
    if (this.#isPaused) socket.pause();
    socket.on("data", socketOnData).on("end", socketOnEnd);
    if (!this.#isPaused) socket.resume();
  }

  /** Bytes arrived. */
  arrived(bytes: Uint8Array): void {
    this.#events?.data(bytes);
  }

  /** The other side has ended its half. */
  peerEnded(): void {
    // Bun tells of it even if the socket was destroyed before.
    if (this.#isOver()) return;
    this.#events?.end();
    // The owner's answer still leaves. After that, half a stream is of no use.
    setImmediate(() => {
      this.end();
    });
  }

  /** The socket has failed; it closes next. */
  failed(error: Error): void {
    if (this.#state === "dropped") return;
    const facts = { cause: error, retryable: true };
    this.#error ??= new BrokerError("DISCONNECTED", reasonOf(error), facts);
    // A TLS socket reports a broken record, or an alert, and stays open.
    this.#socket.destroy();
  }

  /** The socket is gone. */
  gone(): void {
    // In a handshake the clear socket closes before the TLS socket gives the reason.
    if (this.#state === "securing") this.#writer.drop();
    else this.#close();
  }

  /** Gives up for a reason, which `close` gives, unless the owner has destroyed the transport before. */
  #fail(error: BrokerError): void {
    if (this.#isOver()) return;
    this.#to("dropped");
    this.#error = error;
    this.#writer.drop();
    this.#socket.destroy();
    if (this.#socket.closed) {
      setImmediate(() => {
        this.#close();
      });
    }
  }

  #close(): void {
    if (this.#state === "closed") return;
    this.#to("closed");
    this.#writer.drop();
    this.#events?.close(this.#error);
  }
}

function socketOnData(this: OwnedSocket, bytes: Buffer): void {
  this[OWNER]?.arrived(bytes);
}

function socketOnEnd(this: OwnedSocket): void {
  this[OWNER]?.peerEnded();
}

function socketOnError(this: OwnedSocket, error: Error): void {
  this[OWNER]?.failed(error);
}

function socketOnClose(this: OwnedSocket): void {
  this[OWNER]?.gone();
}

function address(host: string | undefined, port: number | undefined): Address | undefined {
  return host === undefined || port === undefined ? undefined : { host, port };
}
