import { expect, test } from "vitest";
import type { TraceEntry } from "../../src/contract/trace.ts";
import { redact } from "../../src/contract/trace.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import { xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { bare, line } from "../broker/line.ts";

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
])("%s is redacted", (text) => {
  const element = parse(text);
  expect(String(redact(element))).not.toContain("SECRET");
  expect(String(redact(element))).toContain("[redacted]");
  expect(String(element)).toContain("SECRET");
});

test("a server that repeats the password while it refuses it does not bring it into the trace or the error", async () => {
  const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  const errors = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'";
  for (const said of [
    `<failure ${sasl}><not-authorized/><text>SECRET is wrong</text></failure>`,
    "<iq type='error' id='1'><error code='401'>SECRET is wrong</error></iq>",
    `<stream:error><not-authorized ${errors}/><text ${errors}>SECRET is wrong</text></stream:error>`,
  ]) {
    const traced: string[] = [];
    const made = line({
      trace: ({ text }) => traced.push(text),
      dialect: {
        ...bare,
        async negotiate(session) {
          await session.open();
          session.report("auth:start", { mechanism: "PLAIN" });
          await session.next();
          throw new AuthError("PLAIN", { condition: "not-authorized" });
        },
      },
    });
    made.broker.on("auth:start", () => {
      made.server.say(said);
    });
    const error: unknown = await made.broker.connect().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "AUTH_FAILED", condition: "not-authorized" });
    expect(inspected(error)).not.toContain("SECRET");
    expect(traced.join()).toContain("[redacted]");
    expect(traced.join()).not.toContain("SECRET");
  }
});

/** All that an error and its causes say. */
function inspected(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return `${error.message} ${JSON.stringify(error)} ${inspected(error.cause)}`;
}

test("what holds no secret is not copied", () => {
  const element = xml("message", {}, xml("body", {}, "hello"));
  expect(redact(element)).toBe(element);
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
