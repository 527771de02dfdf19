import { expect, test } from "vitest";
import { BrokerError } from "../../../src/base/errors.ts";
import {
  type LoopbackOptions,
  LoopbackServer,
  makeCertificate,
} from "../../../src/testing/index.ts";
import { attach, clientHeader, dial, dialTls, serve } from "./scene.ts";

const users = { juliet: "s3cret" };

test.each<[unknown, string]>([
  [{ domian: "a.test" }, "an option of LoopbackServer must be one of domain, users"],
  [null, "the options of LoopbackServer must be an object, got null"],
  [{ domain: "" }, 'domain must be a text that is not empty, got ""'],
  [{ domain: "me@a.test" }, 'domain must be a domain, got "me@a.test"'],
  [{ domain: "a..test" }, 'domain must be a domain, got "a..test"'],
  [{ users: ["juliet"] }, "users must be an object, got an array"],
  [{ users: { "juliet@localhost": "x" } }, "users must be an object of user names, without domain"],
  [{ users: { juliet: "" } }, 'users.juliet must be a text that is not empty, got ""'],
  [{ users: { juliet: 5 } }, "users.juliet must be a text that is not empty, got 5"],
  [{ components: { "a b": "x" } }, 'components must be a domain, got "a b"'],
  [{ components: { localhost: "x" } }, "components must be domains other than `domain`"],
  [{ router: "jabberd" }, 'router must be an object, got "jabberd"'],
  [
    { router: { username: "a" } },
    "router.password must be a text that is not empty, got undefined",
  ],
  [
    { router: { username: "a", password: "b", acl: 1 } },
    'an option of router must be one of username, password, names, got "acl"',
  ],
  [
    { router: { username: "a", password: "b", names: "c" } },
    'router.names must be a list, got "c"',
  ],
  [{ port: 65_533 }, "port must be a whole number from 0 to 65532, got 65533"],
  [{ maxBytes: 9999 }, "maxBytes must be a whole number from 10000 to 1048576, got 9999"],
  [{ starttls: true }, 'starttls must be one of "optional", "required", "none", got true'],
  [{ mechanisms: ["CRAM-MD5"] }, 'mechanisms must be one of "SCRAM-SHA-512"'],
  [{ session: "on" }, 'session must be one of "optional", "required", "none", got "on"'],
  [{ addresses: "nodeprep" }, 'addresses must be one of "precis", "stringprep", got "nodeprep"'],
  [{ conflict: "fight" }, 'conflict must be one of "refuse", "replace", got "fight"'],
  [{ componentPort: "prosody" }, 'componentPort must be one of "xep-0114", "jabberd2", got'],
  [{ rosters: [] }, "rosters must be an object, got an empty array"],
  [{ rosters: { romeo: [] } }, 'rosters must be an object of names in `users`, got "romeo"'],
  [{ users, rosters: { juliet: "romeo" } }, 'rosters.juliet must be a list, got "romeo"'],
  [{ users, rosters: { juliet: [5] } }, "rosters.juliet must be an object, got 5"],
  [{ users, rosters: { juliet: [""] } }, "rosters.juliet.jid must be a text that is not empty"],
  [
    { users, rosters: { juliet: [{ nick: "" }] } },
    "an option of rosters.juliet must be one of jid",
  ],
  [
    { users, rosters: { juliet: [{ jid: "a", subscription: "x" }] } },
    'rosters.juliet.subscription must be one of "none"',
  ],
  [{ users, rosters: { juliet: [{ jid: "a", groups: "x" }] } }, "rosters.juliet.groups must be"],
  [{ management: true }, "management must be an object, got true"],
  [{ management: { like: "openfire" } }, 'management.like must be one of "ejabberd", "prosody"'],
  [{ management: { windows: 1 } }, "an option of management must be one of like, max, window"],
  [{ management: { max: 0 } }, "management.max must be a whole number from 1 to 86400, got 0"],
  [{ management: { window: -1 } }, "management.window must be a whole number from 0 to 86400000"],
  [{ management: { location: "" } }, "management.location must be a text that is not empty"],
  [{ management: { limit: 0 } }, "management.limit must be a whole number from 1 to 100000"],
  [{ management: { beyond: "cut" } }, 'management.beyond must be one of "end", "forget"'],
  [{ management: { failedTellsH: 1 } }, "management.failedTellsH must be true or false, got 1"],
  [{ management: { asks: "no" } }, 'management.asks must be true or false, got "no"'],
  [{ management: { goingBack: "" } }, 'management.goingBack must be one of "ignore", "end"'],
  [{ management: { abrupt: 0 } }, "management.abrupt must be true or false, got 0"],
  [{ management: { keepsParser: 0 } }, "management.keepsParser must be true or false, got 0"],
  [{ management: { rebound: "" } }, 'management.rebound must be one of "return", "redeliver"'],
  [{ certificate: { cert: "x" } }, "certificate.key must be a text that is not empty"],
])("%j is a BAD_OPTION that says: %s", async (options, message) => {
  const start = LoopbackServer.start(options as LoopbackOptions);
  await expect(start).rejects.toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining(message) as unknown,
  });
});

test("no error shows a password", async () => {
  const users = { "a@b": "hunter2" };
  await expect(LoopbackServer.start({ users })).rejects.not.toThrow(/hunter2/);
});

test("without options it serves localhost, and knows nobody", async () => {
  await using server = await LoopbackServer.start();
  expect(server.domain).toBe("localhost");
  const client = await dial(server.ports.client);
  await client.play(`
    C: ${clientHeader()}
    S: <?xml … from='localhost' …</stream:features>
  `);
});

test("the domain, users and components are prepared as addresses are", async () => {
  const server = await serve({
    domain: "BÜCHER.example",
    components: { "ECHO.localhost": "shush 🤫" },
  });
  expect(server.domain).toBe("bücher.example");
  await attach(server);
});

/** A server on the first port of a range, outside the one the system picks from, that has three free ones behind it. */
async function serveOnFixedPort(): Promise<{ server: LoopbackServer; port: number }> {
  for (let port = 21_000; port < 25_000; port += 4) {
    try {
      return { server: await serve({ port }), port };
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== "CONNECT_FAILED") throw error;
    }
  }
  throw new TypeError("no four ports in a row are free");
}

test("a fixed port has the other three behind it", async () => {
  const { server, port } = await serveOnFixedPort();
  expect(server.ports).toEqual({
    client: port,
    clientTls: port + 1,
    component: port + 2,
    router: port + 3,
  });
  await expect(LoopbackServer.start({ port })).rejects.toMatchObject({ code: "CONNECT_FAILED" });
});

test("a certificate of one's own is shown", async () => {
  const certificate = makeCertificate({ names: ["localhost"] });
  const server = await serve({ certificate });
  expect([server.ca, server.pin]).toEqual([certificate.ca, certificate.pin]);
  const client = await dialTls(server);
  expect(client.tls.getPeerCertificate().subjectaltname).toBe("DNS:localhost");
});

test("the certificate is valid for the domain, its subdomains and this machine", async () => {
  const server = await serve({ domain: "example.test" });
  const client = await dialTls(server);
  expect(client.tls.getPeerCertificate().subjectaltname).toBe(
    "DNS:example.test, DNS:*.example.test, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  );
});
