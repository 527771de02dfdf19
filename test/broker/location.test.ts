import { describe, expect, test } from "vitest";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { SessionState } from "../../src/contract/session-state.ts";
import { settled } from "../virtual-clock.ts";
import { bare } from "./line.ts";
import { ask, ENABLE, failed, JID, managed, PROBE, resumed } from "./managed-outage.ts";
import { type Fate, type Outage, opens, outage } from "./outage.ts";

const located = (location: string): Fate =>
  opens(ENABLE.replace("max='60'", `max='60' location='${location}'`));
const RESUMED = opens(ask(0) + resumed(0) + PROBE);
const AGAIN = opens(ask(1) + resumed(0) + PROBE);
const redirect = (host: string): Fate =>
  opens(`
  S: <stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${host}</see-other-host></stream:error>
  S: </stream:stream>`);

/** A broker of this location that is cut, and comes back to these servers. */
async function cut(
  location: string,
  later: readonly Fate[],
  options: Partial<BrokerOptions> = {},
): Promise<Outage> {
  const made = outage([located(location), ...later], { dialect: managed, ...options }, 0);
  await made.broker.connect();
  made.server.cut();
  await made.clock.pass(1000);
  return made;
}

const places = ({ targets }: Outage): string[] =>
  targets.map(({ host, port, tls }) => `${host}:${port} as ${tls.servername}`);

const HOME = "example.org:5222 as example.org";

describe("the location of a session", () => {
  test.each([
    ["other.example:99", "other.example:99 as example.org"],
    ["other.example", "other.example:5222 as example.org"],
    ["[2001:db8::1]:99", "[2001:db8::1]:99 as example.org"],
    ["example.org:99", "example.org:99 as example.org"],
  ])("%s is where the next try goes", async (location, place) => {
    const made = await cut(location, [RESUMED]);
    expect(places(made)).toEqual([HOME, place]);
    expect(made.broker.phase).toEqual({ name: "ready", jid: JID, resumed: true });
    made.broker.halt();
  });

  test.each(["", "a b", "other.example:0", "other.example:99999", "http://other.example/"])(
    "%j is none, and is passed over",
    async (location) => {
      const made = await cut(location, [RESUMED]);
      expect(places(made)).toEqual([HOME, HOME]);
      made.broker.halt();
    },
  );

  test("is passed over where the policy forbids that host", async () => {
    const dialect = { ...managed, tls: "by-host" } as const;
    const made = await cut("other.example", [RESUMED], { dialect, host: "127.0.0.1" });
    expect(made.targets.map(({ host }) => host)).toEqual(["127.0.0.1", "127.0.0.1"]);
    made.broker.halt();
  });

  test("that cannot be reached leads to the ordinary place in the same try", async () => {
    const made = await cut("other.example", ["refused", RESUMED]);
    const { broker, told } = made;
    expect(places(made)).toEqual([HOME, "other.example:5222 as example.org", HOME]);
    expect(broker.phase).toMatchObject({ name: "ready", resumed: true });
    expect(told.filter((step) => step.startsWith("try"))).toEqual(["try 1 in 0: DISCONNECTED"]);
    broker.halt();
  });

  test("leaves the ordinary place to the lookup", async () => {
    const asked: string[] = [];
    const lookup = (domain: string) => {
      asked.push(domain);
      const found = { host: "found.example", port: 1, tls: "starttls", priority: 0, weight: 0 };
      return Promise.resolve([found as never]);
    };
    const made = await cut("other.example", ["refused", RESUMED], { lookup });
    expect(made.targets.map(({ host }) => host)).toEqual([
      ...["found.example", "other.example", "found.example"],
    ]);
    expect(asked.length).toBe(2);
    made.broker.halt();
  });

  test("is tried once after each login", async () => {
    const made = await cut("other.example", ["refused", "refused", RESUMED, AGAIN]);
    const { broker, clock, targets } = made;
    await clock.pass(1000);
    expect(broker.phase.name).toBe("ready");
    made.server.cut();
    await clock.pass(1000);
    const hosts = targets.map(({ host }) => host);
    expect(hosts).toEqual([
      ...["example.org", "other.example", "example.org", "example.org", "other.example"],
    ]);
    broker.halt();
  });

  test("of a session that is gone is forgotten with it", async () => {
    const made = await cut("other.example", [opens(ask(0) + failed()), opens()]);
    const { broker, clock, targets } = made;
    expect(broker.phase).toMatchObject({ name: "ready", resumed: false });
    made.server.cut();
    await clock.pass(1000);
    expect(targets.map(({ host }) => host)).toEqual([
      ...["example.org", "other.example", "example.org"],
    ]);
    broker.halt();
  });

  test("leads no further: a redirection from there leads to the ordinary place", async () => {
    const made = await cut("a.example", [redirect("b.example"), redirect("c.example"), RESUMED]);
    expect(made.targets.map(({ host }) => host)).toEqual([
      ...["example.org", "a.example", "example.org", "c.example"],
    ]);
    expect(made.broker.phase).toMatchObject({ name: "ready", resumed: true });
    made.broker.halt();
  });

  test("of a detached session is where the next process goes first, without `reconnect` too", async () => {
    const session: SessionState = {
      ...{ version: 1, account: "me@example.org", jid: JID, id: "s-1", location: "other.example" },
      ...{ detachedAt: 0, h: 0, acked: 0, unacked: [] },
    };
    const options = { dialect: managed, session, reconnect: false };
    const made = outage([RESUMED], options, 0);
    expect((await made.broker.connect()).resumed).toBe(true);
    expect(places(made)).toEqual(["other.example:5222 as example.org"]);
    made.broker.halt();
    const refused = outage(["refused", RESUMED], options, 0);
    expect((await refused.broker.connect()).resumed).toBe(true);
    expect(places(refused)).toEqual(["other.example:5222 as example.org", HOME]);
    const state = await refused.broker.detach();
    expect(state?.location).toBe("other.example");
    await settled();
  });

  test("is nothing where no session is kept", async () => {
    const made = outage([opens(), opens()], { dialect: bare }, 0);
    await made.broker.connect();
    made.server.cut();
    await made.clock.pass(1000);
    expect(places(made)).toEqual([HOME, HOME]);
    made.broker.halt();
  });
});
