import { describe, expect, test } from "vitest";
import { type Broker, type BrokerOptions, websocket, xmpp } from "../../../../src/node.ts";
import { type LoopbackServer, makeCertificate } from "../../../../src/testing/index.ts";
import {
  carries,
  client,
  connecting,
  outlivesCuts,
  readsSlowBytes,
  serve,
  talksAndLeaves,
} from "./over-http.ts";

const SCHEMES = ["ws", "wss"] as const;

function juliet(
  server: LoopbackServer,
  scheme: "ws" | "wss",
  options: Partial<BrokerOptions> = {},
): Broker {
  return client({
    transport: websocket(server.url(scheme)),
    tls: scheme === "ws" ? "plaintext" : { ca: server.ca },
    ...options,
  });
}

describe.each(SCHEMES)("over %s", (scheme) => {
  test("a client logs in, sends, asks and is answered, and leaves in order", async () => {
    const server = await serve();
    const broker = juliet(server, scheme);
    expect(await broker.connect()).toEqual({ jid: "juliet@localhost/balcony", resumed: false });
    expect(broker.transport?.tls?.protocol).toBe(scheme === "wss" ? "TLSv1.3" : undefined);
    await talksAndLeaves(server, broker, scheme === "ws" ? "http" : "https");
  });

  test("10,000 stanzas arrive in order, and one of 200 KB whole", async () => {
    await carries(juliet(await serve(), scheme), 10_000);
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
    await outlivesCuts(server, juliet(server, scheme, { reconnect: { base: 1 } }), 5);
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
    await readsSlowBytes(server, juliet(server, scheme));
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
    expect(await connecting(broker)).toBe(outcome);
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
      expect(await connecting(broker)).toBe(outcome);
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
