import { expect, test } from "vitest";
import type { LoopbackOptions } from "../../../../src/testing/index.ts";
import { authenticate, login, serve } from "../scene.ts";
import { ERRORS, juliet, note, romeo, SM, STREAMS, serveManaged } from "./managed.ts";

const features = async (options: LoopbackOptions): Promise<string> => {
  const client = await authenticate(await serve(options), "juliet");
  return client.heard.slice(client.heard.lastIndexOf("<stream:features>"));
};

test("stream management is offered after the login, where the options say so", async () => {
  expect(await features({})).not.toContain(SM);
  expect(await features({ management: {} })).toContain(`<sm xmlns='${SM}'/></stream:features>`);
});

test("it is not offered before the login", async () => {
  const server = await serveManaged();
  const client = await authenticate(server, "juliet");
  expect(client.heard.indexOf(SM)).toBeGreaterThan(client.heard.indexOf("<success"));
});

test("a server without it ends the stream of a client that enables it", async () => {
  const client = await login(await serve(), "juliet", "balcony");
  await client.play(`
    C: <enable xmlns='${SM}' resume='true'/>
    S: <stream:error><unsupported-stanza-type xmlns='${STREAMS}'/></stream:error></stream:stream>
    S: (end)
  `);
});

test.each<[asked: string, management: LoopbackOptions["management"], answer: string]>([
  ["", {}, ""],
  [" resume='false'", {}, ""],
  [" resume='true'", {}, " id='{id}' resume='true' max='300'"],
  [" resume='1'", {}, " id='{id}' resume='true' max='300'"],
  [" resume='true'", { like: "prosody" }, " id='{id}' resume='true' max='600'"],
  [
    " resume='true' max='5'",
    { max: 60, location: "[::1]:5222" },
    " id='{id}' resume='true' max='60' location='[::1]:5222'",
  ],
])("<enable%s/> at a server with %j", async (asked, management, answer) => {
  const client = await login(await serveManaged(management), "juliet", "balcony");
  await client.play(`
    C: <enable xmlns='${SM}'${asked}/>
    S: <enabled xmlns='${SM}'${answer}/>
  `);
});

test.each([
  [`<enable xmlns='${SM}'/>`, "unexpected-request"],
  [`<r xmlns='${SM}'/>`, "unexpected-request"],
  [`<resume xmlns='${SM}' h='0'/>`, "bad-request"],
  [`<resume xmlns='${SM}' previd='x'/>`, "bad-request"],
  [`<resume xmlns='${SM}' previd='x' h='-1'/>`, "bad-request"],
  [`<resume xmlns='${SM}' previd='x' h='0'/>`, "item-not-found"],
])("before a resource is bound, %s fails with %s, and binding goes on", async (sent, condition) => {
  const client = await authenticate(await serveManaged(), "juliet");
  await client.play(`
    C: ${sent}
    S: <failed xmlns='${SM}'><${condition} xmlns='${ERRORS}'/></failed>
    C: <iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource></bind></iq>
    S: <iq id='b' type='result'>…</iq>
  `);
});

test("who fails five times to resume is sent away", async () => {
  const client = await authenticate(await serveManaged(), "juliet");
  for (let attempt = 0; attempt < 5; attempt++) {
    await client.play(`
      C: <resume xmlns='${SM}' previd='x' h='0'/>
      S: <failed …</failed>
    `);
  }
  await client.play(`
    S: <stream:error><policy-violation …</stream:error></stream:stream>
  `);
});

test.each([`<enable xmlns='${SM}'/>`, `<resume xmlns='${SM}' previd='x' h='0'/>`])(
  "once it is enabled, %s is not expected",
  async (sent) => {
    const { client } = await juliet(await serveManaged());
    await client.play(`
      C: ${sent}<r xmlns='${SM}'/>
      S: <failed xmlns='${SM}'><unexpected-request xmlns='${ERRORS}'/></failed><a xmlns='${SM}' h='0'/>
    `);
  },
);

test.each([`<r xmlns='${SM}'/>`, `<a xmlns='${SM}' h='0'/>`, `<enabled xmlns='${SM}'/>`])(
  "before it is enabled, %s ends the stream",
  async (sent) => {
    const client = await login(await serveManaged(), "juliet", "balcony");
    await client.play(`
      C: ${sent}
      S: <stream:error><unsupported-stanza-type xmlns='${STREAMS}'/></stream:error></stream:stream>
    `);
  },
);

test("messages, presences and iqs count, sound or not; nonzas and white space do not", async () => {
  const client = await login(await serveManaged(), "juliet", "balcony");
  await client.play(`
    C: <presence/><message to='juliet@localhost/balcony' id='uncounted'/>
    S: <presence …/><message … id='uncounted' …/>
    C: <enable xmlns='${SM}'/><r xmlns='${SM}'/>
    S: <enabled xmlns='${SM}'/><a xmlns='${SM}' h='0'/>
    C: <message to='romeo@localhost' type='headline'/><presence to='romeo@localhost'/>
    C: <r xmlns='${SM}'/>
    S: <a xmlns='${SM}' h='2'/>
    C: <iq type='get' id='unsound'/>
    S: <iq id='unsound' …</iq>
    C: <message to='@nowhere' type='error'/><iq xmlns='jabber:client' type='result' id='x'/>
    C: <r xmlns='${SM}'/><r xmlns='${SM}'/>
    S: <a xmlns='${SM}' h='5'/><a xmlns='${SM}' h='5'/>
  `);
});

test("the answers of the server count for the client's `h`, whoever gives them", async () => {
  const { client } = await juliet(await serveManaged());
  await client.play(`
    C: <iq type='get' id='unsound'/>
    S: <iq id='unsound' …</iq>
    C: <iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>
    S: <iq id='s' …/>
    C: <iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>
    S: <iq id='p' …/>
    C: <a xmlns='${SM}' h='3'/><r xmlns='${SM}'/>
    S: <a xmlns='${SM}' h='3'/>
    C: <a xmlns='${SM}' h='4'/>
    S: <stream:error><undefined-condition …</stream:error></stream:stream>
  `);
});

test("the server asks behind a stanza, with one question at a time", async () => {
  const server = await serveManaged({ asks: true });
  const { client } = await juliet(server);
  const sender = await romeo(server);
  sender.say(note("1") + note("2"));
  await client.play(`
    S: <message … id='1' …/><r xmlns='${SM}'/><message … id='2' …/>
    C: <a xmlns='${SM}' h='2'/><r xmlns='${SM}'/>
    S: <a xmlns='${SM}' h='0'/>
  `);
  sender.say(note("3"));
  await client.expect(`<message … id='3' …/><r xmlns='${SM}'/>`);
});

test("with `asks: false` it never asks", async () => {
  const server = await serveManaged({ asks: false });
  const { client } = await juliet(server);
  (await romeo(server)).say(note("1") + note("2"));
  await client.expect("<message … id='1' …/><message … id='2' …/>");
  client.say(`<r xmlns='${SM}'/>`);
  await client.expect(`<a xmlns='${SM}' h='0'/>`);
});

const TOO_MANY = "<undefined-condition";
test.each<[like: "prosody" | "ejabberd", first: number, second: string, error?: string]>([
  ["ejabberd", 0, "0"],
  ["ejabberd", 0, "2"],
  ["ejabberd", 2, "2"],
  ["ejabberd", 0, "3", TOO_MANY],
  ["ejabberd", 0, "", "<invalid-xml"],
  ["ejabberd", 0, "two", "<invalid-xml"],
  ["ejabberd", 0, "-1", "<invalid-xml"],
  ["ejabberd", 0, "4294967296", "<invalid-xml"],
  ["ejabberd", 2, "1"],
  ["ejabberd", 2, "4294967295"],
  ["prosody", 2, "2"],
  ["prosody", 0, "3", TOO_MANY],
  ["prosody", 2, "1", TOO_MANY],
])(
  "a server like %s that has sent two gets h=%d, then h='%s'",
  async (like, first, second, error) => {
    const server = await serveManaged({ like });
    const { client } = await juliet(server);
    (await romeo(server)).say(note("1") + note("2"));
    await client.expect("<message … id='1' …/><message … id='2' …/>");
    await client.play(`
    C: <a xmlns='${SM}' h='${first}'/><a xmlns='${SM}' h='${second}'/><r xmlns='${SM}'/>
    S: ${error === undefined ? `<a xmlns='${SM}' h='0'/>` : `<stream:error>${error} …</stream:error></stream:stream>`}
  `);
  },
);
