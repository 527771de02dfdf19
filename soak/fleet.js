/**
 * A fleet: many brokers of one process, whose server is killed and stays away for three seconds. The
 * broker's own policy beside the loops that programs write themselves, in one run.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { PLACES, portOf, senderAt, startServer } from "./harness/places.js";
import { until } from "./harness/wait.js";

const PLACE = PLACES.find(
  ({ server, dialect, tls }) => server === "prosody" && dialect === "xmpp" && tls,
);

/** How long the server is away, in milliseconds. */
const AWAY = 3_000;

/** The waits of a loop before its attempts, in milliseconds. */
const LOOPS = {
  "a loop, 1 s": () => 1_000,
  "a loop, full jitter to 30 s": (attempt) => Math.random() * Math.min(500 * 2 ** attempt, 30_000),
};

async function loop(broker, wait, isOver) {
  for (let attempt = 0; !isOver(); attempt++) {
    await sleep(wait(attempt));
    if (isOver()) return;
    try {
      await broker.connect();
      return;
    } catch {
      // The next attempt comes later.
    }
  }
}

/** One fleet through one absence; resolves with the times of coming back, and the time-outs. */
async function absence(name, count) {
  const server = await startServer(PLACE.server);
  const wait = LOOPS[name];
  const port = portOf(PLACE, server);
  const brokers = Array.from({ length: count }, (_, number) =>
    senderAt({ ...PLACE, resource: `fleet-${number}` }, server, port, {
      keepAlive: false,
      ...(wait === undefined ? { reconnect: true } : {}),
    }),
  );
  try {
    for (const broker of brokers) await broker.connect();
    let timeOuts = 0;
    const back = [];
    let returned = Number.POSITIVE_INFINITY;
    let isOver = false;
    for (const broker of brokers) {
      broker.on("ready", () => back.push(Date.now() - returned));
      for (const event of ["connect:failure", "socket:error", "auth:failure"]) {
        broker.on(event, ({ error }) => {
          if (error.code.startsWith("TIMEOUT")) timeOuts++;
        });
      }
      if (wait !== undefined) void broker.closed.then(() => loop(broker, wait, () => isOver));
    }
    await server.kill();
    await sleep(AWAY);
    await server.restart();
    returned = Date.now();
    await until("all to be back", () => brokers.every(({ phase }) => phase.name === "ready"));
    isOver = true;
    back.sort((one, other) => one - other);
    const at = (share) => (back[Math.ceil(share * count) - 1] / 1_000).toFixed(1);
    return { times: [0.5, 0.95, 1].map(at), timeOuts };
  } finally {
    for (const broker of brokers) broker.halt();
    await server.close();
  }
}

export async function run({ size, say }) {
  const checks = [];
  const loops = size.loops ? Object.keys(LOOPS) : [];
  for (const name of [...loops, "the option reconnect"]) {
    const { times, timeOuts } = await absence(name, size.brokers);
    say(`${name}: half, 95 %, all back after ${times.join(", ")} s, ${timeOuts} time-outs`);
    checks.push({ what: `${name}: half, 95 %, all`, value: `${times.join(" / ")} s` });
    if (name in LOOPS) continue;
    checks.push({ what: "time-outs", value: `${timeOuts}`, target: "0", met: timeOuts === 0 });
  }
  return checks;
}
