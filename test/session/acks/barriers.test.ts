import { describe, expect, test } from "vitest";
import type { Delivery } from "../../../src/contract/delivery.ts";
import type { BrokerEvents } from "../../../src/contract/events.ts";
import type { Line } from "../../broker/line.ts";
import { settled } from "../../virtual-clock.ts";
import {
  answer,
  DIALECTS,
  hasPinged,
  message,
  nextPing,
  outcome,
  proofLine,
  routed,
  says,
  service,
} from "./proof-line.ts";

/** The ways that were given up, as they are told. */
function givenUp({ broker }: Line): [string, string, string][] {
  const events: [string, string, string][] = [];
  broker.on("ack:unavailable", ({ to, way, error }) => events.push([way, to, error.message]));
  return events;
}

describe("a barrier", () => {
  test("is written behind the stanzas of its turn, and its answer proves them", async () => {
    const { broker, server } = await proofLine();
    const first = broker.send(message("a"));
    const second = broker.send(message("b"));
    const acked = outcome(first.acked());
    const other = outcome(second.acked());
    const ping = await nextPing(server);
    expect(ping).toMatchObject({ to: "example.org", from: undefined });
    expect(ping.before).toMatch(/id='a'.*id='b'/);
    await settled();
    expect([first.state, acked.now, first.ackedBy]).toEqual(["written", "pending", undefined]);
    await says(server, answer(ping));
    expect([first.state, acked.now, first.ackedBy]).toEqual(["acked", "resolved", "barrier"]);
    expect([second.state, other.now]).toEqual(["acked", "resolved"]);
    broker.halt();
  });

  test("is sent only while somebody waits for a proof", async () => {
    const { broker, server } = await proofLine();
    broker.send(message("a"));
    expect(await hasPinged(server)).toBe(false);
    const late = broker.send(message("b"));
    await late.written();
    expect(await hasPinged(server)).toBe(false);
    const acked = outcome(late.acked());
    await says(server, answer(await nextPing(server)));
    expect([acked.now, late.state]).toEqual(["resolved", "acked"]);
    broker.send(message("c"));
    expect(await hasPinged(server)).toBe(false);
    broker.halt();
  });

  test("is out alone: the next one leaves after its answer, and proves only what was written before it", async () => {
    const { broker, server } = await proofLine({ acks: "always" });
    const first = broker.send(message("a"));
    const one = await nextPing(server);
    const second = broker.send(message("b"));
    expect(await hasPinged(server)).toBe(false);
    await says(server, answer(one));
    expect([first.state, second.state]).toEqual(["acked", "written"]);
    const two = await nextPing(server);
    expect(two.id).not.toBe(one.id);
    // The answer to an old one proves nothing twice.
    await says(server, answer(one));
    expect(second.state).toBe("written");
    await says(server, answer(two));
    expect(second.state).toBe("acked");
    expect(await hasPinged(server)).toBe(false);
    broker.halt();
  });

  test.each([1, 2])(
    "proves nothing that a listener of the trace sends as it is written (%i)",
    async (nth) => {
      const { broker, server } = await proofLine({ acks: "always" });
      const late: Delivery[] = [];
      let pings = 0;
      broker.on("trace", ({ direction, text }) => {
        if (direction !== "out" || !text.includes("<ping") || ++pings !== nth) return;
        late.push(broker.send(message("late")));
      });
      broker.send(message("a"));
      const first = await nextPing(server);
      broker.send(message("b"));
      await settled();
      await says(server, answer(first));
      if (nth === 2) await says(server, answer(await nextPing(server)));
      expect(late.map(({ state }) => state)).toEqual(["written"]);
      await says(server, answer(await nextPing(server)));
      expect(late.map(({ state }) => state)).toEqual(["acked"]);
      broker.halt();
    },
  );

  test("is in no counter, no event and no register of requests", async () => {
    const made = await proofLine();
    const { broker, server } = made;
    const seen: string[] = [];
    for (const name of [
      "sent",
      "received",
      "request:start",
      "request:finish",
      "dropped",
    ] as const) {
      broker.on(name, (payload: BrokerEvents[typeof name]) => {
        if ("stanza" in payload) seen.push(`${name} ${payload.stanza.name}`);
      });
    }
    broker.filter("self::node()", ({ stanza }) => seen.push(`filter ${stanza.name}`));
    void broker.send(message("a")).acked();
    const ping = await nextPing(server);
    expect(broker.pending.size).toBe(0);
    await says(server, answer(ping));
    expect(seen).toEqual(["sent message"]);
    expect(broker.stats.sent).toMatchObject({ message: 1, iq: 0 });
    expect(broker.stats.deliveries.acked).toBe(1);
    expect(broker.stats.roundTrip).toBe(0);
    broker.halt();
  });

  test.each([
    ["a result", { type: "result" }, "acked"],
    ["an error", { type: "error" }, "acked"],
    ["an answer without a sender, as of the own server", { from: "" }, "acked"],
    ["an answer from elsewhere", { from: "evil.example" }, "written"],
    ["an answer from a user of the asked domain", { from: "eve@example.org" }, "written"],
    ["a question", { type: "get" }, "written"],
  ])("with %s", async (_, given, state) => {
    const { broker, server } = await proofLine({ acks: "always" });
    const delivery = broker.send(message("a"));
    const seen: string[] = [];
    broker.filter("/iq", ({ stanza }) => seen.push(stanza.toString()));
    const text = answer(await nextPing(server), given).replace(" from=''", "");
    await says(server, text);
    expect(delivery.state).toBe(state);
    expect(seen).toEqual([]);
    broker.halt();
  });

  test("that is answered from elsewhere waits on for the asked one", async () => {
    const { broker, server } = await proofLine({ acks: "always" });
    const delivery = broker.send(message("a"));
    const ping = await nextPing(server);
    await says(server, answer(ping, { from: "evil.example" }));
    expect(delivery.state).toBe("written");
    await says(server, answer(ping));
    expect(delivery.state).toBe("acked");
    broker.halt();
  });

  test("waits for its answer while reading is paused, and its time stands still", async () => {
    const made = await proofLine({ acks: "always", inbox: { stanzas: 1, bytes: 2000 } });
    const { broker, server, clock } = made;
    const events = givenUp(made);
    const release: (() => void)[] = [];
    broker.filter("/message", () => new Promise<void>((resolve) => release.push(resolve)));
    const delivery = broker.send(message("a"));
    const ping = await nextPing(server);
    await clock.pass(6000);
    for (let n = 0; n < 20; n++) server.say(`<message><body>${"x".repeat(200)}</body></message>`);
    await settled();
    await clock.pass(30_000);
    expect([delivery.state, events]).toEqual(["written", []]);
    for (let n = 0; n < 20; n++) {
      for (const finish of release.splice(0)) finish();
      await settled();
    }
    await clock.pass(3000);
    expect([delivery.state, events]).toEqual(["written", []]);
    await clock.pass(2000);
    expect(events).toHaveLength(1);
    await says(server, answer(ping));
    expect(delivery.state).toBe("acked");
    broker.halt();
  });

  test("keeps reading on while handlers are busy, up to the bound of bytes", async () => {
    const { broker, server } = await proofLine({ acks: "always", inbox: { stanzas: 1 } });
    broker.filter("/message", () => new Promise<void>(() => undefined));
    const delivery = broker.send(message("a"));
    const ping = await nextPing(server);
    await says(server, `<message/><message/>${answer(ping)}`);
    expect(delivery.state).toBe("acked");
    broker.halt();
  });

  test("has its time only once it has left this machine", async () => {
    const made = await proofLine({ acks: "always" });
    const { broker, server, clock } = made;
    const events = givenUp(made);
    server.pause();
    const delivery = broker.send(message("a"));
    await clock.pass(60_000);
    expect([delivery.state, events]).toEqual(["queued", []]);
    server.resume();
    await says(server, answer(await nextPing(server)));
    expect([delivery.state, events]).toEqual(["acked", []]);
    broker.halt();
  });
});

describe("without an answer in 10 s", () => {
  test("the echo takes over, and the late answer still proves what it proves", async () => {
    const made = await proofLine({ acks: "always" });
    const { broker, server, clock } = made;
    const events = givenUp(made);
    const first = broker.send(message("a"));
    const barrier = await nextPing(server);
    await clock.pass(9999);
    const second = broker.send(message("b"));
    expect(await hasPinged(server)).toBe(false);
    await clock.pass(1);
    const text =
      "no proof is to be had that the server has handled the stanza: example.org has not answered within 10000 ms";
    expect(events).toEqual([["barrier", "example.org", text]]);
    expect(broker.phase.name).toBe("ready");
    const echo = await nextPing(server);
    expect(echo.to).toBe("me@example.org/here");
    await says(server, answer(barrier));
    expect([first.state, first.ackedBy, second.state]).toEqual(["acked", "barrier", "written"]);
    await says(server, answer(echo, { type: "get", from: echo.to }));
    expect([second.state, second.ackedBy]).toEqual(["acked", "echo"]);
    const third = broker.send(message("c"));
    const again = await nextPing(server);
    expect(again.to).toBe("me@example.org/here");
    await says(server, answer(again, { type: "get", from: again.to }));
    expect(third.ackedBy).toBe("echo");
    broker.halt();
  });

  test("and without an echo no proof is to be had: acked() says so, and sending goes on", async () => {
    const made = await proofLine();
    const { broker, server, clock } = made;
    const events = givenUp(made);
    const first = broker.send(message("a"));
    const acked = outcome(first.acked());
    const all = outcome(broker.acked());
    await nextPing(server);
    await clock.pass(10_000);
    await nextPing(server);
    expect(acked.now).toBe("pending");
    await clock.pass(10_000);
    expect([acked.now, all.now]).toEqual(["ACK_UNAVAILABLE", "ACK_UNAVAILABLE"]);
    expect(events.map(([way, to]) => [way, to])).toEqual([
      ["barrier", "example.org"],
      ["echo", "me@example.org/here"],
    ]);
    expect(first.state).toBe("written");
    const second = broker.send(message("b"));
    await second.written();
    const later = outcome(second.acked());
    const everything = outcome(broker.acked());
    await settled();
    expect([later.now, everything.now]).toEqual(["ACK_UNAVAILABLE", "ACK_UNAVAILABLE"]);
    expect(await hasPinged(server)).toBe(false);
    expect(broker.stats.errors.get("ACK_UNAVAILABLE")).toBe(2);
    expect(clock.timers).toBe(0);
    broker.halt();
  });

  test("the next session asks again", async () => {
    const made = await proofLine({ acks: "always" });
    const { broker, server, clock } = made;
    broker.send(message("a"));
    await nextPing(server);
    await clock.pass(20_000);
    await broker.reconnect();
    const delivery = broker.send(message("b"));
    const ping = await nextPing(made.server);
    expect(ping.to).toBe("example.org");
    await says(made.server, answer(ping));
    expect(delivery.ackedBy).toBe("barrier");
    broker.halt();
  });
});

test("a first answer slower than 5 s counts, and the echo takes over", async () => {
  const made = await proofLine({ acks: "always" });
  const { broker, server, clock } = made;
  const events = givenUp(made);
  const first = broker.send(message("a"));
  const barrier = await nextPing(server);
  await clock.pass(5001);
  await says(server, answer(barrier));
  expect([first.state, events.map(([way]) => way)]).toEqual(["acked", ["barrier"]]);
  broker.send(message("b"));
  expect((await nextPing(server)).to).toBe("me@example.org/here");
  broker.halt();
});

test("a later answer may be slow", async () => {
  const made = await proofLine({ acks: "always" });
  const { broker, server, clock } = made;
  const events = givenUp(made);
  broker.send(message("a"));
  await says(server, answer(await nextPing(server)));
  const second = broker.send(message("b"));
  const ping = await nextPing(server);
  await clock.pass(9000);
  await says(server, answer(ping));
  expect([second.state, second.ackedBy, events]).toEqual(["acked", "barrier", []]);
  broker.halt();
});

describe("the address that is asked", () => {
  const rows = [
    ["xmpp", DIALECTS.xmpp, "auto", "example.org", undefined],
    ["legacy", DIALECTS.legacy, "auto", "example.org", undefined],
    ["component", DIALECTS.component, "auto", "example.org", "gw.example.org"],
    ["jabberd2", DIALECTS.jabberd2, "auto", "example.org", "gw.example.org"],
    ["a component of three labels", service("a.b.c"), "auto", "b.c", "a.b.c"],
    ["a component of one label: itself", service("gw"), "auto", "gw", "gw"],
    [
      "a component by its IP address: itself",
      service("127.0.0.1"),
      "auto",
      "127.0.0.1",
      "127.0.0.1",
    ],
    ["acks.to", DIALECTS.component, { to: "Other.example" }, "other.example", "gw.example.org"],
    ["acks.to that is the own address", service("gw.x"), { to: "gw.x" }, "gw.x", "gw.x"],
  ] as const;
  test.each(rows)("%s", async (_, dialect, acks, to, from) => {
    const { broker, server } = await proofLine({ dialect, acks });
    const delivery = broker.send(message("a"));
    const acked = outcome(delivery.acked());
    const ping = await nextPing(server);
    expect([ping.to, ping.from]).toEqual([to, from]);
    const isEcho = to === from;
    const text = answer(ping, isEcho ? { type: "get" } : {});
    await says(server, dialect.name === "jabberd2" ? inRoute(text, "sm", "gw.example.org") : text);
    expect([acked.now, delivery.ackedBy]).toEqual(["resolved", isEcho ? "echo" : "barrier"]);
    broker.halt();
  });

  test("on jabberd2's router the echo proves nothing, and is never sent", async () => {
    const made = await proofLine({ dialect: routed("gw") });
    const { broker, server } = made;
    const events = givenUp(made);
    const delivery = broker.send(message("a"));
    const acked = outcome(delivery.acked());
    expect(await hasPinged(server)).toBe(false);
    expect(acked.now).toBe("ACK_UNAVAILABLE");
    expect(events.map(([way, to]) => [way, to])).toEqual([["echo", "gw"]]);
    broker.halt();
  });

  test("a router that sends the ping back has proven only its hop", async () => {
    const made = await proofLine({ dialect: DIALECTS.jabberd2, acks: "always" });
    const { broker, server } = made;
    const events = givenUp(made);
    const returned: string[] = [];
    broker.on("returned", ({ stanza }) => returned.push(stanza.name));
    const delivery = broker.send(message("a"));
    const { id, to, from } = await nextPing(server);
    const ping = `<iq xmlns='jabber:client' type='get' id='${id}' to='${to}' from='${from}'><ping xmlns='urn:xmpp:ping'/></iq>`;
    await says(
      server,
      `<route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' error='404' from='${to}' to='${from}'>${ping}</route>`,
    );
    expect([delivery.state, returned]).toEqual(["written", []]);
    expect(events.map(([way, asked]) => [way, asked])).toEqual([["barrier", "example.org"]]);
    expect(await hasPinged(server)).toBe(false);
    broker.halt();
  });

  test.each([
    ["an error whose addresses are not swapped", "error"],
    ["the ping itself", "get"],
  ])("a component that gets back %s goes on to the echo", async (_, type) => {
    const made = await proofLine({ dialect: DIALECTS.component, acks: "always" });
    const { broker, server } = made;
    const events = givenUp(made);
    const delivery = broker.send(message("a"));
    const ping = await nextPing(server);
    await says(server, answer(ping, { type, from: "gw.example.org", to: "example.org" }));
    expect(delivery.state).toBe("written");
    expect(events.map(([way]) => way)).toEqual(["barrier"]);
    const echo = await nextPing(server);
    await says(server, answer(echo, { type: "get" }));
    expect(delivery.ackedBy).toBe("echo");
    broker.halt();
  });
});

function inRoute(stanza: string, from: string, to: string): string {
  const inner = stanza.replace("<iq", "<iq xmlns='jabber:client'");
  return `<route xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' from='${from}' to='${to}'>${inner}</route>`;
}
