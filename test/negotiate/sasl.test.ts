import { describe, expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { authenticate, type Credentials } from "../../src/negotiate/auth/sasl.ts";
import { bind } from "../../src/negotiate/bind.ts";
import { featuresOf, open } from "../../src/negotiate/open.ts";
import type { Exchange, Mechanism } from "../../src/sasl/mechanism.ts";
import { xml } from "../../src/xml/element.ts";
import { attempt, attemptAtMute } from "../dialect/attempt.ts";
import { told } from "../told.ts";

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
      const features = await featuresOf(login, await open(login));
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
  const dialect = only({ password: () => new Promise<string>(() => undefined) });
  const { events } = await attemptAtMute(dialect, offering("PLAIN"), "TIMEOUT_AUTH");
  expect(events).toContain("auth:failure TIMEOUT_AUTH");
});

test.each([
  ["a challenge that is not base64", `<challenge xmlns='${SASL}'>r=1</challenge>`, "AUTH_FAILED"],
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

const scramWith = (challenge: string, success: string): string => `
  ${offering("SCRAM-SHA-1")}
  C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>…</auth>
  S: <challenge xmlns='${SASL}'>${challenge}</challenge>
  C: <response xmlns='${SASL}'>…</response>
  S: ${success}`;
const FIRST = btoa("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
const FINAL = btoa("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
const wrapped = (data: string): string => data.replace(/.{20}/g, "$&&#10;\t  ");

test.each([
  ["as it is", FIRST, `<success xmlns='${SASL}'>${FINAL}</success>`],
  ["wrapped", wrapped(FIRST), `<success xmlns='${SASL}'>&#13;&#10; ${wrapped(FINAL)} </success>`],
  [
    "with a success that is blank, after the proof",
    FIRST,
    `<challenge xmlns='${SASL}'> ${FINAL}</challenge>
    C: <response xmlns='${SASL}'/>
    S: <success xmlns='${SASL}'>&#10;  &#10;</success>`,
  ],
  [
    "with a success of no bytes, after the proof",
    FIRST,
    `<challenge xmlns='${SASL}'>${FINAL}&#10;</challenge>
    C: <response xmlns='${SASL}'/>
    S: <success xmlns='${SASL}'> = </success>`,
  ],
])("base64 is read %s", async (_, challenge, success) => {
  const { ready, broker } = await attempt(only({}), scramWith(challenge, success));
  expect(ready?.jid).toBe("scram-sha-1");
  broker.halt();
});

test.each([
  ["proof", `<success xmlns='${SASL}'> &#10; </success>`],
  ["base64", `<success xmlns='${SASL}'>dj1ybUY5c*HFW</success>`],
  ["base64", `<success xmlns='${SASL}'>${FINAL}\u00a0</success>`],
])("a success without %s is none: %s", async (_, success) => {
  const { error } = await attempt(only({}), scramWith(FIRST, success));
  expect(error).toMatchObject({ code: "AUTH_FAILED", condition: undefined });
});

test("a blank success is enough for PLAIN", async () => {
  const { ready, broker } = await attempt(
    only({}),
    `${offering("PLAIN")}
    C: <auth xmlns='${SASL}' mechanism='PLAIN'>…</auth>
    S: <success xmlns='${SASL}'>&#10;</success>`,
  );
  expect(ready?.jid).toBe("plain");
  broker.halt();
});

test.each([
  ["account-disabled", "<account-disabled/>", undefined],
  ["account-disabled", "<account-disabled xmlns=''/>", undefined],
  ["account-disabled", "<account-disabled xmlns='jabber:client'/><text>why</text>", "why"],
  ["account-disabled", "<why xmlns='urn:x'/><account-disabled/>", undefined],
  ["credentials-expired", "<credentials-expired/><text xmlns=''>why</text>", "why"],
  ["bad-weather", "<bad-weather/>", undefined],
  ["not-authorized", "<bad-weather xmlns='urn:x'/>", undefined],
  ["not-authorized", "why", "why"],
])("the condition %s is read of %s", async (condition, content, text) => {
  const { error } = await attempt(
    only({}),
    `${offering("SCRAM-SHA-1")}
    C: <auth …</auth>
    S: <failure xmlns='${SASL}'>${content}</failure>`,
  );
  expect(error).toMatchObject({ code: "AUTH_FAILED", condition });
  expect(error?.message.endsWith(text ?? condition)).toBe(true);
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

const TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";

/** A mechanism of one's own that sends the password and leaves it open whether that is a secret. */
const oauthBearer: Mechanism = {
  name: "OAUTHBEARER",
  mutual: false,
  onlyIfNamed: false,
  available: () => true,
  begin: (credentials): Exchange => ({
    start: async () => new TextEncoder().encode(await credentials.password()),
    answer: () => Promise.resolve(new Uint8Array()),
    finish: () => Promise.resolve(),
  }),
};

/** A dialect that authenticates with a mechanism of one's own, and binds. */
function bearing(mechanism: Mechanism): Dialect {
  return {
    ...only({}),
    async negotiate(login) {
      const features = await featuresOf(login, await open(login));
      const credentials = {
        username: "user",
        password: TOKEN,
        authzid: undefined,
        domain: "example.org",
        digestUri: "xmpp/example.org",
        mechanisms: undefined,
      };
      await authenticate(login, features, credentials, [mechanism]);
      const after = await featuresOf(login, await open(login));
      const wanted = { local: "user", domain: "example.org", resource: "balcony" };
      return { jid: (await bind(login, after, wanted)).full };
    },
  };
}

const bearingAuth = `${offering("OAUTHBEARER")}
  C: <auth xmlns='${SASL}' mechanism='OAUTHBEARER'>…</auth>`;
const bearingBind = `${bearingAuth}
  S: <success xmlns='${SASL}'/>
  C: <stream:stream …>
  S: ${HEADER}<stream:features><bind xmlns='${BIND}'/></stream:features>
  C: <iq type='set' id='{id}'>…</iq>`;
const streamError = (condition: string): string =>
  `<stream:error><${condition} xmlns='${STREAMS}'/><text xmlns='${STREAMS}'>bad ${TOKEN}</text></stream:error>`;

const echoes: [string, string, string][] = [
  [
    "the failure",
    `${bearingAuth}
    S: <failure xmlns='${SASL}'><not-authorized/><text>bad ${TOKEN}</text></failure>`,
    "AUTH_FAILED",
  ],
  [
    "the stream error that refuses it",
    `${bearingAuth}
    S: ${streamError("not-authorized")}`,
    "AUTH_FAILED",
  ],
  [
    "a stream error while it authenticates",
    `${bearingAuth}
    S: ${streamError("policy-violation")}`,
    "STREAM_ERROR",
  ],
  [
    "a conflict while it authenticates",
    `${bearingAuth}
    S: ${streamError("conflict")}`,
    "STREAM_ERROR",
  ],
  [
    "the error of bind",
    `${bearingBind}
    S: <iq type='error' id='{id}'><bind xmlns='${BIND}'><resource>${TOKEN}</resource></bind><error type='auth'><not-allowed xmlns='${STANZAS}'/><text xmlns='${STANZAS}'>bad ${TOKEN}</text></error></iq>`,
    "BIND_FAILED",
  ],
  [
    "a stream error while it binds",
    `${bearingBind}
    S: ${streamError("reset")}`,
    "STREAM_ERROR",
  ],
];

describe("a server that repeats the secret", () => {
  test.each(echoes)("in %s brings it into no error, event or trace", async (_, script, code) => {
    const traced: string[] = [];
    const payloads: unknown[] = [];
    const { error } = await attempt(
      bearing(oauthBearer),
      script,
      { trace: ({ text }) => traced.push(text) },
      (broker) => {
        for (const event of ["auth:failure", "bind:failure", "socket:error"] as const) {
          broker.on(event, (payload) => payloads.push(payload));
        }
      },
    );
    expect(error?.code).toBe(code);
    expect(told(error)).not.toContain(TOKEN);
    expect(payloads.length).toBeGreaterThan(0);
    expect(told(payloads)).not.toContain(TOKEN);
    expect(traced.join("\n")).toContain("[redacted]");
    expect(traced.join("\n")).not.toContain(TOKEN);
  });

  test.each([
    ["in the address that it binds", `${TOKEN}@example.org/x`, "BIND_FAILED"],
    ["in what it binds, which is no address", `bad ${TOKEN}@`, "PROTOCOL_ERROR"],
  ])("%s brings it into no error", async (_, jid, code) => {
    const script = `${bearingBind}
      S: <iq type='result' id='{id}'><bind xmlns='${BIND}'><jid>${jid}</jid></bind></iq>`;
    const { error } = await attempt(bearing(oauthBearer), script);
    expect(error?.code).toBe(code);
    expect(told(error).toLowerCase()).not.toContain(TOKEN.toLowerCase());
    const keeping = await attempt(bearing({ ...oauthBearer, revealsSecret: false }), script);
    expect(told(keeping.error).toLowerCase()).toContain(TOKEN.toLowerCase());
  });

  test("in a stream error after the login brings it into no error and no trace", async () => {
    const traced: string[] = [];
    const { broker, ready } = await attempt(
      bearing(oauthBearer),
      `${bearingBind}
      S: <iq type='result' id='{id}'><bind xmlns='${BIND}'><jid>user@example.org/balcony</jid></bind></iq>
      C: <presence/>
      S: ${streamError("reset")}`,
      { trace: ({ text }) => traced.push(text) },
    );
    expect(ready).toBeDefined();
    broker.send(xml("presence"));
    const error = await broker.closed;
    expect(error).toMatchObject({ code: "STREAM_ERROR", condition: "reset" });
    expect(told(error)).not.toContain(TOKEN);
    expect(traced.join("\n")).toContain("<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[red");
    expect(traced.join("\n")).not.toContain(TOKEN);
  });
});

test("the words of a stream error after the login are kept where they do not repeat the secret", async () => {
  const { broker } = await attempt(
    bearing(oauthBearer),
    `${bearingBind}
    S: <iq type='result' id='{id}'><bind xmlns='${BIND}'><jid>user@example.org/balcony</jid></bind></iq>
    C: <presence/>
    S: ${streamError("reset").replace(TOKEN, "weather")}`,
  );
  broker.send(xml("presence"));
  expect(await broker.closed).toMatchObject({ condition: "reset", text: "bad weather" });
});

test.each(echoes)(
  "a mechanism that says it keeps its secret leaves the server its words, in %s",
  async (_, script, code) => {
    const { error } = await attempt(bearing({ ...oauthBearer, revealsSecret: false }), script);
    expect(error?.code).toBe(code);
    expect(told(error)).toContain(`bad ${TOKEN}`);
  },
);

test("a mechanism that may reveal its secret is used inside TLS only", async () => {
  const { error, peer } = await attempt(bearing(oauthBearer), bearingAuth, { tls: "plaintext" });
  expect(error?.code).toBe("NO_MECHANISM");
  expect(peer.heard).not.toContain("<auth");
});
