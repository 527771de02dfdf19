import { afterEach, describe, expect, test } from "vitest";
import {
  Broker,
  type BrokerOptions,
  component,
  type Dialect,
  type Element,
  jabberd2,
  legacy,
  reply,
  xml,
  xmpp,
} from "../../../src/node.ts";
import { type LoopbackOptions, LoopbackServer } from "../../../src/testing/index.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const PASSWORD = "s3cret";

/** A server that prepares addresses as today's servers do, unless a test says otherwise. */
async function serve(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const names = ["alice", "gross", "\u03bd\u03af\u03ba\u03bf\u03c2", "\ufb01n", "x2", "\u2603"];
  const server = await LoopbackServer.start({
    users: Object.fromEntries(names.map((name) => [name, PASSWORD])),
    components: { "comp1.localhost": PASSWORD },
    router: { username: "jabberd", password: PASSWORD },
    addresses: "stringprep",
    ...options,
  });
  open.push(server);
  return server;
}

async function connected(
  server: LoopbackServer,
  dialect: Dialect,
  port: keyof LoopbackServer["ports"],
  options: Partial<BrokerOptions> = {},
): Promise<Broker> {
  const broker = new Broker({
    dialect,
    host: "127.0.0.1",
    port: server.ports[port],
    tls: "plaintext",
    ...options,
  });
  open.push({
    close: () => {
      broker.halt();
    },
  });
  await broker.connect();
  return broker;
}

const client = (
  server: LoopbackServer,
  jid = "alice@localhost/r",
  options?: Partial<BrokerOptions>,
) => connected(server, xmpp({ jid, password: PASSWORD }), "client", options);

const gateway = (server: LoopbackServer, options?: Partial<BrokerOptions>) =>
  connected(
    server,
    component({ domain: "comp1.localhost", secret: PASSWORD }),
    "component",
    options,
  );

const question = (to: string, from?: string): Element =>
  xml("iq", { type: "get", to, from }, xml("query", { xmlns: "urn:x" }));

describe("an account is what the server calls it", () => {
  const ACCOUNTS: [jid: string, address: string][] = [
    ["gro\u00df@localhost/r", "gross@localhost/r"],
    ["Gro\u00df@LOCALHOST/\u2122", "gross@localhost/TM"],
    ["\u03bd\u03af\u03ba\u03bf\u03c2@localhost/r", "\u03bd\u03af\u03ba\u03bf\u03c3@localhost/r"],
    ["\ufb01n@localhost/r", "fin@localhost/r"],
    ["x\u00b2@localhost/r", "x2@localhost/r"],
    ["\u2603@localhost/\u2764\ufe0f", "\u2603@localhost/\u2764"],
  ];

  test.each(ACCOUNTS)("%j is bound as %j, by SCRAM and by PLAIN", async (jid, address) => {
    for (const mechanism of ["SCRAM-SHA-256", "PLAIN"]) {
      const server = await serve();
      const dialect = xmpp({ jid, password: PASSWORD, mechanisms: [mechanism] });
      const tls = { ca: server.ca };
      const broker = await connected(server, dialect, "client", { tls });
      expect(broker.jid).toBe(address);
      const own = broker.waitFor("/message");
      broker.send(xml("message", { to: jid }));
      expect((await own).stanza.attrs).toMatchObject({ from: address, to: address });
      expect(
        await broker.request(xml("iq", { type: "get" }, xml("ping", { xmlns: "urn:xmpp:ping" }))),
      ).toBeDefined();
    }
  });

  test.each(ACCOUNTS)("%j logs in with jabber:iq:auth, and is answered as %j", async (jid) => {
    const server = await serve();
    const broker = await connected(server, legacy({ jid, password: PASSWORD }), "client");
    const ping = xml(
      "iq",
      { type: "get", to: broker.jid },
      xml("ping", { xmlns: "urn:xmpp:ping" }),
    );
    expect((await broker.request(ping)).attrs.type).toBe("result");
  });
});

describe("a request to an address in another spelling is answered", () => {
  test.each([
    ["\u00df@comp1.localhost", "ss@comp1.localhost"],
    ["room@comp1.localhost/\u2122", "room@comp1.localhost/TM"],
    ["\u2460@comp1.localhost", "1@comp1.localhost"],
    ["r@comp1.localhost/\uff2e\uff49\uff43\uff4b", "r@comp1.localhost/Nick"],
    ["\u2603%irc.example@COMP1.localhost", "\u2603%irc.example@comp1.localhost"],
  ])("%j, from %j", async (to, from) => {
    const server = await serve();
    const service = await gateway(server);
    const asker = await client(server);
    await expect(asker.request(question(to))).rejects.toMatchObject({
      code: "STANZA_ERROR",
      condition: "service-unavailable",
      stanza: { attrs: { from } },
    });
    service.respond("/iq/query", ({ stanza }) =>
      xml("answer", { xmlns: "urn:x" }, stanza.attrs.to),
    );
    const answer = await asker.request(question(to));
    expect(answer.attrs.from).toBe(from);
    expect(answer.childText("answer", "urn:x")).toBe(from);
  });

  test("also where a component asks from and at such addresses", async () => {
    const server = await serve();
    const asker = await gateway(server);
    const other = await client(server, "gro\u00df@localhost/\u2122");
    other.respond("/iq/query", () => undefined);
    const request = question(
      "gro\u00df@localhost/\u2122",
      "#r\u00df%i@comp1.localhost/\u2764\ufe0f",
    );
    expect((await asker.request(request)).attrs).toMatchObject({
      from: "gross@localhost/TM",
      to: "#rss%i@comp1.localhost/\u2764",
    });
  });
});

test("the echo answers at and to any address, and nothing fails", async () => {
  const server = await serve();
  const failures: unknown[] = [];
  const echo = await gateway(server);
  echo.on("error", ({ error }) => failures.push(error));
  echo.on("dropped", ({ error }) => failures.push(error));
  echo.filter("/message[@type='chat']/body", ({ stanza, matches }) =>
    echo.send(reply(stanza, ...matches)),
  );
  const asker = await client(server, "\u2603@localhost/\u2764\ufe0f");
  for (const to of ["\u2665radio@comp1.localhost", "#room%irc@comp1.localhost/\u2764\ufe0f Anna"]) {
    const back = asker.waitFor("/message/body");
    asker.send(xml("message", { to, type: "chat" }, xml("body", {}, "hi")));
    expect((await back).stanza.attrs.from).toBe(to.replace("\ufe0f", ""));
  }
  expect(failures).toEqual([]);
});

test("a service on the router reaches such an address", async () => {
  const server = await serve();
  const service = await connected(
    server,
    jabberd2({
      domain: "localhost",
      username: "jabberd",
      password: PASSWORD,
      bind: { names: ["svc.localhost"] },
    }),
    "router",
  );
  const alice = await client(server, "alice@localhost/\u2764\ufe0f");
  const arrival = alice.waitFor("/message");
  const message = { to: "alice@localhost/\u2764\ufe0f", from: "\u2603@svc.localhost/\u2122" };
  service.send(xml("message", message));
  expect((await arrival).stanza.attrs.from).toBe("\u2603@svc.localhost/TM");
});

test("by RFC 7622 the server carries none of these, and leaves the others as they are spelt", async () => {
  const server = await serve({ addresses: "precis", users: { alice: PASSWORD } });
  const service = await gateway(server);
  const asker = await client(server);
  const refused = asker.request(question("\u2603@comp1.localhost"));
  await expect(refused).rejects.toMatchObject({ condition: "jid-malformed" });
  const arrival = service.waitFor("/message");
  asker.send(xml("message", { to: "Gro\u00df@comp1.localhost/\u2122" }));
  expect((await arrival).stanza.attrs.to).toBe("Gro\u00df@comp1.localhost/\u2122");
});
