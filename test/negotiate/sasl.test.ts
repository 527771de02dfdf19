import { expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { featuresOf, open } from "../../src/negotiate/open.ts";
import { authenticate, type Credentials } from "../../src/negotiate/sasl.ts";
import { attempt } from "../dialect/attempt.ts";

const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>`;

const offering = (...names: string[]): string => `
  C: <stream:stream …>
  S: ${HEADER}<stream:features><mechanisms xmlns='${SASL}'>
     ${names.map((name) => `<mechanism>${name}</mechanism>`).join("")}</mechanisms></stream:features>`;

/** A dialect that does nothing but authenticate; its address is the mechanism that did it. */
function only(credentials: Partial<Credentials>): Dialect {
  return {
    name: "only-sasl",
    domain: "example.org",
    contentNamespace: "jabber:client",
    version: "1.0",
    ports: { plain: 5222 },
    tls: "direct",
    async negotiate(login) {
      const features = featuresOf(await open(login));
      const mechanism = await authenticate(login, features, {
        username: "user",
        password: "pencil",
        authzid: undefined,
        domain: "example.org",
        digestUri: "xmpp/example.org",
        mechanisms: undefined,
        ...credentials,
      });
      return { jid: mechanism.toLowerCase() };
    },
  };
}

test("the mechanism that let us in is told", async () => {
  const { ready, broker } = await attempt(
    only({}),
    `${offering("PLAIN")}
    C: <auth xmlns='${SASL}' mechanism='PLAIN'>…</auth>
    S: <success xmlns='${SASL}'/>`,
  );
  expect(ready?.jid).toBe("plain");
  broker.halt();
});

test("a mechanism that needs a password fails without one", async () => {
  const { error } = await attempt(only({ password: undefined }), offering("PLAIN"));
  expect(error).toMatchObject({ code: "AUTH_FAILED", mechanism: "PLAIN", condition: undefined });
});

test("a second mechanism does not ask for the password again", async () => {
  let asked = 0;
  const password = (): string => {
    asked++;
    return "pencil";
  };
  const challenge = btoa("r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4096");
  const run = (name: string): string => `
    C: <auth xmlns='${SASL}' mechanism='${name}'>…</auth>
    S: <challenge xmlns='${SASL}'>${challenge}</challenge>
    C: <response xmlns='${SASL}'>…</response>
    S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>`;
  const { error, peer } = await attempt(
    only({ password }),
    offering("SCRAM-SHA-256", "SCRAM-SHA-1") + run("SCRAM-SHA-256") + run("SCRAM-SHA-1"),
  );
  await peer.done;
  expect(error).toMatchObject({ code: "AUTH_FAILED", mechanism: "SCRAM-SHA-1" });
  expect(asked).toBe(1);
});

test("credentials that are refused are not tried with the next mechanism", async () => {
  const { error, peer } = await attempt(
    only({}),
    `${offering("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")}
    C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>…</auth>
    S: <failure xmlns='${SASL}'><not-authorized/></failure>
    C: </stream:stream>`,
  );
  await peer.done;
  expect(error).toMatchObject({ mechanism: "SCRAM-SHA-256", condition: "not-authorized" });
});

test("a password function that never answers ends with the deadline", async () => {
  const { error, events } = await attempt(
    only({ password: () => new Promise<string>(() => undefined) }),
    offering("PLAIN"),
    { timeouts: { auth: 60 } },
  );
  expect(error).toMatchObject({ code: "TIMEOUT_AUTH", retryable: true });
  expect(events).toContain("auth:failure TIMEOUT_AUTH");
});

test.each([
  ["a challenge that is not base64", `<challenge xmlns='${SASL}'>r=1</challenge>`, "AUTH_FAILED"],
  [
    "a challenge with a line break",
    `<challenge xmlns='${SASL}'>cj0x&#10;</challenge>`,
    "AUTH_FAILED",
  ],
  ["success in another namespace", "<success xmlns='urn:foo'/>", "PROTOCOL_ERROR"],
  ["success in the stream's namespace", "<success/>", "PROTOCOL_ERROR"],
  ["a stanza", "<message/>", "PROTOCOL_ERROR"],
  ["features once more", "<stream:features/>", "PROTOCOL_ERROR"],
  ["a failure without a reason", `<failure xmlns='${SASL}'/>`, "AUTH_FAILED"],
])("%s is no success", async (_, element, code) => {
  const { error } = await attempt(
    only({}),
    `${offering("SCRAM-SHA-1")}
    C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>…</auth>
    S: ${element}`,
  );
  expect(error?.code).toBe(code);
});

test("endless challenges end", async () => {
  const challenge = `S: <challenge xmlns='${SASL}'>${btoa("r=fyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4096")}</challenge>\n`;
  const { error } = await attempt(
    only({}),
    `${offering("SCRAM-SHA-1")}
    C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>…</auth>
    ${challenge.repeat(20)}`,
  );
  expect(error).toMatchObject({ code: "AUTH_FAILED", condition: undefined });
});

test("the names of mechanisms may have white space around them", async () => {
  const { error, events } = await attempt(
    only({}),
    `${offering("\n SCRAM-SHA-1 ")}
    C: <auth …</auth>
    S: <failure xmlns='${SASL}'><account-disabled/></failure>`,
  );
  expect(events).toContain("auth:start SCRAM-SHA-1");
  expect(error).toMatchObject({ condition: "account-disabled" });
});
