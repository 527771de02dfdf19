import { describe, expect, test } from "vitest";
import { component } from "../../src/dialect/component.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import { type Element, xml } from "../../src/xml/element.ts";
import { attempt, attemptAtMute, type Deadline, expectTheSameAtEveryCut } from "./attempt.ts";

const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";
const ACCEPT = "jabber:component:accept";

const HEADER = `<stream:stream xmlns='${ACCEPT}' xmlns:stream='http://etherx.jabber.org/streams' id='3BF96D32' from='plays.shakespeare.lit'>`;
const HEADER_1_0 = HEADER.replace(">", " version='1.0'>");

const OPENING = `
  C: <stream:stream xmlns='${ACCEPT}' xmlns:stream='http://etherx.jabber.org/streams' to='plays.shakespeare.lit'>
  S: ${HEADER}`;

/** SHA-1 of the stream id and the secret in UTF-8. */
const DIGEST = "b7022c0ff7a24d0d9684352cdd8eea837d52c94a";
const SECRET = "s\u00e9same \u{1f511}";

const SHAKING = `${OPENING}
  C: <handshake>${DIGEST}</handshake>`;

const plays = component({ domain: "plays.shakespeare.lit", secret: SECRET });

test("the whole login: a header without version, the handshake of any secret in UTF-8", async () => {
  const { ready, events, peer, broker } = await attempt(plays, `${SHAKING}\nS: <handshake/>`);
  expect(ready).toEqual({ jid: "plays.shakespeare.lit", resumed: false });
  expect(events).toEqual([
    "connect",
    "connecting",
    "connected",
    "stream:start",
    "auth:start handshake",
    "auth:success handshake",
    "ready plays.shakespeare.lit",
  ]);
  await peer.done;
  expect(peer.unread).toBe("");
  broker.halt();
});

test("the login is the same wherever its bytes are cut", { timeout: 60_000 }, async () => {
  await expectTheSameAtEveryCut((cut) => attempt(plays, `${SHAKING}\nS: <handshake/>`, { cut }));
});

test("the secret may be asked for", async () => {
  const asking = component({
    domain: "plays.shakespeare.lit",
    secret(ask) {
      expect(ask).toEqual({ mechanism: "handshake", domain: "plays.shakespeare.lit", attempt: 1 });
      return Promise.resolve(SECRET);
    },
  });
  const { ready, broker } = await attempt(asking, `${SHAKING}\nS: <handshake/>`);
  expect(ready).toBeDefined();
  broker.halt();
});

test("a wrong secret is one typed failure, tried once", async () => {
  const { error, events, peer } = await attempt(
    plays,
    `${SHAKING}
    S: <stream:error><not-authorized xmlns='${STREAMS}'/><text xmlns='${STREAMS}'>no match</text></stream:error></stream:stream>`,
  );
  expect(error).toBeInstanceOf(AuthError);
  expect(error).toMatchObject({
    code: "AUTH_FAILED",
    mechanism: "handshake",
    condition: "not-authorized",
    retryable: false,
    cause: { code: "STREAM_ERROR", text: "no match" },
  });
  expect(events).toContain("auth:failure AUTH_FAILED");
  expect(peer.heard.match(/<handshake>/g)).toHaveLength(1);
});

test.each([
  // The name may be held by a connection of ours that died without the server's knowing.
  ["conflict", true],
  ["host-unknown", false],
])("%s is the server's stream error", async (condition, retryable) => {
  const { error } = await attempt(
    plays,
    `${SHAKING}
    S: <stream:error><${condition} xmlns='${STREAMS}'/></stream:error></stream:stream>`,
  );
  expect(error).toMatchObject({ code: "STREAM_ERROR", condition, retryable });
});

test("nothing is reported any more after a refusal that came with the header", async () => {
  const { error, events } = await attempt(
    plays,
    `${OPENING}<stream:error><host-unknown xmlns='${STREAMS}'/></stream:error></stream:stream>`,
  );
  expect(error).toMatchObject({ code: "STREAM_ERROR", condition: "host-unknown" });
  expect(events.slice(3)).toEqual(["stream:start", "stream:end"]);
});

describe("TLS", () => {
  const STARTTLS = `
    C: <stream:stream …version='1.0'>
    S: ${HEADER_1_0.replace("3BF96D32", "clear")}<stream:features><starttls xmlns='${TLS}'/>
       <mechanisms xmlns='${SASL}'><mechanism>DIGEST-MD5</mechanism></mechanisms></stream:features>
    C: <starttls xmlns='${TLS}'/>
    S: <proceed xmlns='${TLS}'/>
    C: <stream:stream …version='1.0'>
    S: ${HEADER_1_0}<stream:features/>`;

  test.each(["required", "opportunistic"] as const)(
    "that is %s is begun as jabberd2's router has it, and the handshake is made on the new id",
    async (tls) => {
      const { ready, events, broker } = await attempt(
        plays,
        `${STARTTLS}
        C: <handshake>${DIGEST}</handshake>
        S: <handshake/>`,
        { tls },
      );
      expect(ready).toBeDefined();
      expect(events.slice(3)).toEqual([
        "stream:start",
        "tls:start",
        "tls:success",
        "stream:start",
        "auth:start handshake",
        "auth:success handshake",
        "ready plays.shakespeare.lit",
      ]);
      broker.halt();
    },
  );

  test("that is required ends in TLS_UNAVAILABLE where the server knows none", async () => {
    const { error, peer } = await attempt(plays, `C: <stream:stream …>\nS: ${HEADER}`, {
      tls: "required",
    });
    expect(error?.code).toBe("TLS_UNAVAILABLE");
    expect(peer.heard).not.toContain("<handshake");
  });

  test("that is opportunistic is done without where the server knows none", async () => {
    const { ready, broker } = await attempt(
      plays,
      `C: <stream:stream …version='1.0'>
      S: ${HEADER}
      C: <handshake>${DIGEST}</handshake>
      S: <handshake/>`,
      { tls: "opportunistic" },
    );
    expect(ready).toBeDefined();
    broker.halt();
  });
});

describe("a stanza that is sent", () => {
  async function sent(stanza: Element, written: string): Promise<void> {
    const { broker, peer } = await attempt(
      plays,
      `${SHAKING}
      S: <handshake/>
      C: ${written}`,
    );
    const before = stanza.toString();
    broker.send(stanza);
    await peer.done;
    expect(stanza.toString()).toBe(before);
    broker.halt();
  }

  test.each([
    [undefined, "plays.shakespeare.lit"],
    ["c@plays.shakespeare.lit/d", "c@plays.shakespeare.lit/d"],
    ["C@plays.shakespeare.lit/d", "C@plays.shakespeare.lit/d"],
    // Servers end the stream for a domain that is not spelt as they know it.
    ["C@PLAYS.shakespeare.lit", "C@plays.shakespeare.lit"],
    ["Plays.Shakespeare.lit", "plays.shakespeare.lit"],
    ["c@plays.shakespeare.lit./x Y", "c@plays.shakespeare.lit/x Y"],
    ["plays.shakespeare.lit/x@y/z", "plays.shakespeare.lit/x@y/z"],
    // RFC 7622 refuses these, and servers carry them.
    ["\u2603%irc.example@PLAYS.shakespeare.lit", "\u2603%irc.example@plays.shakespeare.lit"],
    [
      "#r%i@plays.shakespeare.lit/\u2764\ufe0f Anna",
      "#r%i@plays.shakespeare.lit/\u2764\ufe0f Anna",
    ],
    ["plays.shakespeare.lit/\u{1f916}", "plays.shakespeare.lit/\u{1f916}"],
  ])("from %s goes out from %s", async (from, expected) => {
    await sent(xml("message", { to: "a@b", from }), `<message to='a@b' from='${expected}'/>`);
  });

  test("that is none of the three goes as it is", async () => {
    await sent(xml("foo", { xmlns: "urn:foo" }), "<foo xmlns='urn:foo'/>");
    await sent(xml("message", { xmlns: "urn:foo" }), "<message xmlns='urn:foo'/>");
  });

  test.each([
    ["from another domain", { to: "a@b", from: "c@shakespeare.lit" }, "FOREIGN_FROM"],
    ["from a domain below", { to: "a@b", from: "x.plays.shakespeare.lit" }, "FOREIGN_FROM"],
    [
      "from the own domain as a user",
      { to: "a@b", from: "plays.shakespeare.lit@c" },
      "FOREIGN_FROM",
    ],
    ["from nowhere", { to: "a@b", from: "@" }, "BAD_JID"],
    // For each of these a server ends the stream, and with it everybody's traffic.
    ["from an empty user", { to: "a@b", from: "@plays.shakespeare.lit" }, "BAD_JID"],
    ["from an empty resource", { to: "a@b", from: "plays.shakespeare.lit/" }, "BAD_JID"],
    ["from a name with a space", { to: "a@b", from: "a b@plays.shakespeare.lit" }, "BAD_JID"],
    ["to nobody", {}, "MISSING_TO"],
    ["to an empty address", { to: "" }, "MISSING_TO"],
  ])("%s fails alone", async (_, attributes, code) => {
    const { broker } = await attempt(plays, `${SHAKING}\nS: <handshake/>`);
    const delivery = broker.send(xml("message", attributes));
    expect(delivery).toMatchObject({ state: "failed", error: { code } });
    expect(broker.phase.name).toBe("ready");
    broker.halt();
  });
});

test.each([
  [
    "in the component namespace",
    "<message from='a@b' to='plays.shakespeare.lit'><body>hi</body></message>",
  ],
  [
    "in jabber:client",
    "<message xmlns='jabber:client' from='a@b' to='plays.shakespeare.lit'><body>hi</body></message>",
  ],
])("a stanza that arrives %s is a stanza", async (_, stanza) => {
  const bodies: unknown[] = [];
  const { broker, peer } = await attempt(
    plays,
    `${SHAKING}
    S: <handshake/>
    C: <presence …/>
    S: ${stanza}</stream:stream>`,
    {},
    (waiting) => {
      waiting.on("ready", () => waiting.send(xml("presence", { to: "a@b" })));
      waiting.on("received", (received) => {
        bodies.push([received.stanza.ns, received.stanza.childText("body")]);
      });
    },
  );
  await peer.done;
  await broker.closed;
  expect(bodies).toEqual([["jabber:client", "hi"]]);
});

test.each([
  ["to='a@other.example'", false],
  ["to='shakespeare.lit'", false],
  ["to='x.plays.shakespeare.lit'", false],
  ["to='plays.shakespeare.lit@evil'", false],
  ["to='a@plays.shakespeare.lit/b'", true],
  ["to='\u2603%i@PLAYS.shakespeare.lit'", true],
  ["", true],
])("a stanza that arrives %s is seen: %s", async (to, isSeen) => {
  const seen: string[] = [];
  const { broker, peer } = await attempt(
    plays,
    `${SHAKING}
    S: <handshake/>
    C: <presence …/>
    S: <iq type='get' id='1' from='a@b' ${to}/>
    S: <message from='a@b' to='plays.shakespeare.lit' id='last'/></stream:stream>`,
    { unhandled: "ignore" },
    (waiting) => {
      waiting.on("ready", () => waiting.send(xml("presence", { to: "a@b" })));
      waiting.filter("/*", ({ stanza }) => seen.push(stanza.attrs.id ?? ""));
      waiting.on("dropped", ({ stanza, error }) => {
        seen.push(`dropped ${stanza.attrs.id ?? ""} ${error.code}`);
      });
    },
  );
  await peer.done;
  await broker.closed;
  expect(seen).toEqual([isSeen ? "1" : "dropped 1 MISADDRESSED", "last"]);
});

describe("a request from or to an address that only servers allow is answered", () => {
  test.each([
    ["\u2603%irc.example@plays.shakespeare.lit", "a@b"],
    ["\u2665radio@plays.shakespeare.lit/\u2764\ufe0f", "\u2603@b/\u{1f469}\u200d\u{1f467}"],
    ["plays.shakespeare.lit", "a b@c d/\u200e"],
  ])("to %j from %j", async (to, from) => {
    const addresses = `from='${from}' to='${to}'`;
    const back = `to='${from}' from='${to}'`;
    const errors: unknown[] = [];
    const { broker, peer } = await attempt(
      plays,
      `${SHAKING}
      S: <handshake/>
      C: <presence …/>
      S: <iq type='get' id='1' ${addresses}><query xmlns='urn:x'/></iq>
      C: <iq type='error' id='1' ${back}>…<service-unavailable …</iq>
      S: <iq type='get' id='2' ${addresses}><ping xmlns='urn:xmpp:ping'/></iq>
      C: <iq type='result' id='2' ${back}/>
      S: <iq type='get' id='3' ${addresses}><query xmlns='urn:y'/></iq>
      C: <iq type='result' id='3' ${back}><answer xmlns='urn:y'/></iq>
      S: <message id='4' type='chat' ${addresses}><body>hi</body></message>
      C: <message …${back}…<body>hi</body></message>`,
      {},
      (waiting) => {
        waiting.on("ready", () => waiting.send(xml("presence", { to: "a@b" })));
        waiting.on("error", ({ error }) => errors.push(error));
        waiting.on("dropped", ({ error }) => errors.push(error));
        waiting.respond("/iq/query[namespace-uri()='urn:y']", () =>
          xml("answer", { xmlns: "urn:y" }),
        );
        waiting.filter("/message/body", ({ stanza: { attrs }, matches: [body] }) => {
          waiting.send(xml("message", { to: attrs.from, from: attrs.to, type: "chat" }, body));
        });
      },
    );
    await peer.done;
    expect(errors).toEqual([]);
    broker.halt();
  });
});

const phases: { phase: string; script: string; mute: Deadline; event?: string }[] = [
  { phase: "the header", script: "C: <stream:stream …>", mute: "TIMEOUT_STREAM" },
  { phase: "<handshake/>", script: SHAKING, mute: "TIMEOUT_AUTH", event: "auth:failure" },
];

describe.each(phases)("a server that, in place of $phase,", ({ script, mute, event }) => {
  test("stays mute", async () => {
    const { events } = await attemptAtMute(plays, script, mute);
    if (event !== undefined) expect(events).toContain(`${event} ${mute}`);
  });

  test.each([
    ["cuts the connection", "(cut)", "DISCONNECTED"],
    ["sends what is no XML", "<1>", "NOT_WELL_FORMED"],
    ["sends something else", "<foo xmlns='urn:foo'/>", "PROTOCOL_ERROR"],
  ])("%s", async (_, line, code) => {
    const { error, events, peer } = await attempt(plays, `${script}\nS: ${line}`);
    expect(error?.code).toBe(code);
    if (event !== undefined) expect(events).toContain(`${event} ${code}`);
    await peer.over;
  });
});

test("a stream without an id makes no handshake", async () => {
  const { error } = await attempt(plays, OPENING.replace(" id='3BF96D32'", ""));
  expect(error?.code).toBe("PROTOCOL_ERROR");
});

describe("an option that cannot be used is named before anything is opened", () => {
  test.each<[string, unknown, string]>([
    ["no options", "plays", "the options of component must be an object"],
    ["no domain", { secret: "x" }, "domain must be a domain"],
    ["an address", { domain: "a@b", secret: "x" }, 'got "a@b"'],
    ["an address with a resource", { domain: "b/c", secret: "x" }, 'got "b/c"'],
    ["no secret", { domain: "b" }, "secret must be"],
    [
      "a misspelt option",
      { domain: "b", secret: "x", password: "y" },
      'an option of component must be one of domain, secret, got "password"',
    ],
  ])("%s", (_, options, message) => {
    expect(() => component(options as never)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});
