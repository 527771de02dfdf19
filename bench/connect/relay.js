/**
 * A relay that holds every chunk back for a while in each direction, as a long line would, and
 * counts round trips: how often the client spoke after the server had.
 */
import { connect, createServer } from "node:net";

let turns = 0;
let bytes = 0;

/** @param {{ to: number, delay: number }} options `delay`: ms in each direction @returns its port */
export function start({ to, delay }) {
  const server = createServer((client) => {
    const upstream = connect({ port: to, host: "127.0.0.1", noDelay: true });
    client.setNoDelay(true);
    let heard = true;
    client.on("data", (chunk) => {
      if (heard) turns++;
      heard = false;
      bytes += chunk.length;
    });
    upstream.on("data", (chunk) => {
      heard = true;
      bytes += chunk.length;
    });
    late(client, upstream, delay);
    late(upstream, client, delay);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

/** The order is kept: timers of equal length fire as they were set. */
function late(from, to, delay) {
  const after = delay === 0 ? (act) => act() : (act) => setTimeout(act, delay);
  from.on("data", (chunk) => after(() => to.writable && to.write(chunk)));
  from.on("end", () => after(() => to.end()));
  from.on("error", () => to.destroy());
}

/** The bytes and turns that have passed since the last call. */
export function counted() {
  const now = { turns, bytes };
  turns = 0;
  bytes = 0;
  return now;
}
