import { expect, test } from "vitest";
import { Broker, type BrokerOptions, component, xml } from "../../src/node.ts";
import { COMPONENT_SECRET, SERVICE_DOMAINS } from "../servers/server.ts";
import { management } from "./management.ts";
import { matrix, ownWays } from "./matrix.ts";
import { playOversize } from "./oversize.ts";
import { pages } from "./pages.ts";
import { redeploying } from "./redeploying.ts";
import { webSockets } from "./web-sockets.ts";

matrix("ejabberd");

ownWays("ejabberd", (server) => {
  const service = (domain: string, options: Partial<BrokerOptions> = {}): Broker =>
    new Broker({
      ...options,
      dialect: component({ domain, secret: COMPONENT_SECRET }),
      host: "127.0.0.1",
      port: server().components.off ?? 0,
    });

  test("a component cannot take a name that the server serves itself", async () => {
    const { domain } = server().clients.required;
    await expect(service(domain).connect()).rejects.toMatchObject({
      code: "STREAM_ERROR",
      condition: "conflict",
    });
  });

  test("stanzas that would make it end a component's stream never reach it", async () => {
    const [own] = SERVICE_DOMAINS;
    await using broker = service(own);
    await broker.connect();
    const forged = xml("message", { from: "somebody@elsewhere.test", to: own });
    expect(broker.send(forged).error?.code).toBe("FOREIGN_FROM");
    expect(broker.send(xml("message")).error?.code).toBe("MISSING_TO");
    const itself = broker.waitFor("/message[body='still here']");
    broker.send(xml("message", { to: `me@${own}` }, xml("body", {}, "still here")));
    expect((await itself).stanza.attrs.from).toBe(own);
  });

  test("a stanza that is too large ends only a stream whose program allows it, and not for good", async () => {
    // Its limit: the stanza is larger by its tags only, so all of it is read.
    await playOversize(service, "policy-violation", 524_288);
  });

  management("ejabberd", server);
  webSockets(server);
  pages("ejabberd", server);
  redeploying(server, "required");
});
