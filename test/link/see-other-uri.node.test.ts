import { describe, expect, onTestFinished, test } from "vitest";
import { Broker, type BrokerOptions, websocket, xmpp } from "../../src/node.ts";
import { FRAMING } from "../../src/stream/websocket/websocket-framing.ts";
import { LoopbackServer } from "../../src/testing/index.ts";

async function serve(): Promise<LoopbackServer> {
  const server = await LoopbackServer.start({ users: { juliet: "s3cret" }, http: true });
  onTestFinished(() => server.close());
  return server;
}

/** A broker that is ready at one server, whose goodbye then names another address. */
async function sentAway(
  from: LoopbackServer,
  scheme: "ws" | "wss",
  uri: string,
  options: Partial<BrokerOptions> = {},
) {
  const broker = new Broker({
    dialect: xmpp({ jid: "juliet@localhost/balcony", password: "s3cret" }),
    transport: websocket(from.url(scheme)),
    tls: scheme === "ws" ? "opportunistic" : { ca: from.ca },
    ...options,
  });
  onTestFinished(() => {
    broker.halt();
  });
  await broker.connect();
  from.faults.inject(`<close xmlns='${FRAMING}' see-other-uri='${uri}'/>`);
  return broker;
}

test("an end that names another address is a typed stream error", async () => {
  const server = await serve();
  const uri = "wss://b.example/ws?x&amp;y";
  const broker = await sentAway(server, "wss", uri);
  expect(await broker.closed).toMatchObject({
    code: "STREAM_ERROR",
    condition: "see-other-uri",
    otherHost: "wss://b.example/ws?x&y",
  });
});

describe("with reconnect", () => {
  async function phaseAfter(broker: Broker): Promise<string> {
    return await new Promise((resolve) => {
      broker.on("reconnect:scheduled", ({ delay }) => {
        resolve(delay === 0 ? "followed" : "backs off");
      });
      broker.on("ready", () => {
        resolve("followed");
      });
    });
  }

  test.each([
    ["ws", "ws", "followed"],
    ["ws", "wss", "followed"],
    ["wss", "wss", "followed"],
    ["wss", "ws", "backs off"],
  ] as const)("from %s to %s it is %s", async (from, to, outcome) => {
    const one = await serve();
    const other = await serve();
    const { policy, ca } = { policy: "opportunistic", ca: [one.ca, other.ca] } as const;
    const broker = await sentAway(one, from, other.url(to), {
      tls: { policy, ca },
      reconnect: { base: 60_000 },
    });
    expect(await phaseAfter(broker)).toBe(outcome);
    if (outcome === "followed") await expect.poll(() => other.connections.length).toBe(1);
    else expect(other.connections).toEqual([]);
  });

  test.each(["xmpp.example:5222", "https://b.example/bosh", "gopher://b.example", ""])(
    "to %j it backs off",
    async (uri) => {
      const one = await serve();
      const broker = await sentAway(one, "wss", uri, {
        tls: { policy: "required", ca: one.ca },
        reconnect: { base: 60_000 },
      });
      expect(await phaseAfter(broker)).toBe("backs off");
    },
  );
});
