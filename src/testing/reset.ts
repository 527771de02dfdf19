import type { Socket } from "node:net";

/**
 * Resets a connection, so that the other side sees an error. It is dropped instead where the runtime
 * cannot reset, and where our half is ending: there Node would never close the socket.
 */
export function reset(socket: Socket): void {
  const { resetAndDestroy } = socket as Partial<Socket>;
  if (resetAndDestroy === undefined || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
