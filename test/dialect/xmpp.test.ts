import { describe, expect, test } from "vitest";
import type { Crypto } from "../../src/base/crypto/crypto.ts";
import { encodeBase64 } from "../../src/base/text/base64.ts";
import { utf8Bytes } from "../../src/base/text/utf8.ts";
import { type XmppOptions, xmpp } from "../../src/dialect/xmpp.ts";
import { xml } from "../../src/xml/element.ts";
import { attempt, expectTheSameAtEveryCut, knownCrypto, RANDOM } from "./attempt.ts";
import {
  BIND,
  BINDING,
  bound,
  features,
  PROVED,
  romeo,
  SASL,
  SESSION,
  STANZAS,
  STARTTLS,
} from "./xmpp-conversation.ts";

test("the whole login: STARTTLS, SCRAM, bind, and a session that is insisted on", async () => {
  const { ready, events, peer, broker } = await attempt(
    romeo,
    `${STARTTLS}${PROVED}
    ${features(`<bind xmlns='${BIND}'/><session xmlns='${SESSION}'/>`)}
    C: <iq type='set' id='{id}'><bind xmlns='${BIND}'><resource>balcony</resource></bind></iq>
    ${bound("user@example.org/balcony")}
    C: <iq type='set' id='{other}'><session xmlns='${SESSION}'/></iq>
    S: <message from='juliet@example.org/room'><body>early</body></message>
    S: <iq type='result' id='{other}'/>`,
  );
  expect(ready).toEqual({ jid: "user@example.org/balcony", resumed: false });
  expect(events).toEqual([
    "connect",
    "connecting",
    "connected",
    "stream:start",
    "tls:start",
    "tls:success",
    "stream:start",
    "auth:start SCRAM-SHA-1",
    "auth:success SCRAM-SHA-1",
    "stream:start",
    "bind:start",
    "bind:success user@example.org/balcony",
    "session:start",
    "session:success",
    "ready user@example.org/balcony",
  ]);
  await peer.done;
  expect(peer.heard).not.toContain("pencil");
  expect(peer.heard).not.toContain("from=");
  broker.halt();
});

test("the limit that is announced after the login is that of sending; the one before it is not (XEP-0478)", async () => {
  const limits = (bytes: number) =>
    `<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>${bytes}</max-bytes></limits>`;
  const scram = PROVED.replace("<mechanisms", `${limits(500)}<mechanisms`);
  const { broker } = await attempt(
    romeo,
    `${STARTTLS}${scram}
    ${features(`<bind xmlns='${BIND}'/>${limits(10_000)}`)}
    C: <iq type='set' id='{id}'>…</iq>
    ${bound("user@example.org/balcony")}`,
  );
  const sent = [600, 9000, 10_000].map((length) =>
    broker.send(xml("message", {}, "x".repeat(length))),
  );
  expect(sent.map(({ error }) => error?.code)).toEqual([undefined, undefined, "TOO_LARGE"]);
  broker.halt();
});

test("what came before the session was there is delivered once ready, and in order", async () => {
  const bodies: (string | undefined)[] = [];
  const { broker, peer } = await attempt(
    romeo,
    `${STARTTLS}${PROVED}
    ${features(`<bind xmlns='${BIND}'/><session xmlns='${SESSION}'/>`)}
    C: <iq type='set' id='{id}'>…</iq>
    ${bound("user@example.org/balcony")}
    C: <iq type='set' id='{other}'>…</iq>
    S: <message from='juliet@example.org/room'><body>early</body></message>
    S: <iq type='result' id='{other}'/>
    C: <presence/>
    S: <message from='juliet@example.org/room'><body>late</body></message></stream:stream>`,
    {},
    (broker) => {
      broker.on("ready", () => broker.send(xml("presence")));
      broker.on("received", ({ stanza }) => bodies.push(stanza.childText("body")));
    },
  );
  await peer.done;
  await broker.closed;
  expect(bodies).toEqual(["early", "late"]);
});

test.each([
  ["not offered", ""],
  ["optional", `<session xmlns='${SESSION}'><optional/></session>`],
])("a session that is %s is not opened", async (_, offer) => {
  const { ready, events, peer, broker } = await attempt(
    romeo,
    `${STARTTLS}${PROVED}
    ${features(`<bind xmlns='${BIND}'/>${offer}`)}
    C: <iq type='set' id='{id}'>…</iq>
    ${bound("user@example.org/balcony")}`,
  );
  expect(ready?.jid).toBe("user@example.org/balcony");
  expect(events.join(" ")).not.toContain("session:");
  expect(peer.unread).toBe("");
  broker.halt();
});

test("the login is the same wherever its bytes are cut", { timeout: 60_000 }, async () => {
  const script = `${STARTTLS}${PROVED}${BINDING}${bound("user@example.org/balcony")}`;
  // The same key each time: deriving it once makes two thousand logins bearable.
  let key: Promise<Uint8Array> | undefined;
  const crypto: Crypto = {
    ...knownCrypto,
    pbkdf2: (...given) => (key ??= knownCrypto.pbkdf2(...given)),
  };
  await expectTheSameAtEveryCut((cut) => attempt(romeo, script, { cut, crypto }));
});

test("without a resource a random one is bound", async () => {
  const { ready, broker } = await attempt(
    xmpp({ jid: "user@example.org", password: "pencil" }),
    `${STARTTLS}${PROVED}
    ${features(`<bind xmlns='${BIND}'/>`)}
    C: <iq type='set' id='{id}'><bind xmlns='${BIND}'><resource>${RANDOM}</resource></bind></iq>
    ${bound(`user@example.org/${RANDOM}`)}`,
  );
  expect(ready?.jid).toBe(`user@example.org/${RANDOM}`);
  broker.halt();
});

describe("a resource that is refused", () => {
  const error = (type: string, condition: string): string =>
    `S: <iq type='error' id='{id}'><error type='${type}'><${condition} xmlns='${STANZAS}'/></error></iq>`;

  test.each([
    ["cancel", "conflict"],
    ["modify", "bad-request"],
    ["modify", "not-acceptable"],
  ])("with %s, %s is followed by a random one", async (type, condition) => {
    const { ready, events, broker } = await attempt(
      romeo,
      `${STARTTLS}${PROVED}${BINDING}
      ${error(type, condition)}
      C: <iq type='set' id='{id}'><bind xmlns='${BIND}'><resource>${RANDOM}</resource></bind></iq>
      ${bound(`user@example.org/${RANDOM}`)}`,
    );
    expect(ready?.jid).toBe(`user@example.org/${RANDOM}`);
    expect(events.filter((event) => event.startsWith("bind:start"))).toHaveLength(1);
    broker.halt();
  });

  test("twice is refused for good", async () => {
    const {
      error: reason,
      events,
      peer,
    } = await attempt(
      romeo,
      `${STARTTLS}${PROVED}${BINDING}
      ${error("cancel", "conflict")}
      C: <iq type='set' id='{id}'>…</iq>
      ${error("cancel", "conflict")}
      C: </stream:stream>`,
    );
    await peer.done;
    expect(reason).toMatchObject({ code: "BIND_FAILED", cause: { condition: "conflict" } });
    expect(events.slice(-2)).toEqual(["bind:failure BIND_FAILED", "stream:end"]);
  });

  test.each([
    ["cancel", "not-allowed", false],
    ["wait", "resource-constraint", true],
  ])("with %s, %s is refused at once", async (type, condition, retryable) => {
    const { error: reason } = await attempt(
      romeo,
      `${STARTTLS}${PROVED}${BINDING}\n${error(type, condition)}`,
    );
    expect(reason).toMatchObject({ code: "BIND_FAILED", retryable, cause: { condition } });
  });
});

test.each([
  ["another user's", "mallory@example.org/balcony", "BIND_FAILED"],
  ["another domain's", "user@example.net/balcony", "BIND_FAILED"],
  ["a bare address", "user@example.org", "PROTOCOL_ERROR"],
  ["no address", "@", "PROTOCOL_ERROR"],
  ["an empty one", "", "PROTOCOL_ERROR"],
])("an address that is bound and is %s is refused", async (_, jid, code) => {
  const { error } = await attempt(romeo, `${STARTTLS}${PROVED}${BINDING}${bound(jid)}`);
  expect(error?.code).toBe(code);
});

test("another resource than the one asked for is the server's good right", async () => {
  const { ready, broker } = await attempt(
    romeo,
    `${STARTTLS}${PROVED}${BINDING}${bound("USER@example.org/stairs")}`,
  );
  expect(ready?.jid).toBe("user@example.org/stairs");
  broker.halt();
});

test("a session that is refused ends the login", async () => {
  const { error, events } = await attempt(
    romeo,
    `${STARTTLS}${PROVED}
    ${features(`<bind xmlns='${BIND}'/><session xmlns='${SESSION}'/>`)}
    C: <iq type='set' id='{id}'>…</iq>
    ${bound("user@example.org/balcony")}
    C: <iq type='set' id='{other}'>…</iq>
    S: <iq type='error' id='{other}'><error type='wait'><internal-server-error xmlns='${STANZAS}'/></error></iq>`,
  );
  expect(error).toMatchObject({ code: "SESSION_FAILED", retryable: true });
  expect(events).toContain("session:failure SESSION_FAILED");
});

describe("an option that cannot be used is named before anything is opened", () => {
  const good = { jid: "user@example.org", password: "pencil" };
  test.each<[string, unknown, string]>([
    ["no options", undefined, "the options of xmpp must be an object"],
    ["no jid", { password: "pencil" }, "jid must be an address such as"],
    ["a jid that is none", { ...good, jid: "@example.org" }, 'got "@example.org"'],
    ["a jid without a user", { ...good, jid: "example.org" }, 'got "example.org"'],
    ["a jid that is a number", { ...good, jid: 5 }, "got 5"],
    ["no password", { jid: "user@example.org" }, "password must be"],
    ["an empty password", { ...good, password: "" }, "password must be"],
    [
      "no password for SCRAM",
      { jid: good.jid, mechanisms: ["EXTERNAL", "SCRAM-SHA-1"] },
      "password",
    ],
    ["an unknown mechanism", { ...good, mechanisms: ["GSSAPI"] }, 'got "GSSAPI"'],
    [
      "no mechanisms",
      { ...good, mechanisms: [] },
      "mechanisms must be a list of at least one mechanism (EXTERNAL, SCRAM-SHA-512, SCRAM-SHA-256, SCRAM-SHA-1, DIGEST-MD5, PLAIN, ANONYMOUS), got an empty array",
    ],
    ["an empty user name", { ...good, username: "" }, "username must be a text"],
    ["a flag that is none", { ...good, acceptBound: "yes" }, "acceptBound must be true or false"],
    ["mechanisms that are no list", { ...good, mechanisms: "PLAIN" }, 'got "PLAIN"'],
    ["an empty authzid", { ...good, authzid: "" }, "authzid must be"],
    ["a misspelt option", { ...good, pasword: "x" }, 'acceptBound, got "pasword"'],
  ])("%s", (_, options, message) => {
    expect(() => xmpp(options as never)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});

test("an option may be undefined, which is the same as leaving it out", () => {
  const given: XmppOptions = {
    jid: "user@example.org",
    password: "pencil",
    username: undefined,
    mechanisms: undefined,
    authzid: undefined,
    acceptBound: undefined,
  };
  expect(xmpp(given).name).toBe("xmpp");
});

test("the password shows neither in the dialect nor in its JSON", () => {
  const shown = JSON.stringify(romeo) + Object.values(romeo).map(String).join(" ");
  expect(shown).not.toContain("pencil");
  expect(shown).toContain("example.org");
});

describe("an account that RFC 7622 refuses and servers have", () => {
  const base64 = (text: string) => encodeBase64(utf8Bytes(text));
  test.each([
    ["\ufb01n@example.org", "\ufb01n", "fin@example.org/r"],
    ["x\u00b2@EXAMPLE.org", "x\u00b2", "x\u00b2@example.org/r"],
    ["\u2603@example.org", "\u2603", "\u2603@example.org/r"],
    // These it does not refuse, and prepares.
    ["Gro\u00df@example.org", "gro\u00df", "gross@example.org/r"],
    [
      "\u039d\u0399\u039a\u039f\u03a3@example.org",
      "\u03bd\u03b9\u03ba\u03bf\u03c2",
      "\u03bd\u03b9\u03ba\u03bf\u03c3@example.org/r",
    ],
  ])("%j logs in as %j and is %j", async (jid, username, address) => {
    const { broker, ready } = await attempt(
      xmpp({ jid, password: "pencil", mechanisms: ["PLAIN"] }),
      `${STARTTLS}${features(`<mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms>`)}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>${base64(`\0${username}\0pencil`)}</auth>
      S: <success xmlns='${SASL}'/>
      ${features(`<bind xmlns='${BIND}'/>`)}
      C: <iq type='set' id='{id}'>…</iq>${bound(address)}`,
    );
    expect(ready?.jid).toBe(address);
    broker.halt();
  });

  test.each(["a b@example.org", "a:b@example.org", "\u00ad@example.org", "\u2603@x..y"])(
    "but %j no server has",
    (jid) => {
      expect(() => xmpp({ jid, password: "pencil" })).toThrow(
        expect.objectContaining({ code: "BAD_OPTION" }) as Error,
      );
    },
  );
});
