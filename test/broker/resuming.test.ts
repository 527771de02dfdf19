import { describe, expect, test } from "vitest";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { enable, resume } from "../../src/negotiate/stream-management.ts";
import { xml } from "../../src/xml/element.ts";
import { a, heard, outline, R } from "../session/acks/managed-line.ts";
import { message, outcome } from "../session/acks/proof-line.ts";
import { settled } from "../virtual-clock.ts";
import { bare } from "./line.ts";
import { type Fate, type Outage, opens, outage } from "./outage.ts";

const SM = "urn:xmpp:sm:3";
const JID = "me@example.org/here";

/** A client's login with nothing but XEP-0198. */
const managed: Dialect = {
  ...bare,
  async negotiate(login) {
    await login.open();
    const { previous } = login;
    const old = previous === undefined ? undefined : await resume(login, previous);
    if (old?.resumed === true) return { jid: JID, ...old };
    const enabled = await enable(login, { resume: true });
    return { jid: JID, management: { ...enabled, ...old?.management } };
  },
};

const ENABLE = `
  C: <enable xmlns='${SM}' resume='true'/>
  S: <enabled xmlns='${SM}' resume='true' id='s-1' max='60'/>`;
const ask = (h: number): string => `
  C: <resume xmlns='${SM}' previd='s-1' h='${h}'/>`;
const resumed = (h: number): string => `
  S: <resumed xmlns='${SM}' previd='s-1' h='${h}'/>`;
const PING = `
  C: <iq …type='get' id='{probe}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
const PONG = `
  S: <iq type='result' id='{probe}' from='example.org'/>`;
const CUT = `
  S: (cut)`;
const FRESH = ENABLE.replace("s-1", "s-2");
const failed = (h?: number): string => `
  S: <failed xmlns='${SM}'${h === undefined ? "" : ` h='${h}'`}/>${FRESH}`;

/** A broker on its first link, with a fate for each later one. */
async function first(later: readonly string[], options: Partial<BrokerOptions> = {}) {
  const fates: Fate[] = [opens(ENABLE), ...later.map((script) => opens(script))];
  const made = outage(fates, { dialect: managed, ...options }, 0);
  const ready: string[] = [];
  made.broker.on("ready", (facts) => ready.push(facts.resumed ? "resumed" : "fresh"));
  await made.broker.connect();
  return { ...made, ready, servers: made.servers, server: made.server };
}

/** Cuts the link in force, and lets the broker come back. */
async function cut(
  { clock, servers }: Pick<Outage, "clock" | "servers">,
  times = 1,
): Promise<void> {
  servers.at(-1)?.cut();
  for (let time = 0; time < times; time++) await clock.pass(1000);
  await settled();
}

/** The ids and questions in a text, without the numbers of handled stanzas. */
const written = (text: string): string => outline(text).replace(/ ?\ba\d+\b/g, "");

const states = (deliveries: readonly { readonly state: string }[]): string[] =>
  deliveries.map(({ state }) => state);

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

  test("takes more stanzas that it has missed than a login puts aside", async () => {
    const many = Array.from({ length: 1500 }, (_, index) => `<message id='${index}'/>`).join("");
    const made = await first([`${ask(0)}${resumed(0)}${PING}\nS: ${many}${PONG}`]);
    const { broker, ready } = made;
    let got = 0;
    broker.filter("/message", () => void got++);
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
    ["whose session is not kept", async () => undefined],
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

describe("a second cut", () => {
  test.each<[string, links: string[], expected: string, h: number]>([
    // The probe of the link before was not handled: it is not written again.
    ["before <resumed/>", [ask(0) + CUT, ask(0) + resumed(1) + PING + PONG], "b c r", 4],
    [
      "while probing",
      [ask(0) + resumed(1) + PING + CUT, ask(0) + resumed(1) + PING + PONG],
      ...(["b c r", 4] as const),
    ],
    [
      "while probing, where the server has handled the probe",
      [ask(0) + resumed(1) + PING + CUT, ask(0) + resumed(2) + PING + PONG],
      ...(["b c r", 5] as const),
    ],
    [
      "in the replay",
      [ask(0) + resumed(1) + PING + PONG + CUT, ask(0) + resumed(3) + PING + PONG],
      ...(["c r", 5] as const),
    ],
    [
      "in the replay, of which nothing arrived",
      [ask(0) + resumed(1) + PING + PONG + CUT, ask(0) + resumed(2) + PING + PONG],
      ...(["b c r", 5] as const),
    ],
  ])("%s loses and doubles nothing: the next h decides", async (_, links, expected, h) => {
    const made = await first(links);
    const { broker, servers, ready } = made;
    const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
    await settled();
    await cut(made, 3);
    expect(ready.at(-1)).toBe("resumed");
    const last = servers.at(-1) ?? made.server;
    expect(servers.length).toBe(3);
    expect(written(await heard(last))).toBe(expected);
    last.say(a(h - 1));
    await settled();
    expect(states(deliveries)).toEqual(["acked", "acked", "written"]);
    last.say(a(h));
    await settled();
    expect(states(deliveries)).toEqual(["acked", "acked", "acked"]);
    broker.halt();
  });
});

describe("a session that does not go on", () => {
  test.each<[string, links: string[], wanted: string[]]>([
    ["<failed/> without h", [ask(0) + failed()], ["unknown", "unknown", "unknown"]],
    ["<failed/> with h", [ask(0) + failed(2)], ["acked", "acked", "unknown"]],
    [
      "<failed/> with an h that is too high",
      [ask(0) + failed(9)],
      ["unknown", "unknown", "unknown"],
    ],
    [
      "another previd",
      [
        `${ask(0)}
      S: <resumed xmlns='${SM}' previd='other' h='1'/>`,
        FRESH,
      ],
      ["unknown", "unknown", "unknown"],
    ],
    [
      "<resumed/> that is too high",
      [ask(0) + resumed(5), FRESH],
      ["unknown", "unknown", "unknown"],
    ],
    [
      "a stream error",
      [
        `${ask(0)}
      S: <stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`,
        FRESH,
      ],
      ["unknown", "unknown", "unknown"],
    ],
    ["a bare end, twice", [ask(0) + CUT, ask(0) + CUT, FRESH], ["unknown", "unknown", "unknown"]],
    ["a mute server", [ask(0), FRESH], ["unknown", "unknown", "unknown"]],
    [
      "a mute server behind <resumed/>",
      [ask(0) + resumed(1) + PING, FRESH],
      ["acked", "unknown", "unknown"],
    ],
    [
      "a closed stream behind <resumed/>",
      [
        `${ask(0)}${resumed(1)}${PING}
      S: (cut)`,
        `${ask(0)}
      S: (cut)`,
        FRESH,
      ],
      ["acked", "unknown", "unknown"],
    ],
  ])("%s: a fresh one begins", async (_, links, wanted) => {
    const made = await first(links);
    const { broker, clock, ready } = made;
    const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
    const request = outcome(
      broker.request(xml("iq", { type: "get", id: "q", to: "example.org" }), { timeout: 300_000 }),
    );
    await settled();
    await cut(made, 3);
    await clock.pass(60_000);
    expect(ready).toEqual(["fresh", "fresh"]);
    expect(states(deliveries)).toEqual(wanted);
    expect(request.now).toMatch(/^(?:DISCONNECTED|PROTOCOL_ERROR|STREAM_ERROR|TIMEOUT_BIND)$/);
    broker.halt();
    expect(clock.timers).toBe(0);
  });

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

  test("is settled when the run ends while it waits", async () => {
    const made = await first([ask(0)]);
    const { broker, servers, clock } = made;
    const delivery = broker.send(message("a"));
    await settled();
    servers[0]?.cut();
    await settled();
    expect([broker.phase.name, delivery.state]).toEqual(["waiting", "written"]);
    const { unknown } = await broker.shutdown();
    expect(unknown).toEqual([delivery]);
    expect([delivery.state, clock.timers]).toEqual(["unknown", 0]);
  });
});
