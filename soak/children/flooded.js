/**
 * The program of the part "floods". It has a small heap, and handles what arrives in one of the slow
 * ways. It counts how many stanzas it holds.
 */
import { Broker, component } from "xmpp-broker";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let broker;
/** Stanzas that are finished, the most that were not at one time, and the most heap in use. */
let done = 0;
let most = 0;
let peak = 0;

/** Works on a stanza for a while, and needs it until the end. */
async function work({ stanza }, milliseconds) {
  await pause(milliseconds);
  if (stanza.children.length > 0) done++;
}

const never = () => new Promise(() => {});

/** The ways to be slow. One that never ends is finished when the broker says that it lets go of it. */
const WAYS = {
  handlers: () => broker.filter("/*", (match) => work(match, 20)),
  "endless handlers": () => {
    broker.filter("/*", never);
    finishWith("HANDLER_SLOW");
  },
  ignore: () => broker.filter("/iq", (match) => work(match, 20)),
  "mute responder": () => {
    broker.respond("/iq/*", never);
    finishWith("HANDLER_FAILED");
  },
  iterator: async () => {
    for await (const match of broker.stanzas()) await work(match, 20);
  },
};

function finishWith(code) {
  broker.on("error", ({ error }) => {
    if (error.code === code) done++;
  });
}

export const ways = Object.keys(WAYS);

export async function prepare({ way, port }) {
  broker = new Broker({
    dialect: component({ domain: "flooded.test", secret: "secret" }),
    host: "127.0.0.1",
    port,
    unhandled: way === "ignore" ? "ignore" : "error",
    timeouts: { handler: way === "endless handlers" ? 500 : 60_000, respond: 500 },
  });
  void WAYS[way]();
  broker.on("received", sample);
  await broker.connect();
}

function sample() {
  const { received } = broker.stats;
  most = Math.max(most, received.message + received.iq - done);
  peak = Math.max(peak, process.memoryUsage().heapUsed);
}

/** The state of the program. An answer shows that it lives. */
export function pass() {
  sample();
  return { done, most, peak, phase: broker.phase.name };
}

export async function stop() {
  broker.halt();
  await broker.closed;
}
