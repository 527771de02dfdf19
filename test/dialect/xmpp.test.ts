import { describe, expect, test } from "vitest";
import { xmpp } from "../../src/dialect/xmpp.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import { StreamError } from "../../src/stream/stream-error.ts";
import { xml } from "../../src/xml/element.ts";
import { attempt, RANDOM } from "./attempt.ts";

const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";
const SESSION = "urn:ietf:params:xml:ns:xmpp-session";
const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='c2s' from='example.org' version='1.0'>`;

const OPENING = `
  C: <stream:stream …>
  S: ${HEADER}`;

const STARTTLS = `${OPENING}
  S: <stream:features><starttls xmlns='${TLS}'><required/></starttls></stream:features>
  C: <starttls xmlns='${TLS}'/>
  S: <proceed xmlns='${TLS}'/>`;

/** The conversation of RFC 5802, 5. */
const SCRAM = `${OPENING}
  S: <stream:features><mechanisms xmlns='${SASL}'>
     <mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>
  C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM</auth>
  S: <challenge xmlns='${SASL}'>
     cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==
     </challenge>
  C: <response xmlns='${SASL}'>
     Yz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==
     </response>`;

const PROVED = `${SCRAM}
  S: <success xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</success>`;

const features = (text: string): string => `${OPENING}
  S: <stream:features>${text}</stream:features>`;

const BINDING = `${features(`<bind xmlns='${BIND}'/>`)}
  C: <iq type='set' id='{id}'><bind xmlns='${BIND}'><resource>balcony</resource></bind></iq>`;

const bound = (jid: string): string =>
  `
  S: <iq type='result' id='{id}'><bind xmlns='${BIND}'><jid>${jid}</jid></bind></iq>`;

const romeo = xmpp({ jid: "user@example.org/balcony", password: "pencil" });

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

test("the login is the same when every byte comes alone", async () => {
  const { ready, broker } = await attempt(
    romeo,
    `${STARTTLS}${PROVED}${BINDING}${bound("user@example.org/balcony")}`,
    { cut: 1 },
  );
  expect(ready?.jid).toBe("user@example.org/balcony");
  broker.halt();
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

describe("TLS", () => {
  const inClear = `${OPENING}
    S: <stream:features><mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`;

  test("that is required and not offered ends in TLS_UNAVAILABLE, and nothing is said in clear", async () => {
    const { error, events, peer } = await attempt(romeo, inClear);
    expect(error?.code).toBe("TLS_UNAVAILABLE");
    expect(events.slice(3)).toEqual(["stream:start", "tls:failure TLS_UNAVAILABLE", "stream:end"]);
    expect(peer.heard).not.toContain("<auth");
  });

  test("that the server insists on and the options forbid ends in TLS_REQUIRED", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'><required/></starttls></stream:features>`,
      { tls: "plaintext" },
    );
    expect(error?.code).toBe("TLS_REQUIRED");
    expect(peer.heard).not.toContain("<starttls");
  });

  test("that is opportunistic is taken where it is offered", async () => {
    const { ready, events, broker } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/></stream:features>
      C: <starttls xmlns='${TLS}'/>
      S: <proceed xmlns='${TLS}'/>
      ${PROVED}${BINDING}${bound("user@example.org/balcony")}`,
      { tls: "opportunistic" },
    );
    expect(ready).toBeDefined();
    expect(events).toContain("tls:success");
    broker.halt();
  });

  test.each(["opportunistic", "plaintext"] as const)(
    "that is %s and not offered is done without",
    async (tls) => {
      const { ready, events, broker } = await attempt(
        romeo,
        `${PROVED}${BINDING}${bound("user@example.org/balcony")}`,
        { tls },
      );
      expect(ready).toBeDefined();
      expect(events.join(" ")).not.toContain("tls:");
      broker.halt();
    },
  );

  test("that is plaintext is not begun though it is offered", async () => {
    const { ready, broker } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/><mechanisms xmlns='${SASL}'>
         <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>
      ${SCRAM.slice(SCRAM.indexOf("C: <auth"))}
      S: <success xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</success>
      ${BINDING}${bound("user@example.org/balcony")}`,
      { tls: "plaintext" },
    );
    expect(ready).toBeDefined();
    broker.halt();
  });

  test("that fails is not followed by a login in clear, also where it is opportunistic", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/><mechanisms xmlns='${SASL}'>
         <mechanism>PLAIN</mechanism></mechanisms></stream:features>
      C: <starttls xmlns='${TLS}'/>
      S: <failure xmlns='${TLS}'/>`,
      { tls: "opportunistic" },
    );
    expect(error?.code).toBe("TLS_FAILED");
    expect(peer.heard).not.toContain("<auth");
  });

  test("after which the server says something in clear is an attack", async () => {
    const { error } = await attempt(
      romeo,
      `${STARTTLS}<stream:features><mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`,
    );
    expect(error?.code).toBe("PROTOCOL_ERROR");
  });

  test("that is direct is there before the stream, and is not begun again inside", async () => {
    const { ready, events, peer, broker } = await attempt(
      romeo,
      `${SCRAM.replace("<stream:features>", `<stream:features><starttls xmlns='${TLS}'><required/></starttls>`)}
      S: <success xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</success>
      ${BINDING}${bound("user@example.org/balcony")}`,
      { tls: "direct" },
    );
    expect(ready).toBeDefined();
    expect(events.slice(2, 7)).toEqual([
      "connected",
      "tls:start",
      "tls:success",
      "stream:start",
      "auth:start SCRAM-SHA-1",
    ]);
    expect(peer.heard).not.toContain("<starttls");
    broker.halt();
  });

  test("makes forget what was offered in clear", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/><mechanisms xmlns='${SASL}'>
         <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>
      C: <starttls xmlns='${TLS}'/>
      S: <proceed xmlns='${TLS}'/>
      ${features("")}`,
    );
    expect(error?.code).toBe("NO_MECHANISM");
    expect(peer.heard).not.toContain("<auth");
  });
});

describe("authentication", () => {
  const offering = (...names: string[]): string => `${STARTTLS}
    ${features(`<mechanisms xmlns='${SASL}'>${names.map((name) => `<mechanism>${name}</mechanism>`).join("")}</mechanisms>`)}`;

  test("is refused once and tried once", async () => {
    const { error, events, peer } = await attempt(
      romeo,
      `${SCRAM.replace(OPENING, STARTTLS + OPENING).replace("<mechanism>PLAIN</mechanism>", "<mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism>")}
      S: <failure xmlns='${SASL}'><not-authorized/><text>no such luck</text></failure>
      C: </stream:stream>`,
    );
    await peer.done;
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({
      code: "AUTH_FAILED",
      mechanism: "SCRAM-SHA-1",
      condition: "not-authorized",
      retryable: false,
    });
    expect(error?.message).toContain("no such luck");
    expect(events.slice(-3)).toEqual([
      "auth:start SCRAM-SHA-1",
      "auth:failure AUTH_FAILED",
      "stream:end",
    ]);
    expect(peer.heard.match(/<auth /g)).toHaveLength(1);
  });

  test("that fails for a while may be tried again", async () => {
    const { error } = await attempt(
      romeo,
      `${STARTTLS}${SCRAM}
      S: <failure xmlns='${SASL}'><temporary-auth-failure/></failure>`,
    );
    expect(error).toMatchObject({ condition: "temporary-auth-failure", retryable: true });
  });

  test("goes on with the next mutual mechanism where the server does not accept one after all", async () => {
    const { error, events } = await attempt(
      romeo,
      `${offering("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-512", "SCRAM-SHA-256")}
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-512'>…</auth>
      S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>…</auth>
      S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>…</auth>
      S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>
      C: </stream:stream>`,
    );
    expect(error).toMatchObject({ code: "AUTH_FAILED", condition: "invalid-mechanism" });
    expect(events.filter((event) => event.startsWith("auth:"))).toEqual([
      "auth:start SCRAM-SHA-512",
      "auth:start SCRAM-SHA-256",
      "auth:start SCRAM-SHA-1",
      "auth:failure AUTH_FAILED",
    ]);
  });

  test("by PLAIN inside TLS, where nothing stronger is offered", async () => {
    const { ready, peer, broker } = await attempt(
      romeo,
      `${offering("PLAIN", "X-OAUTH2")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>${btoa("\0user\0pencil")}</auth>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound("user@example.org/balcony")}`,
    );
    expect(ready).toBeDefined();
    await peer.done;
    broker.halt();
  });

  test("never by PLAIN in clear", async () => {
    const { error, events, peer } = await attempt(
      romeo,
      features(`<mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms>`),
      { tls: "plaintext" },
    );
    expect(error).toMatchObject({ code: "NO_MECHANISM" });
    expect(error?.message).toContain("PLAIN, without TLS");
    expect(events).toContain("auth:failure NO_MECHANISM");
    expect(peer.heard).not.toContain("<auth");
  });

  test("whose text echoes a password shown by PLAIN does not pass it on", async () => {
    const { error } = await attempt(
      romeo,
      `${offering("PLAIN")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>…</auth>
      S: <failure xmlns='${SASL}'><not-authorized/><text>pencil is wrong</text></failure>`,
    );
    expect(error?.message).not.toContain("pencil");
  });

  test.each([
    ["without a signature", `<success xmlns='${SASL}'/>`],
    [
      "with a wrong signature",
      `<success xmlns='${SASL}'>${btoa("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=")}</success>`,
    ],
    ["with an error", `<success xmlns='${SASL}'>${btoa("e=other-error")}</success>`],
    ["with data that is not base64", `<success xmlns='${SASL}'>dj1ybUY5c HFW</success>`],
    ["with empty data", `<success xmlns='${SASL}'>=</success>`],
  ])("that succeeds %s fails", async (_, success) => {
    const { error, events } = await attempt(romeo, `${STARTTLS}${SCRAM}\nS: ${success}`);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ code: "AUTH_FAILED" });
    expect(events).toContain("auth:failure AUTH_FAILED");
    expect(events.join(" ")).not.toContain("auth:success");
  });

  test("whose proof comes in a challenge of its own is as good", async () => {
    const { ready, broker } = await attempt(
      romeo,
      `${STARTTLS}${SCRAM}
      S: <challenge xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</challenge>
      C: <response xmlns='${SASL}'/>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound("user@example.org/balcony")}`,
    );
    expect(ready).toBeDefined();
    broker.halt();
  });

  test("is given up aloud when a challenge cannot be answered", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${offering("SCRAM-SHA-1")}
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>…</auth>
      S: <challenge xmlns='${SASL}'>${btoa("r=somebody-else,s=QSXCR+Q6sek8bf92,i=4096")}</challenge>
      C: <abort xmlns='${SASL}'/></stream:stream>`,
    );
    await peer.done;
    expect(error).toMatchObject({ code: "AUTH_FAILED", condition: undefined });
  });

  test("asks the password function once, and only when it needs the password", async () => {
    let asked = 0;
    const { error } = await attempt(
      xmpp({
        jid: "user@example.org",
        password: () => {
          asked++;
          throw new RangeError("the keyring is locked");
        },
      }),
      `${STARTTLS}${SCRAM}`,
    );
    expect(asked).toBe(1);
    expect(error).toMatchObject({
      code: "AUTH_FAILED",
      cause: { message: "the keyring is locked" },
    });
  });

  test("that wants TLS first ends in TLS_REQUIRED", async () => {
    const { error } = await attempt(
      romeo,
      `${SCRAM}
      S: <failure xmlns='${SASL}'><encryption-required/></failure>`,
      { tls: "plaintext" },
    );
    expect(error?.code).toBe("TLS_REQUIRED");
  });

  test("by EXTERNAL says who one is, or leaves it to the certificate", async () => {
    for (const [authzid, response] of [
      [undefined, "="],
      ["user@example.org", btoa("user@example.org")],
    ] as const) {
      const { ready, peer, broker } = await attempt(
        xmpp({
          jid: "example.org/balcony",
          mechanisms: ["EXTERNAL"],
          ...(authzid === undefined ? {} : { authzid }),
        }),
        `${offering("PLAIN", "EXTERNAL", "SCRAM-SHA-1")}
        C: <auth xmlns='${SASL}' mechanism='EXTERNAL'>${response}</auth>
        S: <success xmlns='${SASL}'/>
        ${BINDING}${bound("user@example.org/balcony")}`,
      );
      await peer.done;
      expect(ready?.jid).toBe("user@example.org/balcony");
      broker.halt();
    }
  });

  test("by ANONYMOUS takes whatever name the server makes up", async () => {
    const { ready, broker } = await attempt(
      xmpp({ jid: "somebody@example.org/balcony", mechanisms: ["ANONYMOUS"] }),
      `${offering("PLAIN", "ANONYMOUS")}
      C: <auth xmlns='${SASL}' mechanism='ANONYMOUS'/>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound("ul9xcpnk8g0f@example.org/balcony")}`,
    );
    expect(ready?.jid).toBe("ul9xcpnk8g0f@example.org/balcony");
    broker.halt();
  });

  test("as somebody else binds the address of somebody else", async () => {
    const script = (jid: string): string => `${offering("PLAIN")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>${btoa("boss@example.org\0user\0pencil")}</auth>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound(jid)}`;
    const acting = xmpp({
      jid: "user@example.org/balcony",
      password: "pencil",
      authzid: "boss@example.org",
    });
    const { ready, broker } = await attempt(acting, script("boss@example.org/balcony"));
    expect(ready?.jid).toBe("boss@example.org/balcony");
    broker.halt();
    const { error } = await attempt(acting, script("user@example.org/balcony"));
    expect(error?.code).toBe("BIND_FAILED");
  });
});

/** Everything up to the point at which the peer fails, and what an attempt then waits for. */
const phases: { phase: string; script: string; mute: string; event?: string }[] = [
  { phase: "the header", script: "\nC: <stream:stream …>", mute: "TIMEOUT_STREAM" },
  { phase: "the features", script: OPENING, mute: "TIMEOUT_STREAM" },
  {
    phase: "<proceed/>",
    script: STARTTLS.slice(0, STARTTLS.lastIndexOf("S:")),
    mute: "TIMEOUT_TLS",
    event: "tls:failure",
  },
  {
    phase: "the header after TLS",
    script: `${STARTTLS}\nC: <stream:stream …>`,
    mute: "TIMEOUT_STREAM",
  },
  {
    phase: "the first challenge",
    script: STARTTLS + SCRAM.slice(0, SCRAM.indexOf("S: <challenge")),
    mute: "TIMEOUT_AUTH",
    event: "auth:failure",
  },
  { phase: "<success/>", script: STARTTLS + SCRAM, mute: "TIMEOUT_AUTH", event: "auth:failure" },
  {
    phase: "the features after authentication",
    script: STARTTLS + PROVED + OPENING,
    mute: "TIMEOUT_STREAM",
  },
  {
    phase: "the answer to bind",
    script: STARTTLS + PROVED + BINDING,
    mute: "TIMEOUT_BIND",
    event: "bind:failure",
  },
  {
    phase: "the answer to the session",
    script: `${STARTTLS}${PROVED}
      ${features(`<bind xmlns='${BIND}'/><session xmlns='${SESSION}'/>`)}
      C: <iq type='set' id='{id}'>…</iq>
      ${bound("user@example.org/balcony")}
      C: <iq type='set' id='{other}'>…</iq>`,
    mute: "TIMEOUT_BIND",
    event: "session:failure",
  },
];

describe.each(phases)("a server that, in place of $phase,", ({ script, mute, event }) => {
  const timeouts = { stream: 60, tls: 60, auth: 60, bind: 60 };
  test("stays mute", async () => {
    const { error, events, peer } = await attempt(romeo, script, { timeouts });
    expect(error).toMatchObject({ code: mute, retryable: true });
    if (event !== undefined) expect(events).toContain(`${event} ${mute}`);
    await peer.over;
  });

  test.each([
    ["cuts the connection", "(cut)", "DISCONNECTED"],
    ["ends it", "(end)", "DISCONNECTED"],
    ["sends what is no XML", "<1>", "NOT_WELL_FORMED"],
  ])("%s", async (_, line, code) => {
    const { error, events, peer } = await attempt(romeo, `${script}\nS: ${line}`);
    expect(error?.code).toBe(code);
    if (event !== undefined) expect(events).toContain(`${event} ${code}`);
    await peer.over;
  });
});

const opened = phases.filter(({ phase }) => !phase.startsWith("the header"));

describe.each(opened)(
  "a server whose stream is open and that, in place of $phase,",
  ({ script, event }) => {
    test("refuses to go on", async () => {
      const { error } = await attempt(
        romeo,
        `${script}\nS: <stream:error><host-unknown xmlns='${STREAMS}'/></stream:error></stream:stream>`,
      );
      expect(error).toBeInstanceOf(StreamError);
      expect(error).toMatchObject({ code: "STREAM_ERROR", condition: "host-unknown" });
    });

    test("closes the stream", async () => {
      const { error } = await attempt(romeo, `${script}\nS: </stream:stream>`);
      expect(error?.code).toBe("DISCONNECTED");
    });

    test("sends something else", async () => {
      const { error, events } = await attempt(romeo, `${script}\nS: <foo xmlns='urn:foo'/>`);
      expect(error?.code).toBe("PROTOCOL_ERROR");
      if (event !== undefined) expect(events).toContain(`${event} PROTOCOL_ERROR`);
    });
  },
);

test("a server from before XMPP 1.0 is told from one that is mute", async () => {
  const { error } = await attempt(romeo, OPENING.replace(" version='1.0'", ""), {
    tls: "plaintext",
  });
  expect(error?.code).toBe("PROTOCOL_ERROR");
  expect(error?.message).toContain("legacy");
});

describe("an option that cannot be used is named before anything is opened", () => {
  const good = { jid: "user@example.org", password: "pencil" };
  test.each<[string, unknown, string]>([
    ["no options", undefined, "xmpp options must be an object"],
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
    ["no mechanisms", { ...good, mechanisms: [] }, "mechanisms must be"],
    ["mechanisms that are no list", { ...good, mechanisms: "PLAIN" }, 'got "PLAIN"'],
    ["an empty authzid", { ...good, authzid: "" }, "authzid must be"],
    ["a misspelt option", { ...good, pasword: "x" }, "xmpp has no option pasword"],
  ])("%s", (_, options, message) => {
    expect(() => xmpp(options as never)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});

test("the password shows neither in the dialect nor in its JSON", () => {
  const shown = JSON.stringify(romeo) + Object.values(romeo).map(String).join(" ");
  expect(shown).not.toContain("pencil");
  expect(shown).toContain("example.org");
});
