import { isIP, connect as openSocket, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { wholeNumber, withoutBrackets } from "../base/check.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { handshake, reasonOf, secureContext, tlsFacts } from "./tls.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type {
  Address,
  SecureOptions,
  Target,
  TlsSettings,
  Transport,
  TransportEvents,
} from "./transport.ts";

/** How long a connection is idle before the operating system begins to probe it, in milliseconds. */
const KEEP_ALIVE_DELAY = 60_000;

/**
 * How long one of several addresses of a host may take before the next is tried, in milliseconds.
 * Node gives up an address then (it does not race them), and its own 250 ms lose far-away servers.
 */
const ATTEMPT_TIMEOUT = 1_000;

/** More than this many bytes do not wait for the end of the turn. */
const FLUSH_AT_ONCE = 65_536;

/**
 * Connects over TCP, in clear; `secure` puts TLS on the connection. Without delay (Nagle off) and
 * with TCP keep-alive. Rejects with `CONNECT_FAILED` (`retryable`), with `BAD_OPTION` before any
 * socket is opened when certificates, keys or the port are unusable, and with the signal's reason.
 */
export async function connectTcp(target: Target, signal: AbortSignal): Promise<Transport> {
  signal.throwIfAborted();
  // Node throws too, but only after it has opened a socket.
  wholeNumber("port", target.port, 0, 65_535);
  const { ca, cert, key } = target.tls;
  const given = ca !== undefined || cert !== undefined || key !== undefined;
  const context = given ? secureContext(target.tls) : undefined;
  return await open(target, context, signal);
}

function open(
  target: Target,
  context: SecureContext | undefined,
  signal: AbortSignal,
): Promise<Transport> {
  const host = withoutBrackets(target.host);
  return new Promise((resolve, reject) => {
    const socket = openSocket({
      host,
      port: target.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY,
      allowHalfOpen: true,
      autoSelectFamily: isIP(host) === 0,
      autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT,
    });
    socket.once("connect", socketOnConnect);
    socket.once("error", socketOnError);
    signal.addEventListener("abort", signalOnAbort);

    function socketOnConnect(): void {
      settle();
      resolve(new TcpTransport(socket, target.tls, context));
    }
    function socketOnError(error: Error): void {
      settle();
      socket.on("error", ignore);
      const where = `${target.host}:${target.port}`;
      const facts = { cause: error, retryable: true };
      reject(new BrokerError("CONNECT_FAILED", `${where}: ${reasonOf(error)}`, facts));
    }
    function signalOnAbort(): void {
      settle();
      socket.on("error", ignore);
      socket.destroy();
      // The contract wants the caller's own reason, whatever it is.
      reject(signal.reason as Error);
    }
    function settle(): void {
      signal.removeEventListener("abort", signalOnAbort);
      socket.off("connect", socketOnConnect);
      socket.off("error", socketOnError);
    }
  });
}

/** An error ends in `close`; one that comes after `destroy` is nobody's business any more. */
function ignore(): void {}

/** Where a socket says whose it is: its listeners are the same functions for all sockets. */
const OWNER = Symbol("transport");

interface OwnedSocket extends Socket {
  [OWNER]?: TcpTransport;
}

class TcpTransport implements Transport {
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  #tls: TlsFacts | undefined;

  readonly #settings: TlsSettings;
  readonly #context: SecureContext | undefined;
  /** What bytes go through: the TCP socket, later the TLS socket upon it. */
  #socket: Socket;
  #events: TransportEvents | undefined;
  #paused = false;

  /** Written in this turn: pieces, oldest first, where there are bytes among them, and the text behind them. */
  #pieces: (string | Uint8Array)[] | undefined;
  #text = "";
  /** How many bytes these come to. */
  #queued = 0;
  /** Handed to the socket, and not yet taken by the operating system. */
  #inFlight = 0;
  #flushing: NodeJS.Immediate | undefined;

  /** Our half: `securing` while nothing may be written, `ended` once its end is on its way. */
  #half: "open" | "securing" | "ended" = "open";
  /** `end` was called; what is queued still leaves. */
  #ending = false;
  /** `destroy` was called, or the transport has given up by itself. */
  #destroyed = false;
  #closed = false;
  #error: BrokerError | undefined;

  constructor(socket: Socket, settings: TlsSettings, context: SecureContext | undefined) {
    this.#socket = socket;
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

  get buffered(): number {
    return this.#queued + this.#inFlight;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    if (this.#closed) {
      setImmediate(() => {
        events.close(this.#error);
      });
    } else if (this.#half !== "securing") this.#read(this.#socket);
  }

  write(data: string | Uint8Array): void {
    if (this.#ending || this.#destroyed || this.#closed || data.length === 0) return;
    if (typeof data === "string") {
      // One text a turn is written faster than many buffers, and faster than a corked socket.
      this.#text += data;
      this.#queued += Buffer.byteLength(data);
    } else {
      this.#pieces ??= [];
      if (this.#text !== "") this.#pieces.push(this.#text);
      this.#pieces.push(new Uint8Array(data));
      this.#text = "";
      this.#queued += data.length;
    }
    if (this.#queued > FLUSH_AT_ONCE) this.flush();
    else this.#flushing ??= setImmediate(flush, this);
  }

  pause(): void {
    this.#paused = true;
    if (this.#half !== "securing") this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#events !== undefined && this.#half !== "securing") this.#socket.resume();
  }

  async secure({ direct }: SecureOptions): Promise<TlsFacts> {
    if (this.#half !== "open" || this.#tls !== undefined || this.#isGone()) {
      throw new BrokerError("TLS_FAILED", "the connection cannot take TLS", { cause: this.#error });
    }
    this.flush();
    this.#half = "securing";
    try {
      return await this.#upgrade(direct);
    } catch (thrown) {
      const error = asBrokerError(thrown, "TLS_FAILED");
      this.#fail(error);
      throw error;
    }
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.flush();
  }

  destroy(): void {
    if (this.#isGone()) return;
    this.#destroyed = true;
    this.#forget();
    this.#socket.destroy();
  }

  /**
   * From the clear socket to the TLS socket upon it.
   *
   *     S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
   *                                                          ^ here: not a byte more in clear
   */
  async #upgrade(direct: boolean): Promise<TlsFacts> {
    const clear = this.#socket;
    clear.pause();
    // What the socket still holds would leave in clear in the middle of the handshake.
    if (clear.writableLength > 0) await new Promise((taken) => clear.write("", taken));
    if (this.#isGone() || clear.destroyed) {
      const facts = { cause: this.#error, retryable: true };
      throw new BrokerError("TLS_FAILED", "the connection is gone", facts);
    }
    if (clear.readableLength > 0) {
      throw new BrokerError("PROTOCOL_ERROR", "clear text followed the permission to start TLS");
    }
    clear.off("data", socketOnData).off("end", socketOnEnd);
    const context = this.#context ?? secureContext(this.#settings);
    const secured = await handshake(clear, this.#settings, context, direct);
    clear.off("close", socketOnClose);
    this.#half = "open";
    this.#socket = secured;
    this.#tls = tlsFacts(secured);
    this.#watch(secured);
    if (this.#events !== undefined) this.#read(secured);
    this.flush();
    return this.#tls;
  }

  #watch(socket: OwnedSocket): void {
    socket[OWNER] = this;
    socket.on("error", socketOnError).on("close", socketOnClose);
  }

  #read(socket: Socket): void {
    // Of a socket that was paused on purpose, a listener does not start the flow.
    if (this.#paused) socket.pause();
    socket.on("data", socketOnData).on("end", socketOnEnd);
    if (!this.#paused) socket.resume();
  }

  /** Bytes arrived. */
  arrived(bytes: Uint8Array): void {
    this.#events?.data(bytes);
  }

  /** The other side has ended its half. */
  peerEnded(): void {
    this.#events?.end();
    // What the owner writes in answer still leaves. After that, half a stream is of no use to anybody.
    setImmediate(() => {
      this.end();
    });
  }

  /** The socket has failed; it closes next. */
  failed(error: Error): void {
    if (this.#destroyed) return;
    const facts = { cause: error, retryable: true };
    this.#error ??= new BrokerError("DISCONNECTED", reasonOf(error), facts);
    // A TLS socket reports a broken record, or an alert, and stays open.
    this.#socket.destroy();
  }

  /** The socket is gone. */
  gone(): void {
    // In a handshake the clear socket closes before the TLS socket has said why.
    if (this.#closed || this.#half === "securing") return;
    this.#closed = true;
    this.#forget();
    this.#events?.close(this.#error);
  }

  /** Gives up for a reason; `close` says it, unless the owner has destroyed the transport before. */
  #fail(error: BrokerError): void {
    if (!this.#isGone()) this.#error = error;
    this.#destroyed = true;
    this.#half = "ended";
    this.#forget();
    this.#socket.destroy();
    if (this.#socket.closed) {
      setImmediate(() => {
        this.gone();
      });
    }
  }

  #isGone(): boolean {
    return this.#destroyed || this.#closed;
  }

  /** The turn is over: what is queued leaves. */
  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#half !== "open" || this.#isGone()) return;
    this.#handOver();
    if (!this.#ending) return;
    this.#half = "ended";
    this.#socket.end();
  }

  /** Gives what is queued to the socket, in one system call. */
  #handOver(): void {
    const pieces = this.#pieces;
    const text = this.#text;
    const bytes = this.#queued;
    if (bytes === 0) return;
    this.#empty();
    this.#inFlight += bytes;
    const taken = (error?: Error | null): void => {
      if (error || this.#isGone()) return;
      this.#inFlight -= bytes;
      if (this.buffered === 0) this.#events?.drain();
    };
    if (pieces === undefined) {
      // What is ASCII only is copied as it is, which takes half the time.
      this.#socket.write(text, bytes === text.length ? "latin1" : "utf8", taken);
      return;
    }
    if (text !== "") pieces.push(text);
    this.#socket.cork();
    for (const [index, piece] of pieces.entries()) {
      this.#socket.write(piece, index === pieces.length - 1 ? taken : undefined);
    }
    this.#socket.uncork();
  }

  #empty(): void {
    this.#pieces = undefined;
    this.#text = "";
    this.#queued = 0;
  }

  /** Drops what is queued and what would flush it. */
  #forget(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    this.#empty();
    this.#inFlight = 0;
  }
}

function flush(transport: TcpTransport): void {
  transport.flush();
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
