/**
 * Hand-over: a component on Prosody is replaced by its successor in full traffic, in both directions,
 * again and again. The old one hands over, and then the new one logs in by the same name.
 */
import { Flow } from "./harness/flow.js";
import { portOf, receiverAt, senderAt, startServer } from "./harness/places.js";
import { Random } from "./harness/random.js";
import { total, verdictChecks } from "./harness/verdicts.js";
import { sleep } from "./harness/wait.js";

const PLACE = { server: "prosody", dialect: "component", tls: false };

export async function run({ size, seed, lie, say }) {
  const random = new Random(seed);
  const server = await startServer(PLACE.server);
  try {
    const peer = receiverAt(server);
    await peer.connect();
    const port = portOf(PLACE, server);
    const make = () => senderAt(PLACE, server, port, { reconnect: true });
    let holder = make();
    const { jid } = await holder.connect();
    // One flow in, to the holder of the name; and one out of each holder.
    const into = new Flow("in", peer, holder, () => jid, { lies: lie });
    const flows = [into];
    const leave = (broker) => {
      const flow = new Flow(`out${flows.length}-`, broker, peer, () => peer.jid, { lies: lie });
      flow.start({ every: 2, burst: 2 });
      flows.push(flow);
      return flow;
    };
    into.start({ every: 2, burst: 2 });
    let flow = leave(holder);
    let left = 0;
    const reasons = [];
    for (let number = 0; number < size.times; number++) {
      await sleep(50 + random.below(200));
      const handedOver = holder.handOver();
      flow.stop();
      const next = make();
      into.hear(next);
      const last = flow;
      flow = leave(next);
      const { unsent, unknown } = await handedOver;
      left += unsent.length + unknown.length;
      await next.connect();
      const reason = await holder.closed;
      if (reason !== undefined) reasons.push(reason.code);
      await last.final();
      holder = next;
    }
    await Promise.all([flow.settle(), into.settle()]);
    await Promise.all([holder.shutdown(), peer.shutdown()]);
    const verdict = total(flows.map(({ ledger }) => ledger.verdict()));
    const { sent, lost, states } = verdict;
    say(`${size.times} hand-overs, ${sent} sent, ${states.acked} acked, ${states.unknown} unknown`);
    const lostIn = into.ledger.verdict().lost;
    return [
      { what: "lost on the way in", value: `${lostIn}`, target: "0", met: lostIn === 0 },
      {
        what: "lost on the way out",
        value: `${lost - lostIn}`,
        target: "0",
        met: lost === lostIn,
      },
      { what: "left unsent or unproven", value: `${left}`, target: "0", met: left === 0 },
      {
        what: "ended with a reason",
        value: reasons.join() || "0",
        target: "0",
        met: reasons.length === 0,
      },
      ...verdictChecks(verdict),
    ];
  } finally {
    await server.close();
  }
}
