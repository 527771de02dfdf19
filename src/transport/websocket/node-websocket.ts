import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { WebSocket } from "ws";
import { asBrokerError, BrokerError } from "../../base/errors.ts";
import { Fifo } from "../../base/fifo.ts";
import { openSocket } from "../tcp.ts";
import { handshake, reasonOf, secureContext, tlsFacts } from "../tls.ts";
import type { TlsFacts } from "../tls-facts.ts";
import type { Address, Target, Transport } from "../transport.ts";
import { type Message, type MessageSocket, MessageTransport, NORMAL } from "./message-transport.ts";
import { SUBPROTOCOL } from "./subprotocol.ts";

/**
 * The most bytes of a message that is read. The limits of the stream are stricter; this bounds what is held until a
 * message is whole.
 */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * The most bytes that a socket is given before it has taken the earlier ones, as with a TCP transport: it tells only when
 * it has taken all of them. A message that is larger goes alone.
 */
const WINDOW = 16_384;

/**
 * Opens a WebSocket over a socket of Node, so that certificates are checked as over TCP: for `wss`, TLS comes before
 * HTTP. Rejects with `CONNECT_FAILED` (`retryable`), `TLS_FAILED`, the reason of the signal, and with `BAD_OPTION` for
 * unusable certificates and keys.
 */
export async function connectNodeWebSocket(
  url: string,
  target: Target,
  signal: AbortSignal,
): Promise<Transport> {
  // Loaded with the first WebSocket: most programs need none.
  const ws = await import("ws");
  const opened = await openSocket(target, signal);
  const abandon = (): void => {
    opened.socket.destroy();
  };
  signal.addEventListener("abort", abandon);
  try {
    let { socket } = opened;
    if (url.startsWith("wss:")) {
      const context = opened.context ?? secureContext(target.tls);
      socket = await handshake(socket, target.tls, context, "http/1.1");
    }
    return await upgrade(url, socket, ws.WebSocket);
  } catch (thrown) {
    opened.socket.destroy();
    signal.throwIfAborted();
    throw asBrokerError(thrown, "CONNECT_FAILED", { retryable: true });
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}

/** Goes from HTTP to the WebSocket (RFC 6455, 4). Nothing is compressed, as a secret could be guessed by its length. */
function upgrade(url: string, socket: Socket, Client: typeof WebSocket): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const taken: Socket[] = [];
    const client = new Client(url, SUBPROTOCOL, {
      createConnection() {
        taken.push(socket);
        return socket;
      },
      perMessageDeflate: false,
      maxPayload: MOST_BYTES,
    });
    let failure: Error | undefined;
    client.on("error", (error) => {
      failure ??= error;
    });
    // Bun has a `ws` of its own. Before 1.4.5 it opens another socket, which is not checked by our settings.
    if (taken.length === 0) {
      client.terminate();
      const detail = `${url}: this runtime has its own ws, which takes no socket (that of Bun 1.4.5 does)`;
      reject(new BrokerError("CONNECT_FAILED", detail));
      return;
    }
    client.once("close", clientOnClose);
    client.once("open", () => {
      client.off("close", clientOnClose);
      resolve(new NodeSocket(client, socket).transport);
    });

    function clientOnClose(): void {
      const reason = failure === undefined ? "the connection was closed" : reasonOf(failure);
      const facts = { retryable: true, cause: failure };
      reject(new BrokerError("CONNECT_FAILED", `${url}: ${reason}`, facts));
    }
  });
}

/** A WebSocket of `ws` over a socket of Node. */
class NodeSocket implements MessageSocket {
  readonly local: Address | undefined;
  readonly remote: Address | undefined;
  readonly tls: TlsFacts | undefined;
  readonly transport: MessageTransport;
  readonly #client: WebSocket;
  readonly #socket: Socket;
  /** Messages that wait for the window, oldest first. */
  readonly #waiting = new Fifo<Message>();
  /** Bytes that the socket was given and has not taken. */
  #unsent = 0;
  /** True if the handshake of the end begins behind the messages that wait. */
  #isClosing = false;

  constructor(client: WebSocket, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    this.local = address(localAddress, localPort);
    this.remote = address(remoteAddress, remotePort);
    this.tls = socket instanceof TLSSocket ? tlsFacts(socket) : undefined;
    const transport = new MessageTransport(this);
    this.transport = transport;
    let failure: Error | undefined;
    client.on("error", (error) => {
      failure ??= error;
    });
    client.on("message", (data, isBinary) => {
      if (isBinary) transport.binary();
      else transport.message(data);
    });
    client.on("close", (code, reason) => {
      // A server that ends before our last message has left does not agree to our end.
      const isCut = code === LOST || (this.#isClosing && this.#waiting.size > 0);
      if (failure !== undefined || isCut) transport.closed({ cause: failure });
      else transport.closed({ code, reason: String(reason) });
    });
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) this.#waiting.push(message);
    this.#pump();
  }

  /** Gives the socket as much as the window lets through. */
  #pump(): void {
    const texts: string[] = [];
    let bytes = 0;
    for (let next = this.#waiting.front; next !== undefined; next = this.#waiting.front) {
      const inFlight = this.#unsent + bytes;
      if (inFlight > 0 && inFlight + next.bytes > WINDOW) break;
      this.#waiting.shift();
      texts.push(next.text);
      bytes += next.bytes;
    }
    this.#unsent += bytes;
    if (texts.length > 0) this.#write(texts, bytes);
    if (this.#isClosing && this.#waiting.size === 0) this.#client.close(NORMAL);
  }

  /** Writes messages of so many bytes together, in one write of the system. */
  #write(texts: readonly string[], bytes: number): void {
    const last = texts.length - 1;
    this.#socket.cork();
    for (const [index, text] of texts.entries()) {
      if (index < last) this.#client.send(text);
      else {
        this.#client.send(text, (error) => {
          if (!error) this.#took(bytes);
        });
      }
    }
    this.#socket.uncork();
  }

  #took(bytes: number): void {
    this.#unsent -= bytes;
    if (this.#waiting.size > 0) this.#pump();
    this.transport.took(bytes);
  }

  pause(): void {
    this.#client.pause();
  }

  resume(): void {
    this.#client.resume();
  }

  close(): void {
    this.#isClosing = true;
    this.#pump();
  }

  drop(): void {
    this.#waiting.takeAll();
    this.#client.terminate();
  }
}

/** The code of a connection that ended without a closing handshake (RFC 6455, 7.1.5). */
const LOST = 1006;

function address(host: string | undefined, port: number | undefined): Address | undefined {
  return host === undefined || port === undefined ? undefined : { host, port };
}
