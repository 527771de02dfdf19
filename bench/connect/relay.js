/**
 * A relay that holds every chunk back for a while in each direction, as a long line would, and
 * counts round trips: the longest chain of chunks in which each is sent after the one before has been answered. So
 * connections that are opened at the same time count once.
 */
import { connect, createServer } from "node:net";

let turns = 0;
let bytes = 0;
/** The round trips behind the latest answer that has reached the client. */
let answered = 0;

const sockets = new Set();

/** @param {{ to: number, delay: number }} options `delay`: ms in each direction @returns its port */
export function start({ to, delay }) {
  const server = createServer((client) => {
    const upstream = connect({ port: to, host: "127.0.0.1", noDelay: true });
    client.setNoDelay(true);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    let asked = 0;
    late(client, upstream, delay, (chunk) => {
      bytes += chunk.length;
      const turn = answered + 1;
      turns = Math.max(turns, turn);
      return () => {
        asked = turn;
      };
    });
    late(upstream, client, delay, (chunk) => {
      bytes += chunk.length;
      const turn = asked;
      return () => {
        answered = Math.max(answered, turn);
      };
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

/** The order is kept: timers of equal length fire as they were set. `note` sees a chunk come, its result sees it go. */
function late(from, to, delay, note) {
  const after = delay === 0 ? (act) => act() : (act) => setTimeout(act, delay);
  from.on("data", (chunk) => {
    const gone = note(chunk);
    after(() => {
      gone();
      if (to.writable) to.write(chunk);
    });
  });
  from.on("end", () => after(() => to.end()));
  from.on("error", () => to.destroy());
}

/** The bytes and round trips since the last call. */
export function counted() {
  const now = { turns, bytes };
  turns = 0;
  bytes = 0;
  answered = 0;
  return now;
}

/** Ends all connections, so that the next login opens its own. */
export function drop() {
  for (const socket of sockets) socket.destroy();
}
