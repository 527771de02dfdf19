import { describe, expect, onTestFinished, test } from "vitest";
import { Broker, type BrokerOptions, websocket, xml, xmpp } from "../../../../src/node.ts";
import {
  type LoopbackOptions,
  LoopbackServer,
  makeCertificate,
} from "../../../../src/testing/index.ts";

const SCHEMES = ["ws", "wss"] as const;

async function serve(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const users = { juliet: "s3cret", romeo: "m0ntague" };
  const server = await LoopbackServer.start({ users, http: true, ...options });
  onTestFinished(() => server.close());
  return server;
}

function juliet(
  server: LoopbackServer,
  scheme: "ws" | "wss",
  options: Partial<BrokerOptions> = {},
): Broker {
  const broker = new Broker({
    dialect: xmpp({ jid: "juliet@localhost/balcony", password: "s3cret" }),
    transport: websocket(server.url(scheme)),
    tls: scheme === "ws" ? "plaintext" : { ca: server.ca },
    ...options,
  });
  onTestFinished(() => {
    broker.halt();
  });
  return broker;
}

const message = (id: string, to = "juliet@localhost/balcony") =>
  xml("message", { to, id }, xml("body", {}, id));

describe.each(SCHEMES)("over %s", (scheme) => {
  test("a client logs in, sends, asks and is answered, and leaves in order", async () => {
    const server = await serve();
    const broker = juliet(server, scheme);
    expect(await broker.connect()).toEqual({ jid: "juliet@localhost/balcony", resumed: false });
    expect(broker.transport?.tls?.protocol).toBe(scheme === "wss" ? "TLSv1.3" : undefined);
    expect(server.connections).toMatchObject([{ port: scheme === "ws" ? "http" : "https" }]);
    const arrived = broker.waitFor("/message[@id='m1']");
    const delivery = broker.send(message("m1"));
    expect((await arrived).stanza.childText("body")).toBe("m1");
    await delivery.acked();
    expect([delivery.state, delivery.ackedBy]).toEqual(["acked", "barrier"]);
    await broker.shutdown();
    expect(await broker.closed).toBeUndefined();
    await expect.poll(() => server.connections).toEqual([]);
  });

  test("10,000 stanzas arrive in order, and one of 200 KB whole", async () => {
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
    for (let n = 0; n < 10_000; n++) broker.send(message(`m${n}`));
    const body = xml("body", {}, large);
    broker.send(xml("message", { to: "juliet@localhost/balcony", id: "large" }, body));
    broker.send(message("last"));
    await all;
    expect(ids).toEqual([...Array.from({ length: 10_000 }, (_, n) => `m${n}`), "large", "last"]);
  });

  test("TLS is told as an event, as far as there is any", async () => {
    const server = await serve();
    const broker = juliet(server, scheme);
    const told: unknown[] = [];
    broker.on("tls:success", (facts) => told.push(facts.alpn));
    await broker.connect();
    expect(told).toEqual(scheme === "wss" ? ["http/1.1"] : []);
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
    const deliveries = [];
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 20; n++) {
        wanted.push(`r${round}-${n}`);
        deliveries.push(broker.send(message(`r${round}-${n}`)));
      }
      const again = new Promise<void>((resolve) => {
        broker.on(
          "ready",
          () => {
            resolve();
          },
          { once: true },
        );
      });
      server.faults.cut();
      await again;
    }
    await broker.acked();
    await expect.poll(() => ids.length).toBe(wanted.length);
    expect(ready).toEqual([false, true, true, true, true, true]);
    expect(ids).toEqual(wanted);
    expect(new Set(deliveries.map(({ ackedBy }) => ackedBy))).toEqual(
      new Set(["stream-management"]),
    );
  });

  test.each([
    [
      "two roots",
      "<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>",
      "INVALID_XML",
    ],
    ["half an element", "<message xmlns='jabber:client'>", "NOT_WELL_FORMED"],
    ["the footer of RFC 6120", "</stream:stream>", "NOT_WELL_FORMED"],
  ])("a message with %s ends the stream with its condition", async (_, bytes, code) => {
    const server = await serve();
    const broker = juliet(server, scheme);
    await broker.connect();
    server.faults.inject(bytes);
    expect(await broker.closed).toMatchObject({ code });
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

describe("the TLS policy", () => {
  test.each([
    ["required", "BAD_OPTION"],
    ["direct", "BAD_OPTION"],
    [undefined, "BAD_OPTION"],
    ["opportunistic", "ready"],
    ["plaintext", "ready"],
  ] as const)("%s is met by ws with %s", async (tls, outcome) => {
    const server = await serve();
    const broker = juliet(server, "ws", { tls });
    const result = await broker.connect().then(
      () => "ready",
      (error: unknown) => (error as { code: string }).code,
    );
    expect(result).toBe(outcome);
  });

  test.each(["required", "direct", "opportunistic"] as const)(
    "%s is met by wss",
    async (policy) => {
      const server = await serve();
      const broker = juliet(server, "wss", { tls: { policy, ca: server.ca } });
      await broker.connect();
      expect(broker.transport?.tls?.protocol).toBe("TLSv1.3");
    },
  );

  test.each([
    ["an authority that is not trusted", {}, "TLS_FAILED"],
    ["a public key that is not pinned", { pins: [`${"A".repeat(43)}=`] }, "TLS_FAILED"],
    ["a name that is another", { servername: "elsewhere.example" }, "TLS_FAILED"],
  ])("%s is refused", async (what, more, code) => {
    const server = await serve();
    const ca = what.includes("authority") ? {} : { ca: server.ca };
    const broker = juliet(server, "wss", { tls: { ...ca, ...more } });
    await expect(broker.connect()).rejects.toMatchObject({ code });
  });

  test.each([
    ["localhost", "ready"],
    ["capulet.example", "TLS_FAILED"],
  ])(
    "the certificate is for the host of the address, not for the domain: %s is %s",
    async (name, outcome) => {
      const domain = "capulet.example";
      const server = await serve({ domain, certificate: makeCertificate({ names: [name] }) });
      const broker = juliet(server, "wss", {
        dialect: xmpp({ jid: `juliet@${domain}/balcony`, password: "s3cret" }),
      });
      const result = await broker.connect().then(
        () => "ready",
        (error: unknown) => (error as { code: string }).code,
      );
      expect(result).toBe(outcome);
    },
  );
});

describe("an address", () => {
  test("without a WebSocket is CONNECT_FAILED, and says why", async () => {
    const server = await serve();
    const broker = juliet(server, "ws", { transport: websocket(`${server.url("ws")}/elsewhere`) });
    await expect(broker.connect()).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      retryable: true,
      message: expect.stringContaining("404") as unknown,
    });
  });

  test.each([
    "http://example.org/ws",
    "example.org",
    "",
    "wss://user@example.org/",
    "wss://example.org/#here",
    7,
    null,
  ])("%j is a BAD_OPTION", (url) => {
    expect(() => websocket({ url: url as string })).toThrow(
      expect.objectContaining({ code: "BAD_OPTION" }) as Error,
    );
  });

  test("that is only a host is a BAD_OPTION", async () => {
    const server = await serve();
    const broker = juliet(server, "ws", { transport: websocket(), host: "localhost" });
    await expect(broker.connect()).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining("websocket needs a url") as unknown,
    });
  });
});

test("a server that is closing says so, also to a WebSocket", async () => {
  const server = await serve();
  const broker = juliet(server, "wss");
  await broker.connect();
  await server.close();
  expect(await broker.closed).toMatchObject({ code: "STREAM_ERROR", condition: "system-shutdown" });
});

test("a server without the option has no address for it", async () => {
  const server = await serve({ http: false });
  expect(() => server.url("wss")).toThrow(expect.objectContaining({ code: "BAD_OPTION" }) as Error);
});
