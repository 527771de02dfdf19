import { expect, test } from "vitest";
import { Broker, jabberd2, xml } from "../../src/node.ts";
import { LIMITED_ROUTER_USER, ROUTER_USER, SERVICE_DOMAINS } from "../servers/server.ts";
import { matrix, ownWays } from "./matrix.ts";
import { ways } from "./pages.ts";
import { message, question } from "./stage.ts";

matrix("jabberd2");

const [ONE, TWO, THREE] = SERVICE_DOMAINS;

ownWays("jabberd2", (server) => {
  const service = (options: Partial<Parameters<typeof jabberd2>[0]>): Broker =>
    new Broker({
      dialect: jabberd2({ domain: "router.test", ...ROUTER_USER, ...options }),
      host: "127.0.0.1",
      port: server().routers.optional ?? 0,
      tls: { ca: server().ca },
    });

  test("several names are bound on one stream, and each is answered for", async () => {
    await using many = service({ bind: { names: [ONE, TWO] } });
    await using other = service({ bind: { names: [THREE] } });
    expect(await many.connect()).toMatchObject({ jid: ONE });
    await other.connect();
    many.respond("/iq/query", ({ stanza }) =>
      xml("query", { xmlns: "urn:example:question" }, stanza.attrs.to),
    );
    for (const name of [ONE, TWO]) {
      const answer = await other.request(question(`me@${name}`));
      expect(answer.attrs.from).toBe(`me@${name}`);
      expect(answer.childText("query", "urn:example:question")).toBe(`me@${name}`);
    }
    const theirs = other.waitFor("/message");
    many.send(xml("message", { from: `me@${TWO}`, to: THREE }));
    const { stanza, route } = await theirs;
    expect(stanza.attrs.from).toBe(`me@${TWO}`);
    expect(route?.attrs).toMatchObject({ from: TWO, to: THREE });
  });

  test("a user who may bind only one name is refused another, for good", async () => {
    const other = service({ ...LIMITED_ROUTER_USER, bind: { names: [ONE] } });
    await expect(other.connect()).rejects.toMatchObject({ code: "BIND_FAILED", retryable: false });
    await using own = service({ ...LIMITED_ROUTER_USER, bind: { names: ["limited"] } });
    expect((await own.connect()).jid).toBe("limited");
  });

  test("what nobody is there for comes back as the failure of that delivery", async () => {
    await using broker = service({ bind: { names: [ONE] } });
    await broker.connect();
    await expect(broker.request(question("nobody.test"))).rejects.toMatchObject({
      code: "NOT_ROUTED",
    });
    const failed = new Promise((resolve) => {
      broker.on("delivery", ({ delivery }) => {
        if (delivery.state === "failed") resolve(delivery);
      });
    });
    const delivery = broker.send(message("nobody.test", "is anybody there?"));
    expect(await failed).toBe(delivery);
    expect(delivery.error?.code).toBe("NOT_ROUTED");
    expect(broker.phase.name).toBe("ready");
  });

  test("what a service sends in the name of others is dropped, and the router lets it pass", async () => {
    await using forger = service({ ...LIMITED_ROUTER_USER, bind: { names: ["limited"] } });
    await using broker = service({ bind: { names: [ONE] } });
    await forger.connect();
    await broker.connect();
    const dropped = new Promise((resolve) => {
      broker.on("dropped", ({ stanza, error }) => {
        resolve([stanza.attrs.from, error.code]);
      });
    });
    const { domain } = server().clients.required;
    const forged = { xmlns: "jabber:client", from: `alice@${domain}`, to: ONE };
    const route = { xmlns: "http://jabberd.jabberstudio.org/ns/component/1.0" };
    forger.send(xml("route", { ...route, from: "limited", to: ONE }, xml("message", forged)));
    expect(await dropped).toEqual([forged.from, "MISADDRESSED"]);
  });

  test("the default route gets what nobody is there for", async () => {
    await using catcher = service({ bind: { names: [ONE], default: true } });
    await using broker = service({ bind: { names: [TWO] } });
    await catcher.connect();
    await broker.connect();
    const caught = catcher.waitFor("/message/body");
    broker.send(message("user@nobody.test", "caught"));
    expect((await caught).stanza.attrs.to).toBe("user@nobody.test");
  });

  test("the log gets copies of what passes between others, as envelopes", async () => {
    await using log = service({ bind: { names: [ONE], log: true } });
    await using from = service({ bind: { names: [TWO] } });
    await using to = service({ bind: { names: [THREE] } });
    for (const broker of [log, from, to]) await broker.connect();
    const copy = log.waitFor("/route[@type='log']/message[@id='passing']");
    const arrival = to.waitFor("/message[@id='passing']");
    from.send(message(THREE, "between us", "passing"));
    expect((await arrival).route?.attrs.type).toBeUndefined();
    expect((await copy).stanza.attrs).toMatchObject({ from: TWO, to: THREE });
  });

  test("without envelopes the program puts them on and takes them off itself", async () => {
    const route = { xmlns: "http://jabberd.jabberstudio.org/ns/component/1.0" };
    await using bare = service({ bind: { names: [ONE] }, envelopes: false });
    await using other = service({ bind: { names: [TWO] } });
    await bare.connect();
    await other.connect();
    const there = other.waitFor("/message/body");
    const inner = xml("message", { xmlns: "jabber:client", from: ONE, to: TWO }, xml("body"));
    bare.send(xml("route", { ...route, from: ONE, to: TWO }, inner));
    expect((await there).stanza.attrs.from).toBe(ONE);
    const back = bare.waitFor("/route/message");
    other.send(message(`me@${ONE}`, "back"));
    expect((await back).stanza.attrs).toMatchObject({ from: TWO, to: ONE });
  });

  ways("jabberd2", server);
});
