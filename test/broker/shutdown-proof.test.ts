import { describe, expect, test } from "vitest";
import type { Delivery } from "../../src/contract/delivery.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import {
  answer,
  DIALECTS,
  message,
  nextPing,
  proofLine,
  says,
} from "../session/acks/proof-line.ts";
import { settled } from "../virtual-clock.ts";
import type { Line } from "./line.ts";

const END = "</stream:stream>";

/** The result of `shutdown`, once it is there. */
function shutting({ broker }: Line, timeout?: number) {
  const told: { unsent?: readonly Delivery[]; unknown?: readonly Delivery[] } = {};
  const done = broker.shutdown(timeout === undefined ? {} : { timeout }).then((result) => {
    Object.assign(told, result);
  });
  return { told, done };
}

const always = (options: Partial<BrokerOptions> = {}) => proofLine({ acks: "always", ...options });

describe("handOver", () => {
  test("resolves when the server has handled everything, tracked or not", async () => {
    const { broker, server } = await proofLine({ dialect: DIALECTS.component });
    broker.send(message("a"));
    let isOver = false;
    const done = broker.handOver().then((left) => {
      isOver = true;
      return left;
    });
    const ping = await nextPing(server);
    await settled();
    expect(isOver).toBe(false);
    await says(server, answer(ping));
    expect(await done).toEqual({ unsent: [], unknown: [] });
    broker.halt();
  });

  test("waits for no proof longer than a shutdown may last", async () => {
    const { broker, server, clock } = await proofLine({ dialect: DIALECTS.component });
    broker.send(message("a"));
    const done = broker.handOver();
    await nextPing(server);
    await clock.pass(5000);
    await done;
    broker.halt();
  });
});

describe("shutdown", () => {
  test("waits for the proof, and then says goodbye", async () => {
    const made = await always();
    const { broker, server } = made;
    const delivery = broker.send(message("a"));
    const { told, done } = shutting(made);
    const ping = await nextPing(server);
    await settled();
    expect(server.unread).not.toContain(END);
    await says(server, answer(ping));
    expect(delivery.state).toBe("acked");
    await server.hears(END);
    server.say(END);
    await done;
    expect(told).toEqual({ unsent: [], unknown: [] });
    expect(made.clock.timers).toBe(0);
  });

  test("says goodbye at once where nothing waits for a proof", async () => {
    const made = await proofLine();
    const { broker, server } = made;
    broker.send(message("a"));
    const { told, done } = shutting(made);
    expect(await server.hears(END)).not.toContain("ping");
    server.say(END);
    await done;
    expect(told).toEqual({ unsent: [], unknown: [] });
  });

  test("says goodbye without a proof when its time is nearly over, and tells what is unknown", async () => {
    const made = await always();
    const { broker, server, clock } = made;
    const proven = broker.send(message("a"));
    await says(server, answer(await nextPing(server)));
    const open = broker.send(message("b"));
    const { told, done } = shutting(made, 4000);
    await nextPing(server);
    await clock.pass(2999);
    expect(server.unread).toBe("");
    await clock.pass(1);
    expect(server.unread).toContain(END);
    server.say(END);
    await done;
    expect(told).toEqual({ unsent: [], unknown: [open] });
    expect([proven.state, open.state]).toEqual(["acked", "unknown"]);
  });

  test("takes an answer that comes behind its goodbye", async () => {
    const made = await always();
    const { broker, server, clock } = made;
    const delivery = broker.send(message("a"));
    const { told, done } = shutting(made, 4000);
    const ping = await nextPing(server);
    await clock.pass(3000);
    await says(server, answer(ping));
    server.say(END);
    await done;
    expect([told, delivery.state]).toEqual([{ unsent: [], unknown: [] }, "acked"]);
  });

  test("tells what the connection took with it while it waited", async () => {
    const made = await always();
    const { broker, server } = made;
    const open = broker.send(message("a"));
    const { told, done } = shutting(made);
    await nextPing(server);
    server.cut();
    await done;
    expect(told).toEqual({ unsent: [], unknown: [open] });
  });

  test("says goodbye once no proof is to be had", async () => {
    const made = await always();
    const { broker, server, clock } = made;
    const delivery = broker.send(message("a"));
    await nextPing(server);
    await clock.pass(9000);
    const { told, done } = shutting(made, 60_000);
    await clock.pass(1000);
    await nextPing(server);
    expect(server.unread).not.toContain(END);
    await clock.pass(10_000);
    await server.hears(END);
    server.say(END);
    await done;
    expect([told, delivery.state]).toEqual([{ unsent: [], unknown: [delivery] }, "unknown"]);
  });

  test("lists a requeued one as unknown, and not as unsent too", async () => {
    const made = await always({ unacked: "requeue" });
    const { broker, server } = made;
    const open = broker.send(message("a"));
    await nextPing(server);
    const { told, done } = shutting(made);
    const held = broker.send(message("b"));
    server.cut();
    await done;
    expect(told).toEqual({ unsent: [held], unknown: [open] });
    expect([...broker.queue].map(({ delivery }) => delivery)).toEqual([open, held]);
  });

  test.each([
    [
      "idle",
      (made: Line) => {
        made.broker.halt();
      },
    ],
    ["ready", () => undefined],
    ["with a ping under way", (made: Line) => void made.broker.send(message("a"))],
    [
      "cut",
      (made: Line) => {
        made.server.cut();
      },
    ],
  ])("%s, twice and from within each event, ends and leaves no timer", async (_, act) => {
    const made = await always();
    const { broker, server, clock } = made;
    for (const event of ["delivery", "sent", "ack:unavailable", "phase", "socket:close"] as const) {
      broker.on(event, () => void broker.shutdown());
    }
    act(made);
    const both = Promise.all([broker.shutdown(), broker.shutdown()]);
    await clock.pass(60_000);
    const [first, second] = await both;
    expect(second).toEqual(first);
    expect(server.isOver).toBe(true);
    expect(clock.timers).toBe(0);
    expect(broker.phase.name).toBe("idle");
  });
});
