import { expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { bind } from "../../src/negotiate/bind.ts";
import { featuresOf, open } from "../../src/negotiate/open.ts";
import { attempt } from "../dialect/attempt.ts";

const BIND = "urn:ietf:params:xml:ns:xmpp-bind";

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>`;

const onlyBind: Dialect = {
  name: "only-bind",
  domain: "example.org",
  contentNamespace: "jabber:client",
  version: "1.0",
  ports: { plain: 5222 },
  tls: "plaintext",
  async negotiate(session) {
    const features = await featuresOf(session, await open(session));
    const wanted = { local: "user", domain: "example.org", resource: "balcony" };
    return { jid: (await bind(session, features, wanted)).full };
  },
};

const opening = (features: string): string => `
  C: <stream:stream …>
  S: ${HEADER}<stream:features>${features}</stream:features>`;

test("a server that offers no binding breaks the protocol", async () => {
  const { error, events } = await attempt(onlyBind, opening(""));
  expect(error?.code).toBe("PROTOCOL_ERROR");
  expect(events.join(" ")).not.toContain("bind:start");
});

const result = `<bind xmlns='${BIND}'><jid>user@example.org/balcony</jid></bind>`;

test.each([
  ["an answer to something else", `<iq type='result' id='x'>${result}</iq>`, "TIMEOUT_BIND"],
  ["a request with our id", `<iq type='set' id='{id}'>${result}</iq>`, "TIMEOUT_BIND"],
  ["a message with our id", `<message type='result' id='{id}'>${result}</message>`, "TIMEOUT_BIND"],
  ["a result without an address", "<iq type='result' id='{id}'/>", "PROTOCOL_ERROR"],
  [
    "a result of another namespace",
    `<iq type='result' id='{id}'><bind><jid>user@example.org/balcony</jid></bind></iq>`,
    "PROTOCOL_ERROR",
  ],
  ["an error that says nothing", "<iq type='error' id='{id}'/>", "BIND_FAILED"],
])("%s binds nothing", async (_, answer, code) => {
  const { error, events } = await attempt(
    onlyBind,
    `${opening(`<bind xmlns='${BIND}'/>`)}
    C: <iq type='set' id='{id}'>…</iq>
    S: ${answer}`,
    { wait: (clock) => clock.pass(15_000) },
  );
  expect(error?.code).toBe(code);
  expect(events).toContain(`bind:failure ${code}`);
});

/** The dialect that wants an account, and what comes of the address that the server binds. */
const binding = (local: string | undefined, domain: string, jid: string) =>
  attempt(
    {
      ...onlyBind,
      async negotiate(session) {
        const wanted = { local, domain, resource: "r" };
        return {
          jid: (await bind(session, await featuresOf(session, await open(session)), wanted)).full,
        };
      },
    },
    `${opening(`<bind xmlns='${BIND}'/>`)}
    C: <iq type='set' id='{id}'>…</iq>
    S: <iq type='result' id='{id}'><bind xmlns='${BIND}'><jid>${jid}</jid></bind></iq>`,
  );

// Prosody binds what nodeprep gives, jabberd2 sometimes, ejabberd what the client has called itself.
test.each<[local: string | undefined, jid: string, full?: string]>([
  ["gro\u00df", "gross@x/r"],
  ["gro\u00df", "gro\u00df@x/r"],
  ["\u03bd\u03af\u03ba\u03bf\u03c2", "\u03bd\u03af\u03ba\u03bf\u03c3@x/r"],
  ["\ufb01n", "fin@x/r"],
  ["\ufb01n", "\ufb01n@x/r"],
  ["x\u00b2", "x2@x/r"],
  ["\u2603", "\u2603@x/\u2764"],
  ["juliet", "Juliet@X/r", "juliet@x/r"],
  [undefined, "\u2603@x/r"],
  ["juliet", "\n  juliet@x/r\n  ", "juliet@x/r"],
  ["juliet", "juliet@x/r "],
])("%j may be bound as %j", async (local, jid, full = jid) => {
  const { broker, ready, events } = await binding(local, "x", jid);
  expect(ready?.jid).toBe(full);
  expect(events).toContain(`bind:success ${full}`);
  broker.halt();
});

test.each<[local: string, jid: string, code: string]>([
  ["gro\u00df", "gros@x/r", "BIND_FAILED"],
  ["gro\u00df", "gross@y/r", "BIND_FAILED"],
  ["\u1e9e", "ss@x/r", "BIND_FAILED"],
  ["\u2603", "\u2604@x/r", "BIND_FAILED"],
  ["juliet", "x/r", "BIND_FAILED"],
  ["juliet", "juliet@x", "PROTOCOL_ERROR"],
  ["juliet", "jul iet@x/r", "PROTOCOL_ERROR"],
])("%j must not be bound as %j", async (local, jid, code) => {
  const { error } = await binding(local, "x", jid);
  expect(error?.code).toBe(code);
});
