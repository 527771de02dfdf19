import { describe, expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { a, heard, outline, R } from "../session/acks/managed-line.ts";
import { message, outcome } from "../session/acks/proof-line.ts";
import { settled } from "../virtual-clock.ts";
import { bare } from "./line.ts";
import { ask, ENABLE, FRESH, failed, JID, PING, PONG, resumed } from "./managed-outage.ts";
import type { Outage } from "./outage.ts";
import { cut, first, states, written } from "./resumption.ts";

describe("a session that goes on", () => {
  test("is written again behind the probe, from the first that was not handled, and in order", async () => {
    const made = await first([ask(0) + resumed(1) + PING + PONG]);
    const { broker, servers, ready } = made;
    const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
    const acked = deliveries.map((delivery) => outcome(delivery.acked()));
    await settled();
    await cut(made);
    expect(ready).toEqual(["fresh", "resumed"]);
    expect(broker.phase).toEqual({ name: "ready", jid: JID, resumed: true });
    expect(states(deliveries)).toEqual(["acked", "written", "written"]);
    const second = servers[1];
    if (second === undefined) throw new TypeError("it did not come back");
    expect(written(await heard(second))).toBe("b c r");
    // The probe counts.
    second.say(a(3));
    await settled();
    expect(states(deliveries)).toEqual(["acked", "acked", "written"]);
    second.say(a(4));
    await settled();
    expect(acked.map(({ now }) => now)).toEqual(["resolved", "resolved", "resolved"]);
    broker.halt();
  });

  test("is ready behind the replay, and before anything that its listeners send", async () => {
    const made = await first([ask(0) + resumed(0) + PING + PONG]);
    const { broker, servers } = made;
    broker.send(message("a"));
    await settled();
    broker.on("ready", () => broker.send(message("listener")));
    servers[0]?.cut();
    await settled();
    broker.send(message("meanwhile"));
    await cut(made);
    const text = await heard(servers[1] ?? servers[0] ?? made.server);
    expect(written(text)).toBe("a r listener meanwhile");
    broker.halt();
  });

  test("hands the list over in one go, and nothing else before the socket has taken it", async () => {
    const queue = { highWater: 1000 };
    const made = await first([ask(0) + resumed(0) + PING + PONG], { queue });
    const { broker, servers } = made;
    const ids = Array.from({ length: 20 }, (_, index) => `m${index}`);
    const body = "x".repeat(200);
    for (const id of ids) broker.send(xml("message", { id, to: "juliet@example.net" }, body));
    await settled();
    expect(broker.queue.size).toBe(0);
    const told: number[] = [];
    broker.on("ready", () => {
      broker.send(message("late"));
      told.push(broker.queue.unsent, broker.queue.size);
    });
    await cut(made);
    const [unsent = 0, waiting] = told;
    expect([unsent > 20 * 200, waiting]).toEqual([true, 1]);
    const text = written(await heard(servers[1] ?? made.server));
    expect(text).toBe([...ids, "r", "late"].join(" "));
    broker.halt();
  });

  test("keeps requests, waitFor and proofs that are waited for", async () => {
    const answer = `
  S: <iq type='result' id='q' from='example.org'/><message id='late'/>`;
    const made = await first([ask(0) + resumed(1) + PING + answer + PONG]);
    const { broker } = made;
    const request = outcome(broker.request(xml("iq", { type: "get", id: "q", to: "example.org" })));
    const waiting = outcome(broker.waitFor("/message[@id='late']"));
    const proof = outcome(broker.acked());
    await settled();
    await cut(made);
    expect([request.now, waiting.now, proof.now]).toEqual(["resolved", "resolved", "resolved"]);
    broker.halt();
  });

  test("tells what it has taken in, and goes on counting over the links", async () => {
    const made = await first([
      `${ask(2)}${resumed(0)}${PING}
      S: <message id='3'/>${PONG}`,
      ask(5) + resumed(1) + PING + PONG,
    ]);
    const { broker, servers } = made;
    servers[0]?.say("<message id='1'/><message id='2'/>");
    await settled();
    await cut(made);
    servers[1]?.say(`<message id='4'/>${R}`);
    // Two messages before the cut and two behind it, and the answer to the probe.
    expect(outline(await heard(servers[1] ?? made.server))).toBe("r a4 a5");
    await cut(made);
    servers[2]?.say(R);
    expect(outline(await heard(servers[2] ?? made.server))).toBe("r a6 a6");
    broker.halt();
  });

  test("does not write the keep-alive's ping again, and the counters fit all the same", async () => {
    const keepAlive = { interval: 5000, timeout: 5000 };
    const made = await first([ask(0) + resumed(0) + PING + PONG], { keepAlive });
    const { broker, clock, servers } = made;
    await clock.pass(5000);
    expect(await heard(made.server)).toContain("urn:xmpp:ping");
    const delivery = broker.send(message("a"));
    await settled();
    await cut(made);
    const second = servers[1] ?? made.server;
    expect(written(await heard(second))).toBe("a r");
    // The probe of the login, and the message.
    second.say(a(2));
    await settled();
    expect([broker.phase.name, delivery.state]).toEqual(["ready", "acked"]);
    broker.halt();
  });

  test("counts from <enabled/>, and not what came before", async () => {
    const early = ENABLE.replace("S: ", "S: <message id='early'/>").replace(
      /$/,
      "<message id='1'/>",
    );
    const made = await first([ask(1) + resumed(0) + PING + PONG], {}, early);
    made.server.say(R);
    expect(outline(await heard(made.server))).toBe("a1");
    await cut(made);
    expect(made.ready).toEqual(["fresh", "resumed"]);
    made.broker.halt();
  });

  test("takes more stanzas that it has missed than a login puts aside", async () => {
    const many = Array.from({ length: 1500 }, (_, index) => `<message id='${index}'/>`).join("");
    const made = await first([`${ask(0)}${resumed(0)}${PING}\nS: ${many}${PONG}`]);
    const { broker, ready } = made;
    let got = 0;
    broker.filter("/message", () => {
      got++;
    });
    await cut(made);
    expect([ready.at(-1), got]).toEqual(["resumed", 1500]);
    broker.halt();
  });
});

describe("a bare end of the connection", () => {
  test("gets no footer, which would end the session on the server", async () => {
    const made = await first([ask(0) + resumed(0) + PING + PONG]);
    const { broker, servers, ready } = made;
    servers[0]?.end();
    await settled();
    expect(servers[0]?.heard).not.toContain("</stream:stream>");
    await made.clock.pass(1000);
    expect(ready).toEqual(["fresh", "resumed"]);
    broker.halt();
  });

  test("gets none while the old session is asked for", async () => {
    const made = await first([`${ask(0)}\nS: (end)`, ask(0) + resumed(0) + PING + PONG]);
    const { broker, servers, ready } = made;
    await cut(made, 2);
    expect(servers[1]?.heard).not.toContain("</stream:stream>");
    expect(ready).toEqual(["fresh", "resumed"]);
    broker.halt();
  });

  test.each<[string, (made: Outage) => Promise<void>]>([
    ["whose session is not kept", () => Promise.resolve()],
    [
      "of a broker that shuts down",
      async ({ broker, server }) => {
        broker.filter("/message", () => new Promise<void>(() => undefined));
        server.say("<message id='1'/>");
        await settled();
        void broker.shutdown();
      },
    ],
  ])("gets one %s", async (which, play) => {
    const isKept = which !== "whose session is not kept";
    const made = await first([], isKept ? {} : { dialect: bare });
    const { broker, server } = made;
    await play(made);
    await settled();
    server.end();
    await settled();
    expect(server.heard).toContain("</stream:stream>");
    broker.halt();
  });
});

describe("the answer to a ping of the broker's own that comes again is no traffic, and counts", () => {
  const PINGED = /<iq type='get' id='([^']*)'/;

  test("a ping of the keep-alive, which was open at the cut", async () => {
    const keepAlive = { interval: 20_000, timeout: 30_000 };
    const made = await first([ask(0) + resumed(1) + PING + PONG], { keepAlive });
    const { broker, clock, servers } = made;
    const got: string[] = [];
    broker.filter("/iq", ({ stanza }) => void got.push(stanza.attrs.id ?? ""));
    await clock.pass(20_000);
    const id = PINGED.exec(await heard(made.server))?.[1] ?? "";
    await cut(made);
    servers[1]?.say(`<iq type='result' id='${id}' from='example.org'/>${R}`);
    await settled();
    expect([got, broker.stats.received.iq]).toEqual([[], 0]);
    expect(outline(await heard(servers[1] ?? made.server))).toMatch(/a2$/);
    broker.halt();
  });

  test("the ping of a login, whose answer the server has not heard of", async () => {
    const made = await first([
      ask(0) + resumed(0) + PING + PONG,
      ask(1) + resumed(1) + PING.replace("{probe}", "{again}") + PONG.replace("{probe}", "{again}"),
    ]);
    const { broker, servers } = made;
    const got: string[] = [];
    broker.filter("/iq", ({ stanza }) => void got.push(stanza.attrs.id ?? ""));
    await cut(made);
    const id = servers[1] && PINGED.exec(servers[1].heard)?.[1];
    await cut(made);
    servers[2]?.say(`<iq type='result' id='${id}' from='example.org'/>${R}`);
    await settled();
    expect([got, broker.stats.received.iq]).toEqual([[], 0]);
    broker.halt();
  });
});

const violation = `
  S: <stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`;

describe("a session that does not go on", () => {
  test("what its <failed/> does not cover is sent again where `unacked` wants that", async () => {
    const made = await first([ask(0) + failed(1)], { unacked: "requeue" });
    const { broker, servers } = made;
    const deliveries = ["a", "b"].map((id) => broker.send(message(id)));
    await settled();
    await cut(made);
    expect(written(await heard(servers[1] ?? made.server))).toBe("b r");
    servers[1]?.say(a(1));
    await settled();
    expect(states(deliveries)).toEqual(["acked", "acked"]);
    broker.halt();
  });

  test("a stanza that may have ended the stream goes alone, and not into the old session again", async () => {
    const made = await first(
      [
        `${FRESH}
  C: …<r xmlns='urn:xmpp:sm:3'/>
  S: ${a(1)}
  C: …<r xmlns='urn:xmpp:sm:3'/>${violation}`,
        `${FRESH}
  C: …<r xmlns='urn:xmpp:sm:3'/>${violation}`,
        FRESH,
      ],
      { unacked: "requeue" },
      `${ENABLE}
  C: …<r xmlns='urn:xmpp:sm:3'/>${violation}`,
    );
    const { broker, clock, servers } = made;
    const deliveries = ["a", "p", "b"].map((id) => broker.send(message(id)));
    for (let seconds = 0; seconds < 60; seconds++) await clock.pass(1000);
    const each = servers.slice(1).map((server) => outline(server.heard));
    expect(each).toEqual(["a r p r", "p r", "b r"]);
    expect(made.ready).toEqual(["fresh", "fresh", "fresh", "fresh"]);
    servers[3]?.say(a(1));
    await settled();
    expect(states(deliveries)).toEqual(["acked", "failed", "acked"]);
    expect(deliveries[1]?.error?.code).toBe("POISON");
    broker.halt();
  });

  test("is settled when the run ends while it waits", async () => {
    const made = await first([ask(0)]);
    const { broker, servers, clock } = made;
    const delivery = broker.send(message("a"));
    await settled();
    servers[0]?.cut();
    await settled();
    expect([broker.phase.name, delivery.state]).toEqual(["waiting", "written"]);
    const shutting = broker.shutdown();
    await clock.pass(5000);
    expect((await shutting).unknown).toEqual([delivery]);
    expect([delivery.state, clock.timers]).toEqual(["unknown", 0]);
  });
});
