/** An address that answers no connection, as that of a dead machine: its queue is full, and it accepts none. */
import { once } from "node:events";
import { createServer } from "node:net";

/** @param {{ host: string, port: number }} place @returns after how many ms it stands still: then fill its queue */
export async function start(place) {
  const server = createServer();
  server.listen({ ...place, backlog: 1 });
  await once(server, "listening");
  const soon = 100;
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), soon);
  return 2 * soon;
}
