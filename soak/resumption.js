/**
 * Resumption: sessions that survive their connections (XEP-0198). End to end, both sides are cut again and again, and
 * every message must arrive, once, in order. On plain TCP, Prosody resumes into the XML that a cut left unfinished: there
 * a session may begin anew, and a message may be repeated under its id, but none may be lost.
 */
import { MODES, PARTS } from "./harness/cut.js";
import { CutProgram } from "./harness/cut-program.js";
import { Flow } from "./harness/flow.js";
import { portOf, receiverAt, SERVERS, senderAt, startServer } from "./harness/places.js";
import { noneOf, total, verdictChecks } from "./harness/verdicts.js";
import { until } from "./harness/wait.js";
import { WireOrder } from "./harness/wire-order.js";

/** The most messages on their way: a server keeps only so many for a receiver that is away (Prosody 500). */
const MOST = 300;

/** A login that resumes takes more bytes than these, each way: a cut at one of them comes with the next login. */
const LOGIN = { up: 1_390, down: 3_300 };

/** A busy machine must not be taken for a dead server: a session that is given up is lost. */
const TIMES = { keepAlive: { interval: 500, timeout: 2_000 } };

/**
 * Where a link in TLS is cut: anywhere in the next bytes, or in the login after this link. A hole
 * is where the session is: a login that is not heard may be a server that swallows all, and begins anew.
 */
function chooseInTls(random, way) {
  const isNext = random.below(3) === 0;
  const mode = isNext ? random.of(["reset", "fin"]) : random.of(MODES);
  const within = { within: 1 + random.below(8_000), way };
  if (!isNext) return { mode, at: mode.startsWith("black-hole") ? undefined : within, isNext };
  const at = random.of([
    { bytes: 1 + random.below(LOGIN.up) },
    { bytes: 1 + random.below(LOGIN.down), way: "down" },
  ]);
  return { mode, at, isNext };
}

/** Where a link in clear is cut: inside each part of a stanza, while it asks for its session, and while it repeats. */
function chooseInside(random) {
  const at = random.of([...PARTS, ...PARTS, "resume", "replay"]);
  const isNext = !PARTS.includes(at);
  return { mode: random.of(isNext ? ["reset", "fin"] : MODES), at, isNext };
}

/** Two accounts of one server, both cut; resolves with the verdicts on both ways. */
async function endToEnd({ name, rate }, { cuts, seed, lie, say }) {
  const server = await startServer(name);
  try {
    const place = { server: name, dialect: "xmpp", tls: true };
    const sender = await CutProgram.start(
      portOf(place, server),
      (port, more) => senderAt(place, server, port, more),
      seed,
      { isSpokenTo: true, times: TIMES },
    );
    const receiver = await CutProgram.start(
      server.clients.direct.port,
      (port, more) => receiverAt(server, { port, ...more }),
      seed + 1,
      { isSpokenTo: true, times: TIMES },
    );
    await Promise.all([sender.ready(), receiver.ready()]);
    const [from, to] = [sender.broker.jid, receiver.broker.jid];
    const out = new Flow("out", sender.broker, receiver.broker, () => to, { lies: lie });
    const back = new Flow("back", receiver.broker, sender.broker, () => from, { lies: lie });
    const flows = [out, back];
    const written = [
      new WireOrder(sender.broker, "out", "out"),
      new WireOrder(receiver.broker, "out", "back"),
    ];
    const read = [
      new WireOrder(receiver.broker, "in", "out"),
      new WireOrder(sender.broker, "in", "back"),
    ];
    const started = Date.now();
    out.start({ rate, most: MOST });
    back.start({ rate: rate / 10, most: MOST });
    const pause = async (random) => {
      const enough = out.arrived.size + random.below(60);
      await until("some more messages", () => out.arrived.size >= enough);
    };
    await Promise.all([
      sender.cut(cuts, (random) => chooseInTls(random, "up"), pause),
      receiver.cut(cuts, (random) => chooseInTls(random, "down"), pause),
    ]);
    const sent = (out.deliveries.size / (Date.now() - started)) * 1000;
    await Promise.all([out.settle(), back.settle()]);
    await Promise.all([sender.leave(), receiver.leave()]);
    const verdict = total(flows.map(({ ledger }) => ledger.verdict()));
    const late = (orders) => orders.reduce((sum, order) => sum + order.late, 0);
    // A disorder that is read, and was not written, is the server's.
    const orders = { server: late(read), brokers: late(written) + verdict.outOfOrder - late(read) };
    const resumed = sender.resumed + receiver.resumed;
    const fresh = sender.fresh + receiver.fresh;
    say(
      `${name}: ${2 * cuts} cuts, ${resumed} times resumed, ${fresh} times anew, ` +
        `${out.deliveries.size} and ${back.deliveries.size} sent, ${Math.round(sent)} a second`,
    );
    return { verdict, orders, resumed, fresh };
  } finally {
    await server.close();
  }
}

/** A sender on Prosody in clear that is cut inside its stanzas. */
async function insideStanzas({ cuts, seed, lie, say }) {
  const place = { server: "prosody", dialect: "xmpp", tls: false, door: "optional" };
  const server = await startServer(place.server);
  try {
    const receiver = receiverAt(server);
    await receiver.connect();
    const sender = await CutProgram.start(
      portOf(place, server),
      (port, more) => senderAt(place, server, port, { unacked: "requeue", ...more }),
      seed,
    );
    await sender.ready();
    const flow = new Flow("half", sender.broker, receiver, () => receiver.jid, { lies: lie });
    flow.start({ every: 10, burst: 2, text: () => "x".repeat(200), most: MOST });
    await sender.cut(cuts, chooseInside, async (random) => {
      const enough = flow.arrived.size + 10 + random.below(40);
      await until("some more messages", () => flow.arrived.size >= enough);
    });
    await flow.settle();
    await Promise.all([sender.leave(), receiver.shutdown()]);
    const verdict = flow.ledger.verdict();
    say(
      `prosody in clear: ${cuts} cuts, ${sender.resumed} times resumed, ${sender.fresh} times anew, ` +
        `${verdict.sent} sent, ${verdict.doubled} repeated`,
    );
    return verdict;
  } finally {
    await server.close();
  }
}

const LANES = [
  { name: "ejabberd", rate: 400 },
  { name: "prosody", rate: 100 },
];

const FALSE = ["falseAcked", "falseFailed", "notFinal", "foreign"];

export async function run({ size, seed, lie, say }) {
  const lanes = LANES.filter(({ name }) => SERVERS.includes(name));
  const [ends, inside] = await Promise.all([
    Promise.all(
      lanes.map((lane, number) =>
        endToEnd(lane, { cuts: size.cuts, seed: seed + 10 * number, lie, say }),
      ),
    ),
    SERVERS.includes("prosody")
      ? insideStanzas({ cuts: size.inside, seed: seed + 100, lie, say })
      : undefined,
  ]);
  const checks = ends.flatMap(({ verdict, orders, resumed, fresh }, index) => {
    const { name } = lanes[index];
    const { sent } = verdict;
    return [
      { what: `${name}: resumed, begun anew`, value: `${resumed}, ${fresh}` },
      ...verdictChecks(verdict, ["lost", "doubled"], `${name}: `),
      noneOf(`${name}: out of order, by the brokers`, orders.brokers, sent),
      { what: `${name}: out of order, by the server`, value: `${orders.server} of ${sent}` },
      ...verdictChecks(verdict, FALSE, `${name}: `),
    ];
  });
  if (inside !== undefined) {
    checks.push(...verdictChecks(inside, ["lost", ...FALSE], "in clear: "), {
      what: "in clear: repeated, by the same id",
      value: `${inside.doubled} of ${inside.sent}`,
    });
  }
  return checks;
}
