import { expect, test } from "vitest";
import { attach, login, serve } from "../scene.ts";

const PING = "<ping xmlns='urn:xmpp:ping'/>";
const UNAVAILABLE =
  "<error type='cancel' code='503'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

test("a full address reaches that client, with the sender's address stamped on", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const romeo = await login(server, "romeo", "garden");
  juliet.say("<iq to='romeo@localhost/garden' type='get' id='q'><query xmlns='urn:q'/></iq>");
  await romeo.play(`
    S: <iq to='romeo@localhost/garden' type='get' id='q' from='juliet@localhost/balcony'><query xmlns='urn:q'/></iq>
    C: <iq to='juliet@localhost/balcony' type='result' id='q'/>
  `);
  await juliet.play(
    "S: <iq to='juliet@localhost/balcony' type='result' id='q' from='romeo@localhost/garden'/>",
  );
});

test("a bare address reaches the client of the highest priority, none of a negative one", async () => {
  const server = await serve();
  const low = await login(server, "juliet", "low");
  const high = await login(server, "juliet", "high");
  const never = await login(server, "juliet", "never");
  low.say("<presence><priority>1</priority></presence>");
  await low.expect("<presence …</presence>");
  high.say("<presence><priority>5</priority></presence>");
  await high.expect("<presence …</presence>");
  never.say("<presence><priority>-1</priority></presence>");
  await never.expect("<presence …</presence>");
  const romeo = await login(server, "romeo", "garden");
  romeo.say("<message to='juliet@localhost' id='1'/>");
  await high.expect(
    "<presence from='juliet@localhost/never' …</presence><message to='juliet@localhost' id='1' …/>",
  );
  high.say("<presence type='unavailable'/>");
  await high.expect("<presence …type='unavailable' …/>");
  romeo.say("<message to='juliet@localhost/gone' id='2'/>");
  await low.expect("…<message to='juliet@localhost/gone' id='2' …/>");
  low.say("</stream:stream>");
  await low.ended();
  await romeo.play(`
    C: <message to='juliet@localhost' id='3'/>
    S: <message id='3' from='juliet@localhost' to='romeo@localhost/garden' type='error'>${UNAVAILABLE}</message>
  `);
});

test("a client that has sent no presence gets what no available one can", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: <message to='juliet@localhost'><body>to myself</body></message>
    S: <message to='juliet@localhost' from='juliet@localhost/balcony'><body>to myself</body></message>
    C: <message><body>to my account</body></message>
    S: <message from='juliet@localhost/balcony' to='juliet@localhost'><body>to my account</body></message>
  `);
});

test.each([
  [
    "an iq to a client that is not there",
    "<iq type='get' id='i' to='romeo@localhost/x'><q xmlns='u'/></iq>",
    "iq",
  ],
  ["an iq to an account", "<iq type='set' id='i' to='romeo@localhost'><q xmlns='u'/></iq>", "iq"],
  ["an iq to the server", "<iq type='get' id='i' to='localhost'><q xmlns='u'/></iq>", "iq"],
  [
    "an iq to an unknown domain",
    "<iq type='get' id='i' to='nowhere.test'><q xmlns='u'/></iq>",
    "iq",
  ],
  [
    "an iq to a component that is not there",
    "<iq type='get' id='i' to='echo.localhost'><q xmlns='u'/></iq>",
    "iq",
  ],
  ["a message to an unknown account", "<message id='i' to='nobody@localhost'/>", "message"],
  ["a message to the server", "<message id='i' to='localhost'/>", "message"],
  [
    "a room's message to nobody",
    "<message type='groupchat' id='i' to='romeo@localhost/x'/>",
    "message",
  ],
])("%s is answered with service-unavailable", async (_, said, name) => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: ${said}
    S: <${name} id='i' from='…' to='juliet@localhost/balcony' type='error'>${UNAVAILABLE}</${name}>
  `);
});

test.each([
  ["an error", "<message type='error' id='i' to='nobody@localhost'/>"],
  ["a result", "<iq type='result' id='i' to='nowhere.test'/>"],
  ["a presence", "<presence to='nowhere.test'/>"],
  ["a subscription", "<presence type='subscribe' to='nobody@localhost'/>"],
  ["a headline", "<message type='headline' to='nobody@localhost'/>"],
])("%s that has no home is answered with nothing", async (_, said) => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: ${said}
    C: <iq type='get' id='p' to='localhost'>${PING}</iq>
    S: <iq id='p' from='localhost' to='juliet@localhost/balcony' type='result'/>
  `);
});

test("the server answers a ping, also one to the own account, and says what it is", async () => {
  const server = await serve();
  await attach(server);
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: <iq type='get' id='1'>${PING}</iq>
    S: <iq id='1' from='juliet@localhost' to='juliet@localhost/balcony' type='result'/>
    C: <iq type='get' id='2' to='LOCALHOST'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>
    S: <iq id='2' …><query xmlns='http://jabber.org/protocol/disco#info'><identity category='server' type='im' …/>…<feature var='urn:xmpp:ping'/></query></iq>
    C: <iq type='get' id='3' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>
    S: <iq id='3' …><query xmlns='http://jabber.org/protocol/disco#items'><item jid='echo.localhost'/></query></iq>
    C: <iq type='get' id='4'><query xmlns='jabber:iq:roster'/></iq>
    S: <iq id='4' from='juliet@localhost' to='juliet@localhost/balcony' type='error'>${UNAVAILABLE}</iq>
  `);
});

test.each([
  ["no id", "<iq type='get'><q xmlns='u'/></iq>"],
  ["an unknown type", "<iq type='ask' id='i'><q xmlns='u'/></iq>"],
  ["two payloads", "<iq type='get' id='i'><q xmlns='u'/><q xmlns='v'/></iq>"],
  ["no payload", "<iq type='set' id='i'/>"],
])("an iq with %s is answered with bad-request", async (_, said) => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: ${said}
    S: <iq …><error type='modify' code='400'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>
  `);
});

test("an address that is none is answered with jid-malformed", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: <message to='@'/>
    S: <message from='@' to='juliet@localhost/balcony' type='error'><error …><jid-malformed …/></error></message>
  `);
});

test("a client's end is told to its other available resources", async () => {
  const server = await serve();
  const stays = await login(server, "juliet", "stays");
  const goes = await login(server, "juliet", "goes");
  stays.say("<presence/>");
  await stays.expect("<presence …/>");
  goes.say("<presence/>");
  await stays.expect("<presence from='juliet@localhost/goes' to='juliet@localhost/stays'/>");
  goes.cut();
  await stays.expect("<presence …type='unavailable' from='juliet@localhost/goes' …/>");
});

test("many clients exchange messages at the same time, in order", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const romeo = await login(server, "romeo", "garden");
  for (let index = 0; index < 300; index++) {
    juliet.say(`<message to='romeo@localhost/garden' id='${index}'/>`);
    romeo.say(`<message to='juliet@localhost/balcony' id='${index}'/>`);
  }
  for (const client of [juliet, romeo]) {
    for (let index = 0; index < 300; index++) await client.expect(`<message … id='${index}' …/>`);
    expect(client.unread).toBe("");
  }
});
