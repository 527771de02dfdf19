/**
 * Kills: each server is killed in full traffic and started again, ten times. A killed server loses what it
 * had only in memory, also what it had acknowledged. So an acked stanza may be lost here, but only behind
 * the last one that arrived: the rest must be there, and each broker must come back by itself.
 */
import { Flow } from "./harness/flow.js";
import {
  nameOf,
  PLACES,
  portOf,
  receiverAt,
  SERVERS,
  senderAt,
  startServer,
} from "./harness/places.js";
import { Program } from "./harness/program.js";
import { Random } from "./harness/random.js";
import { noneOf, total, verdictChecks } from "./harness/verdicts.js";
import { sleep, until } from "./harness/wait.js";

/** Stanzas that are sent while the server is away. */
const MEANWHILE = 10;

const WAITS = { base: 50, cap: 500 };

/** A sender and a receiver of one place, through all kills of its server. */
class Pair {
  /** The acked stanzas that were lost: with the memory of the server, and before a later one that arrived. */
  lostWithServer = 0;
  lostBefore = 0;
  /** The number of stanzas that were looked at, and of those that were written before the kill. */
  #looked = 0;
  #sent = 0;

  constructor(place, server, lie) {
    this.place = place;
    const port = portOf(place, server);
    // The harness sends the held stanzas when the receiver is back, too.
    const queue = { flush: "manual" };
    this.sender = new Program((more) => senderAt(place, server, port, { queue, ...more }), WAITS);
    const resource = nameOf(place);
    this.receiver = new Program((more) => receiverAt(server, { resource, ...more }), WAITS);
    const { broker } = this.receiver;
    let address;
    broker.on("ready", ({ jid }) => {
      address = jid;
    });
    this.flow = new Flow("kill", this.sender.broker, broker, () => address, { lies: lie });
  }

  ready() {
    return Promise.all([this.sender.ready(), this.receiver.ready()]);
  }

  /** The end was noticed: what is queued now waits for the next connection. */
  noticed() {
    const states = [...this.flow.deliveries.values()].map(({ state }) => state);
    const held = states.indexOf("queued");
    this.#sent = held < 0 ? states.length : held;
  }

  /** Sends what was held, waits until it is there, and looks at all that was sent since the last look. */
  async look() {
    this.sender.broker.queue.flush();
    await this.flow.settle();
    const { arrived, deliveries } = this.flow;
    const ids = [...deliveries.keys()];
    const lastThere = ids.findLastIndex((id, index) => index < this.#sent && arrived.has(id));
    for (let index = this.#looked; index < ids.length; index++) {
      if (deliveries.get(ids[index]).state !== "acked" || arrived.has(ids[index])) continue;
      if (index > lastThere && index < this.#sent) this.lostWithServer++;
      else this.lostBefore++;
    }
    this.#looked = ids.length;
  }

  async leave() {
    await Promise.all([this.sender.leave(), this.receiver.leave()]);
  }
}

async function killAgainAndAgain(name, { kills, random, lie, say }) {
  const server = await startServer(name);
  const pairs = PLACES.filter((place) => place.server === name).map(
    (place) => new Pair(place, server, lie),
  );
  try {
    for (let kill = 0; kill < kills; kill++) {
      await Promise.all(pairs.map((pair) => pair.ready()));
      for (const { flow } of pairs) flow.start({ every: 2, burst: 2 });
      await sleep(100 + random.below(400));
      await server.kill();
      for (const { flow } of pairs) flow.stop();
      await until("the end to be noticed", () =>
        pairs.every(({ sender, receiver }) => !sender.isReady && !receiver.isReady),
      );
      for (const pair of pairs) pair.noticed();
      for (const { flow } of pairs)
        for (let count = 0; count < MEANWHILE; count++) flow.send("held");
      await server.restart();
      await Promise.all(pairs.map((pair) => pair.ready()));
      await Promise.all(pairs.map((pair) => pair.look()));
    }
    await Promise.all(pairs.map((pair) => pair.leave()));
    const { states, lost } = total(pairs.map(({ flow }) => flow.ledger.verdict()));
    say(`${name}: ${kills} kills, ${states.acked} acked, ${lost} lost`);
    return pairs;
  } finally {
    await server.close();
  }
}

export async function run({ size, seed, lie, say }) {
  const all = await Promise.all(
    SERVERS.map((name, number) =>
      killAgainAndAgain(name, { kills: size.kills, random: new Random(seed + number), lie, say }),
    ),
  );
  const pairs = all.flat();
  const verdict = total(pairs.map(({ flow }) => flow.ledger.verdict()));
  const sum = (member) => pairs.reduce((count, pair) => count + pair[member], 0);
  return [
    {
      what: "back by themselves after each kill",
      value: `${pairs.length * size.kills} times`,
      target: `${pairs.length * size.kills}`,
      met: true,
    },
    noneOf("acked, lost before one that arrived", sum("lostBefore"), verdict.states.acked ?? 0),
    {
      what: "acked, lost with the server's memory",
      value: `${sum("lostWithServer")} of ${verdict.states.acked}`,
    },
    ...verdictChecks(verdict, ["falseFailed", "notFinal", "doubled", "foreign"]),
  ];
}
