/**
 * Resumption: sessions that survive their connections (XEP-0198). End to end, both sides are cut again and again, and
 * every message must arrive, once, in order. On plain TCP, Prosody resumes into the XML that a cut left unfinished: there
 * a session may begin anew, and a message may be repeated under its id, but none may be lost.
 */
import { CuttingRelay } from "xmpp-broker/testing";
import { keepAlive, MODES, PARTS, PATIENCE } from "./harness/cut.js";
import { Flow } from "./harness/flow.js";
import { portOf, receiverAt, SERVERS, senderAt, startServer } from "./harness/places.js";
import { Program } from "./harness/program.js";
import { Random } from "./harness/random.js";
import { total, verdictChecks } from "./harness/verdicts.js";
import { sleep, until } from "./harness/wait.js";

/** The most messages on their way: a server keeps only so many for a receiver that is away (Prosody 500). */
const MOST = 300;

const WAITS = { base: 5, cap: 100 };
const OPTIONS = { keepAlive, timeouts: PATIENCE };

/** A program behind a relay that is cut, and how its logins ended. */
class CutProgram {
  resumed = 0;
  fresh = -1;
  /** How often its connection has ended. */
  losses = 0;
  #random;

  /** `make` is given the port of the relay and more options, and makes the broker. */
  static async start(port, make, seed) {
    const relay = await CuttingRelay.start({ to: { port }, seed });
    return new CutProgram(relay, make, seed);
  }

  constructor(relay, make, seed) {
    this.relay = relay;
    this.#random = new Random(seed);
    this.program = new Program((more) => make(relay.port, { ...OPTIONS, ...more }), WAITS);
    this.program.broker.on("ready", ({ resumed }) => {
      if (resumed) this.resumed++;
      else this.fresh++;
    });
    this.program.broker.on("socket:close", () => {
      this.losses++;
    });
  }

  get broker() {
    return this.program.broker;
  }

  /** Cuts it `cuts` times. `choose` gives the mode and the place of each cut, `pause` waits between two of them. */
  async cut(cuts, choose, pause) {
    for (let done = 0; done < cuts; done++) {
      const { mode, at, isNext } = choose(this.#random);
      const before = this.losses;
      if (isNext) await this.relay.cut(this.#random.of(["reset", "fin"]));
      await this.relay.cut(mode, { at });
      if (mode === "stall") {
        await sleep(this.#random.below(100));
        this.relay.release();
      } else await this.#end(mode, () => this.losses > before);
      await this.program.ready();
      await pause(this.#random);
    }
    this.relay.release();
  }

  /** Waits until a cut is noticed. One way may look alive for ever, while the other brings messages: TCP would end it. */
  async #end(mode, isNoticed) {
    if (mode.startsWith("black-hole-")) {
      await sleep(500);
      if (!isNoticed()) await this.relay.cut("reset");
    }
    await until("the end of a cut link", isNoticed);
  }

  async leave() {
    await this.program.leave();
    await this.relay.close();
  }
}

/** Where a link in TLS is cut: anywhere in the next bytes, or in the login after this link. */
function chooseInTls(random, way) {
  const isNext = random.below(3) === 0;
  // A login that is not heard may be a server that swallows all: then the session begins anew.
  const mode = isNext ? random.of(["reset", "fin"]) : random.of(MODES);
  const at = isNext ? { bytes: 1 + random.below(5_000) } : { within: 1 + random.below(8_000), way };
  return { mode, at, isNext };
}

/** Where a link in clear is cut: inside each part of a stanza, while it asks for its session, and while it repeats. */
function chooseInside(random) {
  const at = random.of([...PARTS, ...PARTS, "resume", "replay"]);
  const isNext = !PARTS.includes(at);
  return { mode: random.of(isNext ? ["reset", "fin"] : MODES), at, isNext };
}

/** Two accounts of one server, both cut; resolves with the verdicts on both ways. */
async function endToEnd({ name, every, burst }, { cuts, seed, lie, say }) {
  const server = await startServer(name);
  try {
    const place = { server: name, dialect: "xmpp", tls: true };
    const sender = await CutProgram.start(
      portOf(place, server),
      (port, more) => senderAt(place, server, port, more),
      seed,
    );
    const receiver = await CutProgram.start(
      server.clients.direct.port,
      (port, more) => receiverAt(server, { port, ...more }),
      seed + 1,
    );
    await Promise.all([sender.program.ready(), receiver.program.ready()]);
    const [from, to] = [sender.broker.jid, receiver.broker.jid];
    const out = new Flow("out", sender.broker, receiver.broker, () => to, { lies: lie });
    const back = new Flow("back", receiver.broker, sender.broker, () => from, { lies: lie });
    const started = Date.now();
    out.start({ every, burst, most: MOST });
    back.start({ every: 10 * every, burst, most: MOST });
    const pause = async (random) => {
      const enough = out.arrived.size + random.below(60);
      await until("some more messages", () => out.arrived.size >= enough);
    };
    await Promise.all([
      sender.cut(cuts, (random) => chooseInTls(random, "up"), pause),
      receiver.cut(cuts, (random) => chooseInTls(random, "down"), pause),
    ]);
    const rate = (out.deliveries.size / (Date.now() - started)) * 1000;
    await Promise.all([out.settle(), back.settle()]);
    await Promise.all([sender.leave(), receiver.leave()]);
    const verdicts = [out, back].map(({ ledger }) => ledger.verdict());
    const resumed = sender.resumed + receiver.resumed;
    const fresh = sender.fresh + receiver.fresh;
    say(
      `${name}: ${2 * cuts} cuts, ${resumed} times resumed, ${fresh} times anew, ` +
        `${out.deliveries.size} and ${back.deliveries.size} sent, ${Math.round(rate)} a second`,
    );
    return { verdicts, resumed, fresh };
  } finally {
    await server.close();
  }
}

/** A sender on Prosody in clear that is cut inside its stanzas. */
async function insideStanzas({ cuts, seed, lie, say }) {
  const place = { server: "prosody", dialect: "xmpp", tls: false };
  const server = await startServer(place.server);
  try {
    const receiver = receiverAt(server);
    await receiver.connect();
    const sender = await CutProgram.start(
      portOf(place, server),
      (port, more) => senderAt(place, server, port, { unacked: "requeue", ...more }),
      seed,
    );
    await sender.program.ready();
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

const LANES = process.env.LANE ? [{ name: process.env.LANE, every: 20, burst: 2 }] : [
  { name: "ejabberd", every: 5, burst: 2 },
  { name: "prosody", every: 20, burst: 2 },
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
  const checks = ends.flatMap(({ verdicts, resumed, fresh }, index) => {
    const { name } = lanes[index];
    return [
      { what: `${name}: resumed, begun anew`, value: `${resumed}, ${fresh}` },
      ...verdictChecks(total(verdicts), ["lost", "doubled", "outOfOrder", ...FALSE], `${name}: `),
    ];
  });
  if (inside !== undefined) {
    checks.push(
      ...verdictChecks(inside, ["lost", ...FALSE], "in clear: "),
      { what: "in clear: repeated, by the same id", value: `${inside.doubled} of ${inside.sent}` },
    );
  }
  return checks;
}
