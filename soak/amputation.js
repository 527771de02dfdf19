/**
 * Amputation: a sender is cut once and never comes back. Every stanza that it calls acked must be at the
 * receiver. A sender that calls a stanza acked when it is written is caught here, and only here: where a
 * session is resumed, the resumption repairs the lie.
 */
import { CuttingRelay } from "xmpp-broker/testing";
import { chooseLastCut, keepAlive } from "./harness/cut.js";
import { Flow } from "./harness/flow.js";
import { atEveryPlace, nameOf, portOf, receiverAt, senderAt } from "./harness/places.js";
import { Random } from "./harness/random.js";
import { total, verdictChecks } from "./harness/verdicts.js";
import { until } from "./harness/wait.js";

const HOLE = { mode: "black-hole-up", at: { within: 1_000 } };

/** One run; resolves with the verdicts on the sender and on the lie. */
async function amputate(place, server, receiver, { name, seed, lie, isFirst }) {
  const random = new Random(seed);
  const relay = await CuttingRelay.start({ to: { port: portOf(place, server) }, seed });
  const broker = senderAt(place, server, relay.port, { keepAlive });
  // The server may still be busy with the end of the connection before.
  await until(
    "a login",
    () =>
      broker.connect().then(
        () => true,
        () => false,
      ),
    50,
  );
  const flow = new Flow(name, broker, receiver, () => receiver.jid, { lies: lie });
  flow.start({ every: 5, burst: 3 + random.below(8), text: () => "x".repeat(random.below(600)) });
  const enough = 50 + random.below(300);
  await until("some messages", () => flow.deliveries.size >= enough);
  // In the first run everything that is written behind the cut vanishes: there the lie must show.
  const { mode, at } = isFirst ? HOLE : chooseLastCut(random, place);
  await relay.cut(mode, { at });
  relay.refuse();
  await broker.closed;
  flow.stop();
  // There is no other connection for held stanzas.
  broker.queue.clear();
  // The server reads all bytes that have passed the relay, and then the end of the connection.
  await relay.close();
  await flow.final();
  await flow.quiet();
  const counted = [...flow.deliveries].filter(([, { ackedBy }]) => ackedBy === "stream-management");
  const missing = counted.filter(([id]) => !flow.arrived.has(id));
  return {
    honest: flow.ledger.verdict(),
    lie: flow.lie.verdict(),
    counted: counted.length,
    missing: missing.length,
  };
}

export async function run({ size, seed, say, lie }) {
  const places = await atEveryPlace(async (place, server, number) => {
    const receiver = receiverAt(server, { resource: nameOf(place) });
    await receiver.connect();
    const verdicts = [];
    for (let count = 0; count < size.runs; count++) {
      const own = {
        name: `run${count}`,
        seed: seed + 1_000 * number + count,
        lie,
        isFirst: count === 0,
      };
      verdicts.push(await amputate(place, server, receiver, own));
    }
    await receiver.shutdown();
    const { sent, lost, states } = total(verdicts.map(({ honest }) => honest));
    say(`${nameOf(place)}: ${sent} sent, ${states.acked} acked, ${lost} lost`);
    return { place, verdicts };
  });
  const runs = places.map(({ verdicts }) => verdicts);
  const managed = places.filter(({ place }) => place.isManaged).map(({ verdicts }) => verdicts);
  const isCounted = managed.every((verdicts) => verdicts.some(({ counted }) => counted > 0));
  const sum = (member) => managed.flat().reduce((count, verdict) => count + verdict[member], 0);
  const caught = runs.filter((verdicts) =>
    verdicts.some(({ lie: { falseAcked } }) => falseAcked > 0),
  );
  const all = runs.flat();
  const lies = total(all.map((verdicts) => verdicts.lie));
  return [
    ...verdictChecks(total(all.map(({ honest }) => honest))),
    {
      what: "0198: acked, never arrived",
      value: `${sum("missing")} of ${sum("counted")}`,
      target: "0",
      met: sum("missing") === 0 && isCounted,
    },
    {
      what: `the lie is caught, at ${runs.length} places`,
      value: `${caught.length}, ${lies.falseAcked} lies`,
      target: `${runs.length}`,
      met: caught.length === runs.length,
    },
  ];
}
