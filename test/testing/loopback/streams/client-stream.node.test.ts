import { describe, expect, test } from "vitest";
import { base64, clientHeader, dial, dialTls, login, serve, sha1 } from "../scene.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const plain = (username: string, password: string): string =>
  `<auth xmlns='${SASL}' mechanism='PLAIN'>${base64(`\0${username}\0${password}`)}</auth>`;

describe("a stream of XMPP 1.0", () => {
  test("goes through STARTTLS, PLAIN, bind and the optional session", async () => {
    const server = await serve();
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='{first}' from='localhost' version='1.0' xml:lang='en'>
      S: <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><mechanisms xmlns='${SASL}'><mechanism>SCRAM-SHA-512</mechanism>…<mechanism>PLAIN</mechanism></mechanisms><auth xmlns='http://jabber.org/features/iq-auth'/></stream:features>
      C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
      S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    `);
    await client.secure(server);
    expect(client.tls.getProtocol()).toBe("TLSv1.3");
    await client.play(`
      C: ${clientHeader()}
      S: <?xml version='1.0'?><stream:stream … id='{second}' …><stream:features><mechanisms xmlns='${SASL}'>…</stream:features>
      C: ${plain("juliet", "s3cret")}
      S: <success xmlns='${SASL}'/>
      C: ${clientHeader()}
      S: <?xml version='1.0'?><stream:stream … id='{third}' …>
      S: <stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session></stream:features>
      C: <iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource></bind></iq>
      S: <iq id='b' type='result'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>juliet@localhost/balcony</jid></bind></iq>
      C: <iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>
      S: <iq id='s' from='localhost' to='juliet@localhost/balcony' type='result'/>
      C: <presence/>
      S: <presence from='juliet@localhost/balcony' to='juliet@localhost/balcony'/>
      C: </stream:stream>
      S: </stream:stream>
    `);
    expect(await client.ended()).toBe("");
    const { first, second, third } = client.notes;
    expect(new Set([first, second, third]).size).toBe(3);
  });

  test("is TLS from the first byte on the other port, with ALPN for those who ask", async () => {
    const server = await serve();
    const client = await dialTls(server, "xmpp-client");
    expect(client.tls.alpnProtocol).toBe("xmpp-client");
    await client.play(`
      C: ${clientHeader()}
      S: <?xml version='1.0'?><stream:stream …><stream:features><mechanisms …</stream:features>
    `);
    const modest = await dialTls(server);
    expect(modest.tls.alpnProtocol).toBe(false);
  });

  test("gets a random resource if it asks for none", async () => {
    const server = await serve();
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml …</stream:features>
      C: ${plain("juliet", "s3cret")}
      S: <success …/>
      C: ${clientHeader()}
      S: <?xml …</stream:features>
      C: <iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>
      S: <iq id='b' type='result'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>juliet@localhost/{resource}</jid></bind></iq>
    `);
    expect(client.notes.resource).toMatch(/^[0-9a-f]{16}$/);
  });

  test("may try another password after a failure, five times", async () => {
    const server = await serve();
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml …</stream:features>
    `);
    for (let attempt = 0; attempt < 5; attempt++) {
      await client.play(`
        C: ${plain("juliet", "wrong")}
        S: <failure xmlns='${SASL}'><not-authorized/></failure>
      `);
    }
    await client.play("S: <stream:error><policy-violation …</stream:error></stream:stream>");
  });

  test("is refused a resource in use, and may ask for another", async () => {
    const server = await serve();
    await login(server, "juliet", "balcony");
    const second = await dial(server.ports.client);
    await second.play(`
      C: ${clientHeader()}
      S: <?xml …</stream:features>
      C: ${plain("juliet", "s3cret")}
      S: <success …/>
      C: ${clientHeader()}
      S: <?xml …</stream:features>
      C: <iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource></bind></iq>
      S: <iq id='b' type='error'><error type='cancel' code='409'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>
      C: <iq type='set' id='c'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>garden</resource></bind></iq>
      S: <iq id='c' type='result'>…<jid>juliet@localhost/garden</jid></bind></iq>
    `);
  });

  test("takes the resource from its holder where the server is told to replace", async () => {
    const server = await serve({ conflict: "replace" });
    const first = await login(server, "juliet", "balcony");
    const second = await login(server, "juliet", "balcony");
    await first.play("S: <stream:error><conflict …</stream:error></stream:stream>");
    await first.ended();
    await second.play(`
      C: <message to='juliet@localhost/balcony'><body>still here</body></message>
      S: <message … from='juliet@localhost/balcony'><body>still here</body></message>
    `);
  });

  test("must open a session first where the server insists on one", async () => {
    const server = await serve({ session: "required" });
    const lazy = await login(server, "juliet", "lazy");
    await lazy.play(`
      C: <presence/>
      S: <stream:error><not-authorized …</stream:error></stream:stream>
    `);
    const diligent = await login(server, "juliet", "diligent");
    await diligent.play(`
      C: <iq type='set' id='s' to='localhost'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>
      S: <iq id='s' from='localhost' type='result'/>
      C: <presence/>
      S: <presence …/>
    `);
  });

  test("leaves its resource free if it goes before the session is open", async () => {
    const server = await serve({ session: "required" });
    const first = await login(server, "juliet", "balcony");
    first.say("</stream:stream>");
    await first.ended();
    await login(server, "juliet", "balcony");
  });

  test("is not offered a session where there is none", async () => {
    const server = await serve({ session: "none" });
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml …</stream:features>
      C: ${plain("juliet", "s3cret")}
      S: <success …/>
      C: ${clientHeader()}
      S: <?xml …><stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>
    `);
  });

  test("must start TLS first where the server insists on it", async () => {
    const server = await serve({ starttls: "required" });
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml …><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>
      C: ${plain("juliet", "s3cret")}
      S: <stream:error><policy-violation …</stream:error></stream:stream>
    `);
  });

  test("is refused STARTTLS where there is none", async () => {
    const server = await serve({ starttls: "none" });
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml …><stream:features><mechanisms …</stream:features>
      C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
      S: <failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>
    `);
  });

  test("ends when something stands in clear behind <starttls/>", async () => {
    const server = await serve();
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml …</stream:features>
      C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><presence/>
      S: <proceed …/><stream:error><not-authorized …</stream:error></stream:stream>
    `);
  });
});

describe("a stream from before XMPP 1.0", () => {
  const FIELDS = "<username/><resource/><password/><digest/>";

  test("gets a header without version, no features, and logs in with a digest", async () => {
    const server = await serve();
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader("")}
      S: <?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='{id}' from='localhost'>
      C: <iq type='get' id='g'><query xmlns='jabber:iq:auth'><username>juliet</username></query></iq>
      S: <iq id='g' type='result'><query xmlns='jabber:iq:auth'>${FIELDS}</query></iq>
    `);
    const digest = sha1(`${client.notes.id ?? ""}s3cret`);
    await client.play(`
      C: <iq type='set' id='a'><query xmlns='jabber:iq:auth'><username>juliet</username><digest>${digest}</digest><resource>old</resource></query></iq>
      S: <iq id='a' type='result'/>
      C: <presence/>
      S: <presence from='juliet@localhost/old' to='juliet@localhost/old'/>
    `);
  });

  test("logs in with the password in plain text", async () => {
    const server = await serve();
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader("")}
      S: <?xml …<stream:stream …>
      C: <iq type='set' id='a'><query xmlns='jabber:iq:auth'><username>juliet</username><password>s3cret</password><resource>old</resource></query></iq>
      S: <iq id='a' type='result'/>
    `);
  });

  test.each([
    [
      "<username>juliet</username><password>wrong</password><resource>r</resource>",
      "not-authorized",
    ],
    [
      "<username>nobody</username><password>s3cret</password><resource>r</resource>",
      "not-authorized",
    ],
    ["<username>juliet</username><digest>00</digest><resource>r</resource>", "not-authorized"],
    ["<username>juliet</username><resource>r</resource>", "not-authorized"],
    ["<username>juliet</username><password>s3cret</password>", "not-acceptable"],
    [
      "<username>juliet</username><password>s3cret</password><resource>balcony</resource>",
      "conflict",
    ],
  ])("%s is answered with %s", async (fields, condition) => {
    const server = await serve();
    await login(server, "juliet", "balcony");
    const client = await dial(server.ports.client);
    await client.play(`
      C: ${clientHeader("")}
      S: <?xml …<stream:stream …>
      C: <iq type='set' id='a'><query xmlns='jabber:iq:auth'>${fields}</query></iq>
      S: <iq id='a' type='error'><error …><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>
    `);
  });

  test("works over direct TLS, and on a stream of version 1.0", async () => {
    const server = await serve();
    const client = await dialTls(server);
    await client.play(`
      C: ${clientHeader()}
      S: <?xml … id='{id}' …</stream:features>
    `);
    const digest = sha1(`${client.notes.id ?? ""}s3cret`);
    await client.play(`
      C: <iq type='set' id='a'><query xmlns='jabber:iq:auth'><username>juliet</username><digest>${digest}</digest><resource>old</resource></query></iq>
      S: <iq id='a' type='result'/>
    `);
  });
});

describe("a stream that breaks the rules ends with the condition that says so", () => {
  test.each([
    [
      "another namespace",
      clientHeader().replace("jabber:client", "jabber:server"),
      "invalid-namespace",
    ],
    ["another domain", clientHeader("version='1.0'", "elsewhere.test"), "host-unknown"],
    ["a stanza before the login", `${clientHeader()}<presence/>`, "not-authorized"],
    ["an element of another root", "<foo>", "invalid-namespace"],
    ["no XML", "GET / HTTP/1.1", "not-well-formed"],
    ["a comment", `${clientHeader()}<!-- -->`, "restricted-xml"],
    [
      "a huge stanza before the login",
      `${clientHeader()}<a>${"x".repeat(70_000)}`,
      "policy-violation",
    ],
  ])("%s", async (_, said, condition) => {
    const server = await serve();
    const client = await dial(server.ports.client);
    client.say(said);
    await client.expect("<?xml …<stream:stream …>");
    expect(await client.ended()).toContain(
      `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>`,
    );
  });

  test.each([
    ["a foreign from", "<message from='romeo@localhost'/>", "invalid-from"],
    ["what is no stanza", "<handshake/>", "unsupported-stanza-type"],
    [
      "a stanza of another namespace",
      "<message xmlns='jabber:server'/>",
      "unsupported-stanza-type",
    ],
    ["text between stanzas", "hello", "invalid-xml"],
  ])("%s, once ready", async (_, said, condition) => {
    const server = await serve();
    const client = await login(server, "juliet", "balcony");
    client.say(said);
    expect(await client.ended()).toContain(`<stream:error><${condition} `);
  });
});

describe("a roster", () => {
  const asked = (to = "", id = "r"): string =>
    `C: <iq type='get' id='${id}'${to}><query xmlns='jabber:iq:roster'/></iq>`;
  const rosters = {
    juliet: [
      "romeo@localhost",
      { jid: "☃@winter.example", name: "Snow & ice", subscription: "none", groups: ["a", "b"] },
    ],
  } as const;

  test.each(["", " to='juliet@localhost'", " to='JULIET@localhost'"])(
    "is what the options say, for a request %j of one's own",
    async (to) => {
      const server = await serve({ rosters });
      const juliet = await login(server, "juliet", "balcony");
      await juliet.play(`
        ${asked(to)}
        S: <iq id='r' …to='juliet@localhost/balcony' type='result'><query xmlns='jabber:iq:roster'>
           <item jid='romeo@localhost' subscription='both'/>
           <item jid='☃@winter.example' name='Snow &amp; ice' subscription='none'>
           <group>a</group><group>b</group></item></query></iq>
      `);
    },
  );

  test("is empty for a user that the option does not name", async () => {
    const server = await serve({ rosters });
    const romeo = await login(server, "romeo", "garden");
    await romeo.play(`
      ${asked()}
      S: <iq id='r' to='romeo@localhost/garden' type='result'><query xmlns='jabber:iq:roster'/></iq>
    `);
  });

  test.each([
    ["of somebody else", { rosters }, asked(" to='romeo@localhost'")],
    ["that is to be changed", { rosters }, asked().replace("get", "set")],
    ["where the option is not given", {}, asked()],
  ])("%s is not to be had", async (_, options, line) => {
    const server = await serve(options);
    const juliet = await login(server, "juliet", "balcony");
    await juliet.play(`
      ${line}
      S: <iq id='r' …type='error'><error …><service-unavailable …</iq>
    `);
  });
});
