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
    { timeouts: { bind: 100 } },
  );
  expect(error?.code).toBe(code);
  expect(events).toContain(`bind:failure ${code}`);
});
