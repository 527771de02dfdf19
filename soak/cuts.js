/**
 * Cuts: senders at every place lose their connection again and again, in every mode, and come back by
 * themselves. The state of each delivery is compared with the arrivals at a receiver that is never cut.
 */
import { CuttingRelay } from "xmpp-broker/testing";
import { chooseCut, isLogin, keepAlive, PATIENCE } from "./harness/cut.js";
import { Flow } from "./harness/flow.js";
import { atEveryPlace, nameOf, PLACES, portOf, receiverAt, senderAt } from "./harness/places.js";
import { Program } from "./harness/program.js";
import { Random } from "./harness/random.js";
import { total, verdictChecks } from "./harness/verdicts.js";
import { sleep, until } from "./harness/wait.js";

/** A sender that is cut `cuts` times; resolves with its ledger's verdict. */
async function cutAt(place, server, { cuts, seed, lie }) {
  const random = new Random(seed);
  const relay = await CuttingRelay.start({ to: { port: portOf(place, server) }, seed });
  const receiver = receiverAt(server, { resource: nameOf(place) });
  await receiver.connect();
  const options = { keepAlive, timeouts: PATIENCE };
  const program = new Program(
    (more) => senderAt(place, server, relay.port, { ...options, ...more }),
    { base: 5, cap: 100 },
  );
  let losses = 0;
  program.broker.on("socket:close", () => {
    losses++;
    // The server notices the end as well, sooner or later; here now, where it keeps the name for so long.
    void relay.cut("fin");
  });
  await program.ready();
  const flow = new Flow("cut", program.broker, receiver, () => receiver.jid, { lies: lie });
  flow.start({ every: 10, burst: 1 + random.below(4), text: () => "x".repeat(random.below(600)) });
  for (let done = 0; done < cuts; done++) {
    const { mode, at } = chooseCut(random, place);
    const before = losses;
    const cut = relay.cut(mode, { at });
    if (isLogin(at)) await relay.cut(random.of(["reset", "fin"]));
    await cut;
    if (mode === "stall") {
      await sleep(random.below(100));
      relay.release();
    } else {
      await until("the end of a cut link", () => losses > before);
    }
    await program.ready();
    const enough = flow.deliveries.size + random.below(60);
    await until("some more messages", () => flow.deliveries.size >= enough);
  }
  relay.release();
  await flow.settle();
  const verdict = flow.ledger.verdict();
  await program.leave();
  await receiver.shutdown();
  await relay.close();
  return { verdict, gaveUp: program.gaveUp };
}

export async function run({ size, seed, say, lie }) {
  const each = Math.ceil(size.cuts / PLACES.length);
  const results = await atEveryPlace(async (place, server, number) => {
    const result = await cutAt(place, server, { cuts: each, seed: seed + number, lie });
    const { sent, lost, outOfOrder } = result.verdict;
    say(`${nameOf(place)}: ${each} cuts, ${sent} sent, ${lost} lost, ${outOfOrder} late`);
    return result;
  });
  return verdictChecks(total(results.map(({ verdict }) => verdict)));
}
