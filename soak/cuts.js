/**
 * Cuts: senders at every place lose their connection again and again, in every mode, and come back by
 * themselves, with XEP-0198 to the session before. The state of each delivery is compared with the arrivals at a
 * receiver that is never cut.
 */
import { chooseCut } from "./harness/cut.js";
import { CutProgram } from "./harness/cut-program.js";
import { Flow } from "./harness/flow.js";
import { HABIT_PLACES, startWithHabits } from "./harness/habits.js";
import { atEveryPlace, nameOf, PLACES, portOf, receiverAt, senderAt } from "./harness/places.js";
import { Random } from "./harness/random.js";
import { total, verdictChecks } from "./harness/verdicts.js";
import { until } from "./harness/wait.js";

/** A sender that is cut `cuts` times; resolves with its ledger's verdict. */
async function cutAt(place, server, { cuts, seed, lie, say }) {
  const random = new Random(seed);
  // The bound of a server that counts so few is for the sender, not for this one.
  const own = place.talks ? { acks: false } : {};
  const receiver = receiverAt(server, { resource: nameOf(place), ...own });
  await receiver.connect();
  const sender = await CutProgram.start(
    portOf(place, server),
    (port, more) => senderAt(place, server, port, more),
    seed,
    { isSpokenTo: place.talks },
  );
  sender.broker.on("socket:close", () => {
    // The server notices the end as well, sooner or later; here now, where it keeps the name for so long.
    void sender.relay.cut("fin");
  });
  await sender.ready();
  const flow = new Flow("cut", sender.broker, receiver, () => receiver.jid, { lies: lie });
  flow.start({ every: 10, burst: 1 + random.below(4), text: () => "x".repeat(random.below(600)) });
  // The sender is cut, so messages to it are not judged.
  const talk = new Flow("talk", receiver, sender.broker, () => sender.broker.jid);
  // A server that keeps ten messages must give up its session, since more come while it is away.
  if (place.talks) talk.start({ every: 10, burst: 5 });
  await sender.cut(
    cuts,
    (random) => chooseCut(random, place),
    async (random) => {
      const enough = flow.deliveries.size + random.below(60);
      await until("some more messages", () => flow.deliveries.size >= enough);
    },
  );
  talk.stop();
  await flow.settle();
  const verdict = flow.ledger.verdict();
  await sender.leave();
  await receiver.shutdown();
  const { sent, lost, outOfOrder } = verdict;
  const sessions = place.isManaged ? `, ${sender.resumed} resumed, ${sender.fresh} anew` : "";
  say(`${nameOf(place)}: ${cuts} cuts${sessions}, ${sent} sent, ${lost} lost, ${outOfOrder} late`);
  return { isManaged: place.isManaged === true, verdict };
}

async function cutWithHabits(place, options) {
  const server = await startWithHabits(place);
  try {
    return await cutAt(place, server, options);
  } finally {
    await server.close();
  }
}

export async function run({ size, seed, say, lie }) {
  const managed = [...PLACES, ...HABIT_PLACES].filter(({ isManaged }) => isManaged);
  const others = PLACES.length + HABIT_PLACES.length - managed.length;
  // The places with XEP-0198 share `cuts` cuts, and so do the others.
  const cutsAt = ({ isManaged }) => Math.ceil(size.cuts / (isManaged ? managed.length : others));
  const options = (place, number) => ({ cuts: cutsAt(place), seed: seed + number, lie, say });
  const [real, own] = await Promise.all([
    atEveryPlace((place, server, number) => cutAt(place, server, options(place, number))),
    Promise.all(
      HABIT_PLACES.map((place, number) =>
        cutWithHabits(place, options(place, PLACES.length + number)),
      ),
    ),
  ]);
  const verdicts = (isManaged) =>
    total(
      [...real, ...own].filter((one) => one.isManaged === isManaged).map(({ verdict }) => verdict),
    );
  return [...verdictChecks(verdicts(false)), ...verdictChecks(verdicts(true), undefined, "0198: ")];
}
