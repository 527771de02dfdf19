import { expect, test } from "vitest";
import { attach, CAST, dial, login, STREAM, serve, sha1 } from "../scene.ts";

const SECRET = CAST.components["echo.localhost"];
const header = (attributes = "to='echo.localhost'"): string =>
  `<stream:stream xmlns='jabber:component:accept' xmlns:stream='${STREAM}' ${attributes}>`;

test("a component shakes hands with a secret of any characters", async () => {
  const server = await serve();
  const component = await dial(server.ports.component);
  await component.play(`
    C: ${header()}
    S: <?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='${STREAM}' id='{id}' from='echo.localhost'>
  `);
  await component.play(`
    C: <handshake>${sha1(`${component.notes.id ?? ""}${SECRET}`)}</handshake>
    S: <handshake/>
    C: </stream:stream>
    S: </stream:stream>
  `);
  expect(await component.ended()).toBe("");
});

/** The headers of programs that claim XMPP 1.0 and do not know features: no version, and on they go. */
test.each([
  [
    "@xmpp/component 0.14",
    `<?xml version='1.0'?><stream:stream xmlns="jabber:component:accept" version="1.0" xmlns:stream="${STREAM}" to="echo.localhost">`,
    (digest: string) => `<handshake>${digest}</handshake>`,
  ],
  [
    "libstrophe 0.14",
    `<?xml version="1.0"?><stream:stream to="echo.localhost" xml:lang="en" version="1.0" xmlns="jabber:component:accept" xmlns:stream="${STREAM}">`,
    (digest: string) => `<handshake xmlns="jabber:component:accept">${digest}</handshake>`,
  ],
])("%s logs in: its version='1.0' brings no features", async (_, said, shake) => {
  const server = await serve();
  const component = await dial(server.ports.component);
  component.say(said);
  await component.expect(
    `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='${STREAM}' id='{id}' from='echo.localhost'>`,
  );
  // Features would have come with the header.
  expect(component.unread).toBe("");
  component.say(shake(sha1(`${component.notes.id ?? ""}${SECRET}`)));
  await component.play(`
    S: <handshake/>
    C: <message from='a@echo.localhost' to='b@echo.localhost'/>
    S: <message from='a@echo.localhost' to='b@echo.localhost'/>
  `);
});

test("STARTTLS is unknown there, whatever the version", async () => {
  const server = await serve();
  const component = await dial(server.ports.component);
  await component.play(`
    C: ${header("to='echo.localhost' version='1.0'")}
    S: <?xml …<stream:stream …>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <stream:error><not-authorized …</stream:error></stream:stream>
  `);
});

test("as on jabberd2 it gets features with version='1.0', may start TLS, and hears stanzas in jabber:client", async () => {
  const server = await serve({ componentPort: "jabberd2" });
  const component = await dial(server.ports.component);
  await component.play(`
    C: ${header("to='echo.localhost' version='1.0'")}
    S: <?xml … version='1.0' …><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
  `);
  await component.secure(server);
  await component.play(`
    C: ${header("to='echo.localhost' version='1.0'")}
    S: <?xml … id='{id}' …><stream:features/>
  `);
  await component.play(`
    C: <handshake>${sha1(`${component.notes.id ?? ""}${SECRET}`)}</handshake>
    S: <handshake/>
    C: <message from='a@echo.localhost' to='b@echo.localhost'><body>x</body></message>
    S: <message xmlns='jabber:client' from='a@echo.localhost' to='b@echo.localhost'><body>x</body></message>
  `);
});

test("as on jabberd2 it gets no features without a version, and hears stanzas in jabber:client", async () => {
  const server = await serve({ componentPort: "jabberd2" });
  const component = await attach(server);
  await component.play(`
    C: <message from='a@echo.localhost' to='b@echo.localhost'/>
    S: <message xmlns='jabber:client' from='a@echo.localhost' to='b@echo.localhost'/>
  `);
});

test.each([
  ["with features that say so", "to='echo.localhost' version='1.0'", "jabberd2"],
  ["and one that cannot know is told in the end", "to='echo.localhost'", "xep-0114"],
  [
    "and one that asks for features is told in the end",
    "to='echo.localhost' version='1.0'",
    "xep-0114",
  ],
] as const)(
  "where the server insists on TLS, a component must start it, %s",
  async (_, attributes, componentPort) => {
    const server = await serve({ starttls: "required", componentPort });
    const component = await dial(server.ports.component);
    await component.play(`
    C: ${header(attributes)}
    S: <?xml … id='{id}' …>
  `);
    const digest = sha1(`${component.notes.id ?? ""}${SECRET}`);
    await component.play(`
    C: <handshake>${digest}</handshake>
    S: …<stream:error><policy-violation …</stream:error></stream:stream>
  `);
  },
);

test.each([
  ["a wrong secret", "<handshake>00</handshake>", "not-authorized"],
  ["no handshake", "<message from='echo.localhost' to='localhost'/>", "not-authorized"],
])("%s ends the stream", async (_, said, condition) => {
  const server = await serve();
  const component = await dial(server.ports.component);
  await component.play(`
    C: ${header()}
    S: <?xml …<stream:stream …>
    C: ${said}
    S: <stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>
  `);
});

test.each([
  ["an unknown domain", header("to='other.localhost'"), "host-unknown"],
  ["no domain", header(""), "host-unknown"],
  [
    "a client's namespace",
    header().replace("jabber:component:accept", "jabber:client"),
    "invalid-namespace",
  ],
])("a header with %s is refused", async (_, said, condition) => {
  const server = await serve();
  const component = await dial(server.ports.component);
  await component.play(`
    C: ${said}
    S: <?xml …<stream:stream …><stream:error><${condition} …</stream:error></stream:stream>
  `);
});

test("a second connection of the name is refused, the first one stays", async () => {
  const server = await serve();
  const first = await attach(server);
  const second = await dial(server.ports.component);
  await second.play(`
    C: ${header()}
    S: <?xml … id='{id}' …>
  `);
  await second.play(`
    C: <handshake>${sha1(`${second.notes.id ?? ""}${SECRET}`)}</handshake>
    S: <stream:error><conflict …</stream:error></stream:stream>
  `);
  await first.play(`
    C: <message from='echo.localhost' to='echo.localhost'/>
    S: <message from='echo.localhost' to='echo.localhost'/>
  `);
});

test("its name is free again when it has gone", async () => {
  const server = await serve();
  const first = await attach(server);
  first.say("</stream:stream>");
  await first.ended();
  await attach(server);
});

test.each([
  ["no from", "<message to='juliet@localhost'/>", "improper-addressing"],
  ["no to", "<message from='echo.localhost'/>", "improper-addressing"],
  [
    "a forged from",
    "<message from='a@echo.localhost.evil' to='juliet@localhost'/>",
    "invalid-from",
  ],
  ["what is no stanza", "<foo/>", "unsupported-stanza-type"],
])("%s ends the stream", async (_, said, condition) => {
  const server = await serve();
  const component = await attach(server);
  await component.play(`
    C: ${said}
    S: <stream:error><${condition} …</stream:error></stream:stream>
  `);
});

test("stanzas are translated between it and a client, and payloads are left as they are", async () => {
  const server = await serve();
  const component = await attach(server);
  const juliet = await login(server, "juliet", "balcony");
  const forwarded =
    "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'/></forwarded>";
  await juliet.play(`
    C: <message to='bot@echo.localhost' type='chat'><body>hi</body>${forwarded}</message>
  `);
  await component.play(`
    S: <message to='bot@echo.localhost' type='chat' from='juliet@localhost/balcony'><body>hi</body>${forwarded}</message>
    C: <message xmlns='jabber:client' to='juliet@localhost' from='bot@echo.localhost'><body>in jabber:client</body></message>
    C: <message to='juliet@localhost' from='bot@echo.localhost'><body>in its own</body></message>
  `);
  await juliet.play(`
    S: <message to='juliet@localhost' from='bot@echo.localhost'><body>in jabber:client</body></message>
    S: <message to='juliet@localhost' from='bot@echo.localhost'><body>in its own</body></message>
  `);
});
