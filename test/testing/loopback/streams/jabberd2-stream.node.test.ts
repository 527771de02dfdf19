import { expect, test } from "vitest";
import { LoopbackServer } from "../../../../src/testing/index.ts";
import type { RawClient } from "../../../raw-client.ts";
import { answerChallenge, enter, ROUTER_HEADER as HEADER } from "../router-login.ts";
import { attach, base64, dial, login, ROUTER, STREAM, serve } from "../scene.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";

async function service(server: LoopbackServer, name: string, options = ""): Promise<RawClient> {
  const client = await enter(server);
  await client.play(`
    C: <bind name='${name}'>${options}</bind>
    S: <bind${options === "" ? "/>" : `>${options}</bind>`}
    S: <presence from='localhost'/>
  `);
  return client;
}

const route = (from: string, to: string, stanza: string): string =>
  `<route from='${from}' to='${to}'>${stanza}</route>`;

test("a service starts TLS, proves itself, sees the router's proof, and binds", async () => {
  const server = await serve();
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${HEADER}
    S: <?xml version='1.0'?><stream:stream xmlns='${ROUTER}' xmlns:stream='${STREAM}' id='…' from='jabberd-router' version='1.0' …>
    S: <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><mechanisms xmlns='${SASL}'><mechanism>DIGEST-MD5</mechanism></mechanisms></stream:features>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
  `);
  await client.secure(server);
  await client.play(`
    C: ${HEADER}
    S: <?xml …<stream:features><mechanisms xmlns='${SASL}'><mechanism>DIGEST-MD5</mechanism></mechanisms></stream:features>
  `);
  const proof = await answerChallenge(client, "router-secret");
  await client.play(`
    S: <success xmlns='${SASL}'>${base64(proof)}</success>
    C: ${HEADER}
    S: <?xml …<stream:features/>
    C: <bind name='svc.localhost'/>
    S: <bind/><presence from='localhost'/>
    C: </stream:stream>
    S: </stream:stream>
  `);
  expect(await client.ended()).toBe("");
});

test("a wrong password is refused, and may be mended on the same stream", async () => {
  const server = await serve();
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${HEADER}
    S: <?xml …</stream:features>
    C: <bind name='early.localhost'/>
  `);
  await answerChallenge(client, "wrong");
  await client.play(`S: <failure xmlns='${SASL}'><not-authorized/></failure>`);
  await answerChallenge(client, "router-secret");
  await client.play("S: <success …</success>");
});

test("nobody may log in where the server has no router account", async () => {
  await using server = await LoopbackServer.start();
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${HEADER}
    S: <?xml …</stream:features>
  `);
  await answerChallenge(client, "router-secret");
  await client.play(`S: <failure xmlns='${SASL}'><not-authorized/></failure>`);
});

test("another mechanism is refused, another namespace ends the stream", async () => {
  const server = await serve();
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${HEADER}
    S: <?xml …</stream:features>
    C: <auth xmlns='${SASL}' mechanism='PLAIN'>AGEAYg==</auth>
    S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>
  `);
  const stranger = await dial(server.ports.router);
  await stranger.play(`
    C: ${HEADER.replace(ROUTER, "jabber:component:accept")}
    S: <?xml …<stream:error><invalid-namespace …</stream:error></stream:stream>
  `);
});

test("a header without a default namespace and an address, as jabberd2's own, is welcome", async () => {
  const server = await serve();
  const client = await dial(server.ports.router);
  const header = `<stream:stream xmlns:stream='${STREAM}' version='1.0'>`;
  await client.play(`
    C: ${header}
    S: <?xml version='1.0'?><stream:stream xmlns='${ROUTER}' xmlns:stream='${STREAM}' id='{id}' version='1.0' …</stream:features>
  `);
  const proof = await answerChallenge(client, "router-secret");
  await client.play(`
    S: <success xmlns='${SASL}'>${base64(proof)}</success>
    C: ${header}
    S: <?xml …<stream:features/>
    C: <bind xmlns='${ROUTER}' name='sm.localhost' multi='to'/>
    S: <bind multi='to'/>
  `);
});

test("where the server insists on TLS, nothing goes before it", async () => {
  const server = await serve({ starttls: "required" });
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${HEADER}
    S: <?xml …<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>
    C: <auth xmlns='${SASL}' mechanism='DIGEST-MD5'/>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
  `);
  await client.secure(server);
  await client.play(`
    C: ${HEADER}
    S: <?xml …<stream:features><mechanisms …</stream:features>
  `);
});

test("where the server has no TLS, it is not offered", async () => {
  const server = await serve({ starttls: "none" });
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${HEADER}
    S: <?xml …<stream:features><mechanisms …</stream:features>
  `);
});

test("without a version there are no features, ever", async () => {
  const server = await serve();
  const client = await dial(server.ports.router);
  await client.play(`
    C: ${HEADER.replace(" version='1.0'", "")}
    S: <?xml version='1.0'?><stream:stream xmlns='${ROUTER}' xmlns:stream='${STREAM}' id='…' from='jabberd-router'>
    C: </stream:stream>
    S: </stream:stream>
  `);
});

test.each([
  ["<bind name='localhost'/>", "<bind error='409'/>"],
  ["<bind name='taken.localhost'/>", "<bind error='409'/>"],
  ["<bind id='1' name='taken.localhost'><log/></bind>", "<bind error='409' id='1'><log/></bind>"],
  ["<bind name='echo.localhost'/>", "<bind error='403'/>"],
  ["<bind name='a@b'/>", "<bind error='400' name='a@b'/>"],
  ["<bind/>", "<bind error='400'/>"],
])("%s is refused with %s", async (bind, answer) => {
  const server = await serve();
  await service(server, "taken.localhost");
  const client = await enter(server);
  await client.play(`
    C: ${bind}
    S: ${answer}
    C: <bind name='free.localhost'/>
    S: <bind/>
  `);
});

test("only the names of the account may be bound where it lists them", async () => {
  const router = { username: "jabberd", password: "router-secret", names: ["own.localhost"] };
  const server = await serve({ router });
  const client = await enter(server);
  await client.play(`
    C: <bind name='other.localhost'/>
    S: <bind error='403'/>
    C: <bind name='own.localhost'/>
    S: <bind/>
  `);
});

test("a stream binds several names, hears of others, and gives one back", async () => {
  const server = await serve();
  const first = await service(server, "a.localhost");
  await first.play(`
    C: <bind name='b.localhost'/>
    S: <bind/><presence from='localhost'/>
  `);
  const second = await service(server, "c.localhost");
  await second.play("S: <presence from='a.localhost'/><presence from='b.localhost'/>");
  await first.play(`
    S: <presence from='c.localhost'/>
    C: <unbind name='a.localhost'/>
    S: <unbind/>
    C: <unbind name='a.localhost'/>
    S: <unbind error='404'/>
  `);
  await second.play("S: <presence from='a.localhost' type='unavailable'/>");
  first.say("</stream:stream>");
  await second.play("S: <presence from='b.localhost' type='unavailable'/>");
});

test.each([
  ["<bind name='n.localhost' id='abc-1'/>", "<bind id='abc-1'/>"],
  ["<bind id='2' name='n.localhost' multi='to'/>", "<bind id='2' multi='to'/>"],
  [
    "<bind name='n.localhost' id='3' x='y'><log/><default/><own xmlns='urn:x'>z</own></bind>",
    "<bind id='3' x='y'><log/><default/><own xmlns='urn:x'>z</own></bind>",
  ],
])("%s is answered with all of itself but the name", async (bind, answer) => {
  const server = await serve();
  const client = await enter(server);
  await client.play(`
    C: ${bind}
    S: ${answer}<presence from='localhost'/>
    C: <unbind id='abc-2' name='n.localhost' x='y'><own xmlns='urn:x'/></unbind>
    S: <unbind id='abc-2' x='y'><own xmlns='urn:x'/></unbind>
    C: <unbind name='n.localhost' id='abc-3'/>
    S: <unbind error='404' id='abc-3'/>
    C: <unbind id='abc-4' name='a@b'/>
    S: <unbind error='400' id='abc-4' name='a@b'/>
  `);
});

test("a name that is given back takes its default route and its log with it", async () => {
  const server = await serve();
  const first = await service(server, "first.localhost", "<log/><default/>");
  await first.play(`
    C: <bind name='second.localhost'/>
    S: <bind/><presence from='localhost'/>
    C: <unbind name='first.localhost'/>
    S: <unbind/>
  `);
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: <message to='who@nowhere.test' id='1'/>
    S: <message id='1' …<service-unavailable …</message>
  `);
  await first.play(`
    C: <bind name='third.localhost'><default/></bind>
    S: <bind><default/></bind><presence from='localhost'/>
  `);
});

test("envelopes go to the name they say, as they are", async () => {
  const server = await serve();
  const a = await service(server, "a.localhost");
  const b = await service(server, "b.localhost");
  await a.play("S: <presence from='b.localhost'/>");
  await b.play("S: <presence from='a.localhost'/>");
  const stanza =
    "<message xmlns='jabber:client' from='x@a.localhost' to='y@b.localhost'><body>hi</body></message>";
  a.say(route("a.localhost", "b.localhost", stanza));
  await b.expect(`<route from='a.localhost' to='b.localhost'>${stanza}</route>`);
});

test.each([
  ["from='foreign.localhost' to='localhost'", "401"],
  ["from='a.localhost'", "400"],
  ["from='a.localhost' to='nowhere.test'", "404"],
])("an envelope %s comes back with %s", async (attributes, error) => {
  const server = await serve();
  const a = await service(server, "a.localhost");
  const stanza = "<message xmlns='jabber:client' from='a.localhost' to='nowhere.test'/>";
  await a.play(`
    C: <route ${attributes}>${stanza}</route>
    S: <route ${attributes} error='${error}'>${stanza}</route>
  `);
});

test("a stanza outside jabber:client comes back; one without an envelope, or with an error, is dropped", async () => {
  const server = await serve();
  const a = await service(server, "a.localhost");
  await a.play(`
    C: <message xmlns='jabber:client' from='a.localhost' to='localhost'/>
    C: <route from='a.localhost' to='nowhere.test' error='404'><iq xmlns='jabber:client'/></route>
    C: <route from='a.localhost' to='localhost'><message from='a.localhost' to='localhost'/></route>
    S: <route from='a.localhost' to='localhost' error='400'><message …/></route>
  `);
});

test("a service, a client and a component talk to each other", async () => {
  const server = await serve();
  const a = await service(server, "a.localhost");
  const component = await attach(server);
  const juliet = await login(server, "juliet", "balcony");
  await a.play("S: <presence from='echo.localhost'/>");
  juliet.say("<message to='bot@a.localhost'><body>to the service</body></message>");
  await a.expect(
    "<route from='localhost' to='a.localhost'><message xmlns='jabber:client' to='bot@a.localhost' from='juliet@localhost/balcony'><body>to the service</body></message></route>",
  );
  a.say(
    route(
      "a.localhost",
      "localhost",
      "<message xmlns='jabber:client' to='juliet@localhost' from='bot@a.localhost'><body>to the client</body></message>",
    ),
  );
  await juliet.expect(
    "<message to='juliet@localhost' from='bot@a.localhost'><body>to the client</body></message>",
  );
  a.say(
    route(
      "a.localhost",
      "echo.localhost",
      "<message xmlns='jabber:client' to='echo.localhost' from='bot@a.localhost'><body>to the component</body></message>",
    ),
  );
  await component.play(`
    S: <message to='echo.localhost' from='bot@a.localhost'><body>to the component</body></message>
    C: <message to='bot@a.localhost' from='echo.localhost'/>
  `);
  await a.expect(
    "<route from='echo.localhost' to='a.localhost'><message xmlns='jabber:client' …/></route>",
  );
  a.say(
    route(
      "a.localhost",
      "localhost",
      "<iq xmlns='jabber:client' type='get' id='p' to='localhost' from='a.localhost'><ping xmlns='urn:xmpp:ping'/></iq>",
    ),
  );
  await a.expect(
    "<route from='localhost' to='a.localhost'><iq xmlns='jabber:client' id='p' from='localhost' to='a.localhost' type='result'/></route>",
  );
});

test("the default route gets what has no other home, the log a copy of everything", async () => {
  const server = await serve();
  const fallback = await service(server, "default.localhost", "<default/>");
  const log = await service(server, "log.localhost", "<log/>");
  await log.play("S: <presence from='default.localhost'/>");
  await fallback.play("S: <presence from='log.localhost'/>");
  const juliet = await login(server, "juliet", "balcony");
  juliet.say("<message to='who@nowhere.test'/>");
  const stanza =
    "<message xmlns='jabber:client' to='who@nowhere.test' from='juliet@localhost/balcony'/>";
  await fallback.expect(`<route from='localhost' to='nowhere.test'>${stanza}</route>`);
  await log.expect(`<route from='localhost' to='nowhere.test' type='log'>${stanza}</route>`);
  await log.play(`
    C: <bind name='greedy.localhost'><default/></bind>
    S: <bind error='409'><default/></bind>
  `);
});

test("a broadcast reaches every other service", async () => {
  const server = await serve();
  const a = await service(server, "a.localhost");
  const b = await service(server, "b.localhost");
  await b.play("S: <presence from='a.localhost'/>");
  const envelope =
    "<route from='a.localhost' type='broadcast'><message xmlns='jabber:client'/></route>";
  a.say(envelope);
  await b.expect(envelope);
});

test("a name bound with multi is shared, each address always by the same holder", async () => {
  const server = await serve();
  const holders: RawClient[] = [];
  for (let index = 0; index < 2; index++) {
    const holder = await enter(server);
    await holder.play(`
      C: <bind name='shared.localhost' multi='to'/>
      S: <bind multi='to'/><presence from='localhost'/>
    `);
    holders.push(holder);
  }
  const juliet = await login(server, "juliet", "balcony");
  for (const to of ["a", "b", "a", "b"]) juliet.say(`<message to='${to}@shared.localhost'/>`);
  const heard = holders.map(async (holder) => {
    await holder.play(`
      S: <route …><message … to='{first}@shared.localhost' …/></route>
      S: <route …><message … to='{second}@shared.localhost' …/></route>
    `);
    expect(holder.notes.first).toBe(holder.notes.second);
  });
  await Promise.all(heard);
});
