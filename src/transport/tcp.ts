import { connect, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { onAbort } from "../base/abort.ts";
import { wholeNumber } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import { withoutBrackets } from "../base/text/host-name.ts";
import { TcpTransport } from "./node-tcp-transport.ts";
import { reasonOf, secureContext } from "./tls.ts";
import type { Target, TlsSettings, Transport } from "./transport.ts";

/** The idle time after which the operating system probes a connection, in milliseconds. */
export const KEEP_ALIVE_DELAY = 60_000;

/**
 * Connects over TCP, in clear; `secure` puts TLS on the connection. It sets TCP_NODELAY and TCP keep-alive.
 *
 * Rejects with `CONNECT_FAILED` (`retryable`), with the reason of the signal, and with `BAD_OPTION` for unusable
 * certificates, keys and ports, before any socket is opened.
 */
export async function connectTcp(target: Target, signal: AbortSignal): Promise<Transport> {
  const { socket, context } = await openSocket(target, signal);
  return new TcpTransport(socket, target.tls, context);
}

/** A connected socket, and the context of TLS where the caller gave certificates or keys. */
export interface OpenSocket {
  readonly socket: Socket;
  readonly context: SecureContext | undefined;
}

/** Connects over TCP for a transport. Rejects as `connectTcp` does. */
export async function openSocket(target: Target, signal: AbortSignal): Promise<OpenSocket> {
  signal.throwIfAborted();
  // Node throws too, but only after it has opened a socket.
  wholeNumber("port", target.port, 0, 65_535);
  const context = ownContext(target.tls);
  return { socket: await open(target, signal), context };
}

/** The context of TLS where the caller gave certificates or keys. Without them all connections share the default. */
export function ownContext(tls: TlsSettings): SecureContext | undefined {
  const { ca, cert, key } = tls;
  const given = ca !== undefined || cert !== undefined || key !== undefined;
  return given ? secureContext(tls) : undefined;
}

function open(target: Target, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: withoutBrackets(target.host),
      port: target.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY,
      allowHalfOpen: true,
    });
    socket.once("connect", socketOnConnect);
    socket.once("error", socketOnError);
    const stop = onAbort(signal, signalOnAbort);

    function socketOnConnect(): void {
      settle();
      resolve(socket);
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
      // The contract promises the reason of the signal, which may be any value.
      reject(signal.reason as Error);
    }
    function settle(): void {
      stop();
      socket.off("connect", socketOnConnect);
      socket.off("error", socketOnError);
    }
  });
}

/** A no-op: an error after `settle` is of no interest, and without a listener Node would throw it. */
function ignore(): void {}
