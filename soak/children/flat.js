/**
 * The program of the part "flat": a component and a client of one loopback server exchange stanzas of
 * every kind. It samples its own heap.
 */
import { Broker, component, xml, xmpp } from "xmpp-broker";

/** Stanzas under way at once. */
const WINDOW = 64;

let service;
let client;

/** Connects both, and plays `warmUp` stanzas, so that caches are full and code is compiled. */
export async function prepare({ place, warmUp }) {
  const tls = { ca: place.ca };
  const { port: servicePort, ...account } = place.component;
  service = new Broker({ dialect: component(account), host: "127.0.0.1", port: servicePort });
  const { username, domain, password, port } = place.client;
  client = new Broker({
    dialect: xmpp({ jid: `${username}@${domain}/flat`, password }),
    host: "127.0.0.1",
    port,
    tls,
  });
  await Promise.all([service.connect(), client.connect()]);
  client.respond("/iq/question", () => xml("answer", { xmlns: "urn:example:soak" }, "yes"));
  await play(warmUp);
}

/** Sends `stanzas` stanzas, and samples the heap `samples` times, evenly. */
export async function pass({ stanzas, samples }) {
  const before = census();
  const points = [];
  for (let sample = 0; sample < samples; sample++) {
    await play(stanzas / samples);
    points.push([Math.round(((sample + 1) * stanzas) / samples), heap()]);
  }
  return { points, before, after: census(), received: service.stats.received, errors: errors() };
}

export async function stop() {
  await Promise.all([service.shutdown(), client.shutdown()]);
}

/** Counts the timers, the sockets, and the listeners of the sockets. */
function census() {
  const active = process.getActiveResourcesInfo();
  const handles = process._getActiveHandles();
  return {
    timers: active.filter((kind) => kind === "Timeout").length,
    sockets: active.filter((kind) => kind.startsWith("TCP")).length,
    listeners: handles
      .flatMap((handle) => handle.eventNames?.().map((name) => handle.listenerCount(name)) ?? [])
      .reduce((sum, count) => sum + count, 0),
  };
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const errors = () => [service, client].flatMap(({ stats }) => [...stats.errors.keys()]);

/** One kind of traffic a turn; each counts the stanzas that it makes. */
const TURNS = [
  // A message, and the wait for it.
  async (id) => {
    const there = client.waitFor("/message[@id=$id]", { variables: { id } });
    const delivery = service.send(message(client.jid, id));
    await Promise.all([there, delivery.written()]);
    return 1;
  },
  // A request that is answered by a responder.
  async () => {
    const question = xml("question", { xmlns: "urn:example:soak" });
    await service.request(xml("iq", { type: "get", to: client.jid }, question));
    return 2;
  },
  // A request that nobody answers in time.
  async () => {
    const nobody = xml("iq", { type: "get", to: `nobody@${client.settings.dialect.domain}` });
    await service.request(nobody).catch(() => {});
    return 2;
  },
  // Messages the other way, read by an iterator that leaves early.
  async (id) => {
    const texts = service.stanzas("/message[starts-with(@id, $id)]", { variables: { id } });
    client.send(message(service.jid, `${id}-1`));
    client.send(message(service.jid, `${id}-2`));
    let seen = 0;
    for await (const _ of texts) if (++seen === 2) break;
    return 2;
  },
  // A subscription that comes and goes, and an event listener too.
  async (id) => {
    const seen = new Promise((resolve) => {
      const undo = client.filter("/presence", ({ stanza }) => {
        if (stanza.attrs.id !== id) return;
        undo();
        resolve();
      });
    });
    const undo = service.on("sent", () => {});
    service.send(xml("presence", { to: client.jid, id }));
    await seen;
    undo();
    return 1;
  },
  // A burst of plain messages, and one delivery that is asked for its end.
  async (id) => {
    for (let index = 0; index < 50; index++) service.send(message(client.jid, "burst"));
    await service.send(message(client.jid, id)).written();
    return 51;
  },
];

const message = (to, id) =>
  xml("message", { to, id, type: "chat" }, xml("body", {}, "The quick brown fox & the lazy dog."));

let turn = 0;

/** Plays turns until so many stanzas have been sent. */
async function play(stanzas) {
  let made = 0;
  const lane = async () => {
    while (made < stanzas) {
      const number = turn++;
      const count = await TURNS[number % TURNS.length](`turn-${number}`);
      made += count;
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
}
