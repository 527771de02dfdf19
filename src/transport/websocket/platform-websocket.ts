import { onAbort } from "../../base/abort.ts";
import { BrokerError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8.ts";
import { mustBePlain, PLATFORM_TLS } from "../platform-tls.ts";
import type { TlsFacts } from "../tls-facts.ts";
import type { Target, Transport } from "../transport.ts";
import { type Message, type MessageSocket, MessageTransport, NORMAL } from "./message-transport.ts";
import { SUBPROTOCOL } from "./subprotocol.ts";

/** How soon a platform is asked how much it still holds, at first and at last, in milliseconds. It tells nothing by itself. */
const FIRST_LOOK = 1;
const LAST_LOOK = 32;

/** The WebSocket of a browser, as far as it is used here; other platforms have the same one. */
interface PlatformSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly protocol: string;
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: PlatformClose) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

interface PlatformClose {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

type PlatformConstructor = new (url: string, protocol: string) => PlatformSocket;

/**
 * Opens a WebSocket of the platform. It does TLS by itself, so options of TLS other than the policy end in `BAD_OPTION`.
 * Rejects with `CONNECT_FAILED` (`retryable`), and with the reason of the signal.
 */
export async function connectPlatformWebSocket(
  url: string,
  target: Target,
  signal: AbortSignal,
): Promise<Transport> {
  signal.throwIfAborted();
  mustBePlain(target, "where the platform does TLS");
  const { WebSocket } = globalThis as { WebSocket?: PlatformConstructor };
  if (WebSocket === undefined) {
    throw new BrokerError(
      "CONNECT_FAILED",
      "this platform has no WebSocket: give the option transport",
    );
  }
  const socket = new WebSocket(url, SUBPROTOCOL);
  return await new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => {
      settle();
      socket.close();
      reject(signal.reason as Error);
    });
    const settle = (): void => {
      stop();
      socket.onopen = socket.onclose = null;
    };
    socket.onopen = () => {
      settle();
      if (socket.protocol === SUBPROTOCOL) {
        resolve(new Platform(socket, url.startsWith("wss:") ? PLATFORM_TLS : undefined).transport);
        return;
      }
      socket.close();
      reject(failed(url, "the server does not speak XMPP there"));
    };
    socket.onclose = ({ code }) => {
      settle();
      // A browser does not say why, so that a page learns nothing about the network that it is in.
      reject(failed(url, `the platform gives the code ${code} and no reason`));
    };
  });
}

function failed(url: string, detail: string): BrokerError {
  return new BrokerError("CONNECT_FAILED", `${url}: ${detail}`, { retryable: true });
}

/** A WebSocket of the platform. */
class Platform implements MessageSocket {
  readonly local = undefined;
  readonly remote = undefined;
  readonly tls: TlsFacts | undefined;
  readonly transport: MessageTransport;
  readonly #socket: PlatformSocket;
  /** Bytes sent and not seen to be taken. */
  #unsent = 0;
  #stopLooking: (() => void) | undefined;

  constructor(socket: PlatformSocket, tls: TlsFacts | undefined) {
    this.#socket = socket;
    this.tls = tls;
    const transport = new MessageTransport(this);
    this.transport = transport;
    // Else a binary message would be a Blob, which is read later.
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") transport.message(utf8Bytes(data));
      else transport.binary();
    };
    socket.onclose = ({ code, reason, wasClean }) => {
      this.#stopLooking?.();
      this.#look();
      transport.closed(wasClean ? { code, reason } : { cause: undefined });
    };
  }

  send(messages: readonly Message[]): void {
    try {
      for (const { text, bytes } of messages) {
        this.#socket.send(text);
        this.#unsent += bytes;
      }
    } catch (thrown) {
      this.#refused(thrown);
      return;
    }
    this.#stopLooking?.();
    this.#lookAfter(FIRST_LOOK);
  }

  // A platform reads on: the transport holds what comes.
  pause(): void {}

  resume(): void {}

  close(): void {
    try {
      this.#socket.close(NORMAL);
    } catch (thrown) {
      this.#refused(thrown);
    }
  }

  drop(code: number): void {
    const socket = this.#socket;
    socket.onmessage = socket.onclose = null;
    this.#stopLooking?.();
    try {
      // A page may give 1000 and its own codes only (WebSockets Standard, 3.1).
      socket.close(code === NORMAL ? NORMAL : 3000 + code);
    } catch {
      // It is out of reach, and nothing more is wanted of it.
    }
  }

  /** A worker refuses the use of a WebSocket that another request opened, so the connection is lost for us. */
  #refused(thrown: unknown): void {
    this.drop(NORMAL);
    this.transport.closed({ cause: thrown });
  }

  #lookAfter(wait: number): void {
    const timer = setTimeout(() => {
      this.#look();
      if (this.#unsent > 0) this.#lookAfter(Math.min(2 * wait, LAST_LOOK));
    }, wait);
    this.#stopLooking = () => {
      clearTimeout(timer);
    };
  }

  /** Tells how much the platform has sent since it was last asked. */
  #look(): void {
    const taken = Math.max(0, this.#unsent - this.#socket.bufferedAmount);
    this.#unsent -= taken;
    this.transport.took(taken);
  }
}
