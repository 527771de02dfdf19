import { expect, onTestFinished, test } from "vitest";
import { authenticate } from "../../../../src/negotiate/auth/sasl.ts";
import { bind } from "../../../../src/negotiate/bind.ts";
import type { LoginResult } from "../../../../src/negotiate/login.ts";
import { featuresOf, open } from "../../../../src/negotiate/open.ts";
import { openProtected } from "../../../../src/negotiate/starttls.ts";
import { enable, offersManagement, resume } from "../../../../src/negotiate/stream-management.ts";
import { Broker, type Dialect, xml, xmpp } from "../../../../src/node.ts";
import type { LoopbackServer, ManagementOptions } from "../../../../src/testing/index.ts";
import { CAST } from "../scene.ts";
import { connections, note, romeo, serveManaged } from "./managed.ts";

/** Juliet's dialect: that of RFC 6120, with stream management. `results` gets the results of her logins. */
function managed(results: LoginResult[]): Dialect {
  const domain = "localhost";
  const password = CAST.users.juliet;
  const credentials = {
    username: "juliet",
    password,
    authzid: undefined,
    domain,
    digestUri: `xmpp/${domain}`,
    mechanisms: undefined,
  };
  return {
    ...xmpp({ jid: "juliet@localhost/balcony", password }),
    async negotiate(login) {
      const first = await featuresOf(login, await openProtected(login));
      await authenticate(login, first, credentials);
      const features = await featuresOf(login, await open(login));
      const { previous } = login;
      expect(offersManagement(features)).toBe(true);
      const old = previous === undefined ? undefined : await resume(login, previous);
      if (previous !== undefined && old?.resumed === true) {
        results.push({ jid: previous.jid, ...old });
      } else {
        const wanted = { local: "juliet", domain, resource: "balcony" };
        const { full } = await bind(login, features, wanted);
        const management = await enable(login, { resume: true });
        results.push({
          jid: full,
          resumed: false,
          management: { ...management, ...old?.management },
        });
      }
      return results.at(-1) as LoginResult;
    },
  };
}

async function juliet(server: LoopbackServer) {
  const results: LoginResult[] = [];
  const broker = new Broker({
    dialect: managed(results),
    host: "127.0.0.1",
    port: server.ports.client,
    tls: { ca: server.ca },
    keepAlive: false,
  });
  onTestFinished(() => {
    broker.halt();
  });
  const heard: string[] = [];
  broker.filter("/message", ({ stanza }) => heard.push(stanza.attrs.id ?? ""));
  await broker.connect();
  return { broker, results, heard };
}

test.each<ManagementOptions>([{ like: "ejabberd" }, { like: "prosody" }])(
  "a broker resumes its session at a server with %j, and its request lives through it",
  async (management) => {
    const server = await serveManaged(management);
    const { broker, results, heard } = await juliet(server);
    const other = await romeo(server);
    other.say(note("1"));
    await expect.poll(() => heard).toEqual(["1"]);
    const answer = broker.request(
      xml(
        "iq",
        { type: "get", id: "q", to: "romeo@localhost/garden" },
        xml("query", { xmlns: "urn:x" }),
      ),
    );
    await other.expect("<iq type='get' id='q' …</iq>");
    const ready = broker.reconnect();
    other.say(`<iq type='result' id='q' to='juliet@localhost/balcony'/>${note("2")}`);
    expect(await ready).toEqual({ jid: "juliet@localhost/balcony", resumed: true });
    expect((await answer).attrs.type).toBe("result");
    await expect.poll(() => heard).toEqual(["1", "2"]);
    const [first, second] = results;
    expect(first?.management?.id).toBeDefined();
    expect(second?.management).toEqual(first?.management);
    // It goes on a second time, with the counters of both connections.
    expect((await broker.reconnect()).resumed).toBe(true);
    expect(results[2]?.management).toEqual(first?.management);
    other.say(note("3"));
    await expect.poll(() => heard).toEqual(["1", "2", "3"]);
  },
);

test("a session that is gone is followed by a new one, and `<failed/>` tells what was handled", async () => {
  const server = await serveManaged({ window: 0 });
  const { broker, results } = await juliet(server);
  const other = await romeo(server);
  broker.send(xml("message", { to: "romeo@localhost/garden", id: "out" }));
  await other.expect("<message … id='out' …/>");
  other.say(`<presence/>`);
  await other.expect("<presence …/>");
  const { jid, resumed } = await broker.reconnect();
  expect([jid, resumed]).toEqual(["juliet@localhost/balcony", false]);
  expect(results[1]?.management?.h).toBe(1);
  expect(results[1]?.management?.id).not.toBe(results[0]?.management?.id);
  await connections(server, 2);
});
