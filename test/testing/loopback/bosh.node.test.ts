import { describe, expect, test } from "vitest";
import { type Broker, type BrokerOptions, bosh, legacy, xml, xmpp } from "../../../src/node.ts";
import type { LoopbackServer } from "../../../src/testing/index.ts";
import { trusting } from "../../trusting-fetch.ts";
import { settled } from "../../virtual-clock.ts";
import {
  carries,
  client,
  connecting,
  outlivesCuts,
  readsSlowBytes,
  serve,
  talksAndLeaves,
} from "./http/over-http.ts";

function juliet(
  server: LoopbackServer,
  scheme: "http" | "https",
  options: Partial<BrokerOptions> = {},
): Broker {
  const url = server.url(scheme);
  return client({
    transport: scheme === "http" ? bosh(url) : bosh({ url, fetch: trusting(server.ca) }),
    tls: scheme === "http" ? "plaintext" : "required",
    ...options,
  });
}

describe.each(["http", "https"] as const)("by %s", (scheme) => {
  test("a client logs in, sends, asks and is answered, and leaves in order", async () => {
    const server = await serve();
    const broker = juliet(server, scheme);
    expect(await broker.connect()).toEqual({ jid: "juliet@localhost/balcony", resumed: false });
    expect(broker.transport).toBeUndefined();
    await talksAndLeaves(server, broker, scheme);
  });

  test("5,000 stanzas arrive in order, and one of 200 KB whole", async () => {
    await carries(juliet(await serve(), scheme), 5000);
  });

  test("a session is resumed after a cut, and nothing is lost or doubled", async () => {
    const server = await serve({ management: {} });
    await outlivesCuts(server, juliet(server, scheme, { reconnect: { base: 1 } }), 3);
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
    await readsSlowBytes(server, juliet(server, scheme));
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
    expect(await connecting(juliet(server, "http", { tls }))).toBe(outcome);
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
