import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

/**
 * Resets a connection, so that the other side sees an error. It is dropped instead where the runtime
 * cannot reset, as under TLS, and where our half is ending: there Node would never close the socket.
 */
export function reset(socket: Duplex): void {
  const { resetAndDestroy } = socket as Partial<Pick<Socket, "resetAndDestroy">>;
  const cannot = resetAndDestroy === undefined || socket instanceof TLSSocket;
  if (cannot || socket.writableEnded) socket.destroy();
  else resetAndDestroy.call(socket);
}
