import { expect, test } from "vitest";
import { redact, type Secrecy, type TraceEntry, traceLine } from "../../src/contract/trace.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import { xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { bare, line } from "../broker/line.ts";
import { told } from "../told.ts";

test.each([
  "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>SECRET</auth>",
  "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>SECRET</response>",
  "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>SECRET</challenge>",
  "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>SECRET</success>",
  "<handshake xmlns='jabber:component:accept'>SECRET</handshake>",
  "<handshake>SECRET</handshake>",
  "<iq><query xmlns='jabber:iq:auth'><username>me</username><password>SECRET</password></query></iq>",
  "<iq><query xmlns='jabber:iq:auth'><digest>SECRET</digest></query></iq>",
  "<iq><query xmlns='jabber:iq:register'><password>SECRET</password></query></iq>",
  "<message><x xmlns='urn:x'><token xmlns='urn:xmpp:fast:0'>SECRET</token></x></message>",
  "<success xmlns='urn:xmpp:sasl:2'><token xmlns='urn:xmpp:fast:0' expiry='2030-01-01T00:00:00Z' token='SECRET'/></success>",
  "<message><x xmlns='jabber:x:conference' jid='a@b' password='SECRET'/></message>",
  "<iq><services xmlns='urn:xmpp:extdisco:2'><service host='a' username='u' password='SECRET'/></services></iq>",
  "<iq><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='8hhy' pwd='SECRET'/></iq>",
  "<iq><x xmlns='jabber:x:data'><field type='text-private' var='pin'><value>SECRET</value></field></x></iq>",
  "<iq><x xmlns='jabber:x:data' type='submit'><field var='password'><value>SECRET</value></field></x></iq>",
  "<iq><x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_roomsecret'><value>SECRET</value></field></x></iq>",
  "<message><headers xmlns='http://jabber.org/protocol/shim'><header name='Authorization'>SECRET</header></headers></message>",
  "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://a'><header name='Authorization'>Basic SECRET</header></put></slot></iq>",
  "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://a'><header name='cookie'>SECRET</header></put></slot></iq>",
  "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://a/b?v=SECRET'/><get url='https://a/b'/></slot></iq>",
  "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://a/b'/><get url='https://a/b?SECRET'/></slot></iq>",
  "<iq><slot xmlns='urn:xmpp:http:upload'><put>https://a/b?v=SECRET</put><get>https://a/b</get></slot></iq>",
  "<iq><resp xmlns='urn:xmpp:http'><headers xmlns='http://jabber.org/protocol/shim'><header name='Set-Cookie'>SECRET</header></headers></resp></iq>",
])("%s is redacted", (text) => {
  const element = parse(text);
  expect(String(redact(element))).not.toContain("SECRET");
  expect(String(redact(element))).toContain("[redacted]");
  expect(String(element)).toContain("SECRET");
});

test.each(["PLAIN", "OAUTHBEARER", "jabber:iq:auth", "ticket"])(
  "a server that repeats the secret of %s while it refuses it does not bring it into the trace or the error",
  async (mechanism) => {
    const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
    const errors = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
    for (const said of [
      `<failure ${sasl}><not-authorized/><text>SECRET is wrong</text></failure>`,
      "<iq type='error' id='1'><error code='401'>SECRET is wrong</error></iq>",
      `<stream:error><not-authorized ${errors}/><text ${errors}>SECRET is wrong</text></stream:error>`,
      `<stream:error><policy-violation ${errors}/><text ${errors}>SECRET is wrong</text></stream:error>`,
    ]) {
      const traced: string[] = [];
      const made = line({
        trace: ({ text }) => traced.push(text),
        dialect: {
          ...bare,
          async negotiate(session) {
            await session.open();
            session.report("auth:start", { mechanism });
            try {
              await session.next();
            } catch (cause) {
              // A dialect may wrap what it is told: it is told no secret either.
              throw new AuthError(mechanism, { condition: "not-authorized", cause });
            }
            throw new AuthError(mechanism, { condition: "not-authorized" });
          },
        },
      });
      made.broker.on("auth:start", () => {
        made.server.say(said);
      });
      const error: unknown = await made.broker.connect().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "AUTH_FAILED", condition: "not-authorized" });
      expect(told(error)).not.toContain("SECRET");
      expect(traced.join()).toContain("[redacted]");
      expect(traced.join()).not.toContain("SECRET");
    }
  },
);

test("a dialect whose mechanism reveals nothing says so, and the server keeps its words", async () => {
  const errors = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
  const made = line({
    dialect: {
      ...bare,
      async negotiate(session) {
        await session.open();
        session.report("auth:start", { mechanism: "handshake" }, { reveals: false });
        await session.next();
        return { jid: "me@example.org/here" };
      },
    },
  });
  made.broker.on("auth:start", (payload) => {
    expect(payload).toEqual({ mechanism: "handshake" });
    made.server.say(
      `<stream:error><not-authorized ${errors}/><text ${errors}>no such name</text></stream:error>`,
    );
  });
  const error: unknown = await made.broker.connect().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "AUTH_FAILED", cause: { text: "no such name" } });
});

test("an element that is built has its secrets hidden as one that was parsed has", () => {
  const value = xml("value", {}, "SECRET");
  const form = xml("x", { xmlns: "jabber:x:data" }, xml("field", { type: "text-private" }, value));
  expect(String(redact(xml("iq", {}, form)))).not.toContain("SECRET");
  expect(String(form)).toContain("SECRET");
});

test.each([
  "<message><body>hello</body></message>",
  "<iq><x xmlns='jabber:x:data'><field type='text-single' var='nick'><value>hello</value></field></x></iq>",
  "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://a'><header name='Expires'>hello</header></put></slot></iq>",
  "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://a/hello'/><get url='https://a/hello'/></slot></iq>",
  "<message><put xmlns='urn:x' url='https://a/b?hello'/></message>",
  "<message><field type='text-private'>hello</field></message>",
])("%s holds no secret and is not copied", (text) => {
  const element = parse(text);
  expect(redact(element)).toBe(element);
});

const PASSWORD = "pencil";

test.each<[Secrecy, string, boolean]>([
  ["none", "<iq type='error'><error><text>pencil</text></error></iq>", false],
  ["all", "<welcome>pencil</welcome>", true],
  ["errors", "<iq type='error'><error><text>pencil</text></error></iq>", true],
  ["errors", "<message type='error'><body>pencil</body></message>", true],
  ["errors", "<failure xmlns='urn:x'><text>pencil</text></failure>", true],
  ["errors", "<error xmlns='http://etherx.jabber.org/streams'><text>pencil</text></error>", true],
  ["errors", "<message><body>pencil</body></message>", false],
  [
    { secret: PASSWORD },
    "<error xmlns='http://etherx.jabber.org/streams'><text>a pencil</text></error>",
    true,
  ],
  [
    { secret: "crayon" },
    "<error xmlns='http://etherx.jabber.org/streams'><text>a pencil</text></error>",
    false,
  ],
  [{ secret: PASSWORD }, "<iq type='error'><error><text>pencil</text></error></iq>", true],
  [{ secret: PASSWORD }, "<message type='error'><body>a pencil</body></message>", true],
  [{ secret: PASSWORD }, "<message><body>a pencil</body></message>", false],
])("with the secrecy %j, the text in %s is hidden: %s", (secrecy, text, hidden) => {
  expect(String(redact(parse(text), secrecy)).includes(PASSWORD)).toBe(!hidden);
});

const telling: Dialect = {
  ...bare,
  async negotiate(session) {
    await session.open();
    session.send(xml("auth", { xmlns: "urn:ietf:params:xml:ns:xmpp-sasl" }, "SECRET"));
    return { jid: "me@example.org/here" };
  },
};

test("the trace tells everything that goes over the wire, without secrets unless they are asked for", async () => {
  for (const secrets of [false, true]) {
    const entries: TraceEntry[] = [];
    const to = (entry: TraceEntry) => entries.push(entry);
    const made = line({ dialect: telling, trace: secrets ? { to, secrets } : to });
    const { broker } = made;
    await broker.connect();
    broker.send(xml("message", { id: "out" }));
    made.server.say("<message id='in'/>");
    await broker.waitFor("/message");
    made.server.say("</stream:stream>");
    await broker.closed;
    const text = entries.map((entry) => `${entry.direction} ${entry.text}`).join("\n");
    for (const expected of [
      "event connect",
      "out <stream:stream",
      "in <stream:stream id='s1'",
      "event ready",
      "out <message id='out'",
      "in <message id='in'/>",
      "in </stream:stream>",
      "out </stream:stream>",
      "event socket:close",
    ]) {
      expect(text).toContain(expected);
    }
    expect(text.includes("SECRET")).toBe(secrets);
  }
});

test.each([
  ["<a>\u009b31m\u009d\u007f\u202e</a>", "<a>\\u009b31m\\u009d\\u007f\\u202e</a>"],
  ["<a>\n2026-11-26T12:00:00.000Z S: <b/></a>", "<a>\n    2026-11-26T12:00:00.000Z S: <b/></a>"],
])("the line of an entry that says %j shows %j", (text, shown) => {
  const line = traceLine({ at: Date.UTC(2026, 10, 26, 12), direction: "in", text });
  expect(line).toBe(`2026-11-26T12:00:00.000Z S: ${shown}\n`);
});

test("a listener of trace is enough, and a target that throws stops nothing", async () => {
  const { broker, events } = line({
    trace: () => {
      throw new TypeError("disk full");
    },
  });
  let count = 0;
  broker.on("trace", () => count++);
  await broker.connect();
  expect(count).toBeGreaterThan(3);
  expect(events.some(([name]) => name === "error")).toBe(true);
  broker.halt();
});
