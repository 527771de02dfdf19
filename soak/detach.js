/**
 * Detach: a client's process is replaced by another one in full traffic, again and again, and its session goes on
 * (XEP-0198). Each message to it must arrive once, and its answer too. A watcher that is subscribed to its presence must
 * never see it go.
 */
import { xml } from "xmpp-broker";
import { Contender } from "../bench/harness/contender.js";
import { Flow } from "./harness/flow.js";
import { ACCOUNTS, receiverAt, SERVERS, startServer } from "./harness/places.js";
import { Random } from "./harness/random.js";
import { noneOf, total, verdictChecks } from "./harness/verdicts.js";
import { sleep, until, untilQuiet } from "./harness/wait.js";

const PLACES = ["prosody", "ejabberd"];

/** The most messages on their way: a server keeps only so many for a client that is away (Prosody 500). */
const MOST = 300;

/** One server; resolves with what was seen. */
async function replaceAgainAndAgain(name, { times, seed, say }) {
  const random = new Random(seed);
  const server = await startServer(name);
  const { port, domain } = server.clients.required;
  const account = { jid: `alice@${domain}/bot`, password: ACCOUNTS.alice, port, ca: server.ca };
  const begin = () => new Contender("bot", new URL("./children/detached.js", import.meta.url));
  let bot = begin();
  try {
    const watcher = receiverAt(server, { resource: "watcher" });
    await watcher.connect();
    const seen = [];
    watcher.filter("/presence[starts-with(@from, 'alice@')]", ({ stanza }) => {
      seen.push(stanza.attrs.type ?? "available");
    });
    const answers = new Map();
    watcher.filter("/message[starts-with(@id, 'back-')]", ({ stanza }) => {
      answers.set(stanza.attrs.id, (answers.get(stanza.attrs.id) ?? 0) + 1);
    });
    watcher.send(xml("presence"));
    const { jid } = await bot.call("prepare", account);
    watcher.send(xml("presence", { to: `alice@${domain}`, type: "subscribe" }));
    await watcher.acked();
    await bot.call("befriend", { to: `bob@${domain}` });
    await until("the bot's presence", () => seen.includes("available"));
    // A server may say before that it was away.
    seen.length = 0;

    const flow = new Flow("in", watcher, undefined, () => jid);
    const enter = (ids) => {
      for (const id of ids) flow.arrive(id);
    };
    flow.start({ rate: 100, most: MOST });
    let resumed = 0;
    let unsent = 0;
    for (let done = 0; done < times; done++) {
      const next = begin();
      await next.ready();
      await sleep(random.below(200));
      enter(await bot.call("look"));
      const left = await bot.call("leave");
      await bot.stop();
      bot = next;
      enter(left.arrived);
      unsent += left.unsent;
      const session = left.session === undefined ? undefined : JSON.parse(left.session);
      const ready = await bot.call("prepare", { ...account, session });
      if (ready.resumed) resumed++;
    }
    flow.stop();
    await flow.final();
    await untilQuiet(async () => {
      enter(await bot.call("look"));
      return answers.size;
    });
    const gone = seen.filter((type) => type === "unavailable").length;
    const verdict = flow.ledger.verdict();
    const { sent, lost, outOfOrder } = verdict;
    const unanswered = sent - answers.size;
    const twice = [...answers.values()].filter((count) => count > 1).length;
    say(
      `${name}: ${times} processes, ${resumed} went on, ${sent} sent, ${lost} lost, ${outOfOrder} late`,
    );
    await bot.call("stop");
    // The watcher sees this end, so it would have seen an earlier one.
    await until("the end of the presence", () => seen.length > gone);
    await watcher.shutdown();
    return { verdict, resumed, unsent, gone, unanswered, twice };
  } finally {
    await bot.stop();
    await server.close();
  }
}

export async function run({ size, seed, say }) {
  const results = await Promise.all(
    PLACES.filter((name) => SERVERS.includes(name)).map((name, number) =>
      replaceAgainAndAgain(name, { times: size.times, seed: seed + number, say }),
    ),
  );
  const sum = (member) => results.reduce((count, result) => count + result[member], 0);
  const none = (what, count) => ({ what, value: `${count}`, target: "0", met: count === 0 });
  const verdict = total(results.map((result) => result.verdict));
  const { sent } = verdict;
  const times = size.times * results.length;
  return [
    {
      what: "went on in another process",
      value: `${sum("resumed")} times`,
      target: `${times}`,
      met: sum("resumed") === times,
    },
    none("presence, seen to go", sum("gone")),
    none("left unsent", sum("unsent")),
    noneOf("answers lost", sum("unanswered"), sent),
    noneOf("answers that came twice", sum("twice"), sent),
    ...verdictChecks(verdict, [
      "lost",
      "doubled",
      "falseAcked",
      "falseFailed",
      "notFinal",
      "foreign",
    ]),
  ];
}
