import { describe, expect, onTestFinished, test } from "vitest";
import { Broker, type BrokerOptions, bosh, legacy, xml, xmpp } from "../../../src/node.ts";
import { type LoopbackOptions, LoopbackServer } from "../../../src/testing/index.ts";
import { trusting } from "../../trusting-fetch.ts";
import { settled } from "../../virtual-clock.ts";

async function serve(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const users = { juliet: "s3cret", romeo: "m0ntague" };
  const server = await LoopbackServer.start({ users, http: true, ...options });
  onTestFinished(() => server.close());
  return server;
}

function juliet(
  server: LoopbackServer,
  scheme: "http" | "https",
  options: Partial<BrokerOptions> = {},
): Broker {
  const url = server.url(scheme);
  const broker = new Broker({
    dialect: xmpp({ jid: "juliet@localhost/balcony", password: "s3cret" }),
    transport: scheme === "http" ? bosh(url) : bosh({ url, fetch: trusting(server.ca) }),
    tls: scheme === "http" ? "plaintext" : "required",
    ...options,
  });
  onTestFinished(() => {
    broker.halt();
  });
  return broker;
}

const message = (id: string, to = "juliet@localhost/balcony") =>
  xml("message", { to, id }, xml("body", {}, id));

describe.each(["http", "https"] as const)("by %s", (scheme) => {
  test("a client logs in, sends, asks and is answered, and leaves in order", async () => {
    const server = await serve();
    const broker = juliet(server, scheme);
    expect(await broker.connect()).toEqual({ jid: "juliet@localhost/balcony", resumed: false });
    expect(broker.transport).toBeUndefined();
    expect(server.connections).toMatchObject([{ port: scheme }]);
    const arrived = broker.waitFor("/message[@id='m1']");
    const delivery = broker.send(message("m1"));
    expect((await arrived).stanza.childText("body")).toBe("m1");
    await delivery.acked();
    expect([delivery.state, delivery.ackedBy]).toEqual(["acked", "barrier"]);
    await broker.shutdown();
    expect(await broker.closed).toBeUndefined();
    await expect.poll(() => server.connections).toEqual([]);
  });

  test("5,000 stanzas arrive in order, and one of 200 KB whole", async () => {
    const server = await serve();
    const broker = juliet(server, scheme);
    await broker.connect();
    const large = "x".repeat(200_000);
    const ids: string[] = [];
    const all = broker.waitFor("/message[@id='last']");
    broker.filter("/message", ({ stanza }) => {
      ids.push(stanza.attrs.id ?? "");
      if (stanza.attrs.id === "large") expect(stanza.childText("body")).toBe(large);
    });
    for (let n = 0; n < 5000; n++) broker.send(message(`m${n}`));
    const body = xml("body", {}, large);
    broker.send(xml("message", { to: "juliet@localhost/balcony", id: "large" }, body));
    broker.send(message("last"));
    await all;
    expect(ids).toEqual([...Array.from({ length: 5000 }, (_, n) => `m${n}`), "large", "last"]);
  });

  test("a session is resumed after a cut, and nothing is lost or doubled", async () => {
    const server = await serve({ management: {} });
    const broker = juliet(server, scheme, { reconnect: { base: 1 } });
    const ready: boolean[] = [];
    broker.on("ready", ({ resumed }) => ready.push(resumed));
    const ids: string[] = [];
    broker.filter("/message", ({ stanza }) => ids.push(stanza.attrs.id ?? ""));
    await broker.connect();
    const wanted: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 20; n++) {
        wanted.push(`r${round}-${n}`);
        broker.send(message(`r${round}-${n}`));
      }
      server.faults.cut();
      await expect.poll(() => ready.length).toBe(round + 2);
    }
    await broker.acked();
    await expect.poll(() => ids.length).toBe(wanted.length);
    expect(ready).toEqual([false, true, true, true]);
    expect(ids).toEqual(wanted);
  });

  test("a server that is closing says so", async () => {
    const server = await serve();
    const broker = juliet(server, scheme);
    await broker.connect();
    // The empty request has left by then. It is answered as this one comes, and the server holds this one.
    await settled();
    await broker.send(xml("presence", { to: "romeo@localhost" })).written();
    await server.close();
    expect(await broker.closed).toMatchObject({
      code: "STREAM_ERROR",
      condition: "system-shutdown",
    });
  });

  test("a server that splits its bytes, and delays them, is understood", async () => {
    const server = await serve();
    server.faults.split();
    server.faults.delay(1);
    const broker = juliet(server, scheme);
    await broker.connect();
    await broker.shutdown();
    expect(await broker.closed).toBeUndefined();
  });
});

test("a client from before XMPP 1.0 logs in", async () => {
  const server = await serve();
  const broker = juliet(server, "https", {
    dialect: legacy({ jid: "juliet@localhost/balcony", password: "s3cret" }),
  });
  expect(await broker.connect()).toMatchObject({ jid: "juliet@localhost/balcony" });
});

test("a second login under the same name ends the first with conflict", async () => {
  const server = await serve({ conflict: "replace" });
  const broker = juliet(server, "http");
  await broker.connect();
  await juliet(server, "http").connect();
  expect(await broker.closed).toMatchObject({ code: "STREAM_ERROR", condition: "conflict" });
});

test("another domain is refused with the server's own stream error", async () => {
  const server = await serve();
  const broker = juliet(server, "http", {
    dialect: xmpp({ jid: "juliet@elsewhere.example", password: "s3cret" }),
  });
  await expect(broker.connect()).rejects.toMatchObject({
    code: "STREAM_ERROR",
    condition: "host-unknown",
  });
});

describe("the TLS policy", () => {
  test.each([
    ["required", "BAD_OPTION"],
    ["direct", "BAD_OPTION"],
    [undefined, "BAD_OPTION"],
    ["opportunistic", "ready"],
    ["plaintext", "ready"],
  ] as const)("%s is met by http with %s", async (tls, outcome) => {
    const server = await serve();
    const result = await juliet(server, "http", { tls })
      .connect()
      .then(
        () => "ready",
        (error: unknown) => (error as { code: string }).code,
      );
    expect(result).toBe(outcome);
  });

  test.each(["required", "direct", "opportunistic"] as const)("%s is met by https", async (tls) => {
    const server = await serve();
    const broker = juliet(server, "https", { tls });
    const told: string[] = [];
    broker.on("tls:success", ({ protocol }) => told.push(protocol));
    await broker.connect();
    expect(told).toEqual(["unknown"]);
  });

  test("a certificate that the runtime does not trust is CONNECT_FAILED", async () => {
    const server = await serve();
    const broker = juliet(server, "https", { transport: bosh(server.url("https")) });
    await expect(broker.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  });
});

describe("an address", () => {
  test("without BOSH is CONNECT_FAILED, and says why", async () => {
    const server = await serve();
    const broker = juliet(server, "http", { transport: bosh(`${server.url("http")}/elsewhere`) });
    await expect(broker.connect()).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      retryable: false,
      message: expect.stringContaining("404") as unknown,
    });
  });

  test("of a WebSocket is none for bosh, and a host neither", async () => {
    const server = await serve();
    const lookup = () => Promise.resolve([{ url: server.url("ws") }]);
    const broker = juliet(server, "http", { transport: bosh(), lookup });
    await expect(broker.connect()).rejects.toMatchObject({ code: "BAD_OPTION" });
    const other = juliet(server, "http", { transport: bosh(), host: "localhost" });
    await expect(other.connect()).rejects.toMatchObject({ code: "BAD_OPTION" });
  });

  test("that a lookup finds is used", async () => {
    const server = await serve();
    const lookup = () => Promise.resolve([{ url: server.url("http") }]);
    const broker = juliet(server, "http", { transport: bosh(), lookup });
    expect(await broker.connect()).toMatchObject({ resumed: false });
  });
});

/** Requests that are no good, and the answers of the connection manager. */
const ODD = {
  "": "bad-request",
  "<html/>": "bad-request",
  "<body xmlns='http://jabber.org/protocol/httpbind'/>": "bad-request",
  "<body xmlns='http://jabber.org/protocol/httpbind' rid='1'/>": "improper-addressing",
  "<body xmlns='http://jabber.org/protocol/httpbind' rid='1' sid='x'/>": "item-not-found",
};

test.each(Object.entries(ODD))("the request %j is answered with %s", async (body, condition) => {
  const server = await serve();
  const response = await fetch(server.url("http"), { method: "POST", body });
  expect(await response.text()).toContain(`type='terminate' condition='${condition}'`);
});
