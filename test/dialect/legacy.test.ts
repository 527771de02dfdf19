import { describe, expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { legacy } from "../../src/dialect/legacy.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import type { PasswordRequest } from "../../src/sasl/password.ts";
import { told } from "../told.ts";
import {
  type Attempt,
  attempt,
  attemptAtMute,
  type Deadline,
  expectTheSameAtEveryCut,
  RANDOM,
} from "./attempt.ts";

const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const AUTH = "jabber:iq:auth";
const STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas";
const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='3EE948B0' from='shakespeare.lit'>`;
const HEADER_1_0 = HEADER.replace(">", " version='1.0'>");

/** The example of XEP-0078: the digest of its stream id and password. */
const DIGEST = "48fc78be9ec8f86d8ce1c39c320c97c21d62334d";

const OPENING = `
  C: <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='shakespeare.lit'>
  S: ${HEADER}`;

const asking = (...fields: string[]): string => `
  C: <iq type='get' id='{a}'><query xmlns='${AUTH}'><username>bill</username></query></iq>
  S: <iq type='result' id='{a}'><query xmlns='${AUTH}'><username/><resource/>
     ${fields.map((field) => `<${field}/>`).join("")}</query></iq>`;

const sending = (field: string): string => `
  C: <iq type='set' id='{b}'><query xmlns='${AUTH}'><username>bill</username>${field}
     <resource>globe</resource></query></iq>`;

const GOOD = "\n  S: <iq type='result' id='{b}'/>";

const LOGIN = `${OPENING}${asking("password", "digest")}${sending(`<digest>${DIGEST}</digest>`)}`;

const bill = legacy({ jid: "bill@shakespeare.lit/globe", password: "Calli0pe" });
const plain = legacy({ jid: "bill@shakespeare.lit/globe", password: "Calli0pe", plaintext: true });

test("the whole login: a header without version, the fields, the digest", async () => {
  const { ready, events, peer, broker } = await attempt(bill, LOGIN + GOOD);
  expect(ready).toEqual({ jid: "bill@shakespeare.lit/globe", resumed: false });
  expect(events).toEqual([
    "connect",
    "connecting",
    "connected",
    "stream:start",
    "auth:start jabber:iq:auth",
    "auth:success jabber:iq:auth digest",
    "ready bill@shakespeare.lit/globe",
  ]);
  await peer.done;
  expect(peer.heard).not.toContain("Calli0pe");
  expect(peer.heard).not.toMatch(/<stream:stream [^>]*version/);
  broker.halt();
});

test("the login is the same wherever its bytes are cut", { timeout: 60_000 }, async () => {
  await expectTheSameAtEveryCut((cut) => attempt(bill, LOGIN + GOOD, { cut }));
});

test.each([
  [false, `<digest>${DIGEST}</digest>`, "jabber:iq:auth digest"],
  [true, "<password>Calli0pe</password>", "jabber:iq:auth plaintext"],
])("the password may be asked for; plaintext: %s", async (plaintext, sent, mechanism) => {
  const asked: PasswordRequest[] = [];
  const dialect = legacy({
    jid: "bill@shakespeare.lit/globe",
    password(ask) {
      asked.push(ask);
      return "Calli0pe";
    },
    plaintext,
  });
  const script = OPENING + asking("password", "digest") + sending(sent) + GOOD;
  const { ready, broker } = await attempt(dialect, script, { tls: "plaintext" });
  expect(ready).toBeDefined();
  expect(asked).toEqual([{ mechanism, domain: "shakespeare.lit", attempt: 1 }]);
  broker.halt();
});

test("the user name may be another than the local part of the address", async () => {
  const { ready, broker } = await attempt(
    legacy({ jid: "bill@shakespeare.lit/globe", username: "w.s.", password: "Calli0pe" }),
    (LOGIN + GOOD).replaceAll("<username>bill<", "<username>w.s.<"),
  );
  expect(ready?.jid).toBe("bill@shakespeare.lit/globe");
  broker.halt();
});

test("without a resource a random one is taken", async () => {
  const { ready, broker } = await attempt(
    legacy({ jid: "bill@shakespeare.lit", password: "Calli0pe" }),
    LOGIN.replace("globe", RANDOM) + GOOD,
  );
  expect(ready?.jid).toBe(`bill@shakespeare.lit/${RANDOM}`);
  broker.halt();
});

test("features that nobody asked for, as Prosody sends them, are passed over", async () => {
  const { ready, broker } = await attempt(
    bill,
    LOGIN.replace(
      HEADER,
      `${HEADER}<stream:features><starttls xmlns='${TLS}'/></stream:features>`,
    ) + GOOD,
  );
  expect(ready).toBeDefined();
  broker.halt();
});

test("features that insist on TLS end in TLS_REQUIRED", async () => {
  const { error, events, peer } = await attempt(
    bill,
    `${OPENING}
    S: <stream:features><starttls xmlns='${TLS}'><required/></starttls></stream:features>`,
  );
  expect(error?.code).toBe("TLS_REQUIRED");
  expect(events).toContain("auth:failure TLS_REQUIRED");
  expect(events.join(" ")).not.toContain("tls:");
  expect(peer.heard).not.toContain("digest");
});

describe("of what the server takes", () => {
  test.each([
    ["the digest", bill, ["password", "digest"], `<digest>${DIGEST}</digest>`],
    ["the password, asked for", plain, ["password", "digest"], "<password>Calli0pe</password>"],
    ["the password, asked for", plain, ["password"], "<password>Calli0pe</password>"],
    ["the digest, there being no other", plain, ["digest"], `<digest>${DIGEST}</digest>`],
  ])("%s is sent", async (_, dialect, fields, sent) => {
    const { ready, broker } = await attempt(
      dialect,
      OPENING + asking(...fields) + sending(sent) + GOOD,
      { tls: "plaintext" },
    );
    expect(ready).toBeDefined();
    broker.halt();
  });

  test.each([
    ["the password only, not asked for", bill, ["password"], "plaintext"],
    ["nothing we know", plain, ["sequence", "token"], "plaintext"],
    ["the password only, and TLS was hoped for in vain", plain, ["password"], "opportunistic"],
  ] as const)("%s: nothing is sent", async (_, dialect, fields, tls) => {
    const { error, events, peer } = await attempt(
      dialect,
      `C: <stream:stream …>
      S: ${HEADER}${asking(...fields)}`,
      { tls },
    );
    expect(error?.code).toBe("NO_MECHANISM");
    expect(events).toContain("auth:failure NO_MECHANISM");
    expect(peer.heard).not.toContain("Calli0pe");
  });
});

describe("a login that is refused", () => {
  test.each([
    ["not-authorized", `<error type='auth'><not-authorized xmlns='${STANZAS}'/></error>`],
    ["not-authorized", "<error code='401'/>"],
    ["conflict", "<error code='409'>Conflict</error>"],
    ["not-acceptable", `<error type='modify'><not-acceptable xmlns='${STANZAS}'/></error>`],
    ["undefined-condition", ""],
  ])("with %s is tried once", async (condition, error) => {
    const refused = await attempt(
      bill,
      `${LOGIN}
      S: <iq type='error' id='{b}'><query xmlns='${AUTH}'><password>Calli0pe</password></query>${error}</iq>
      C: </stream:stream>`,
    );
    await refused.peer.done;
    expect(refused.error).toBeInstanceOf(AuthError);
    expect(refused.error).toMatchObject({
      code: "AUTH_FAILED",
      condition,
      mechanism: "jabber:iq:auth digest",
    });
    expect(refused.error?.message).not.toContain("Calli0pe");
    expect(refused.error?.cause).toBeUndefined();
    expect(refused.events).toContain("auth:failure AUTH_FAILED");
  });

  test("by the list of fields once more, as Prosody does, is no success", async () => {
    const { error } = await attempt(
      bill,
      `${LOGIN}
      S: <iq type='result' id='{b}'><query xmlns='${AUTH}'><username/><password/><resource/></query></iq>`,
    );
    expect(error).toMatchObject({ code: "AUTH_FAILED", condition: undefined });
  });

  test("before anything is sent, when the fields are asked for", async () => {
    const { error, peer } = await attempt(
      bill,
      `${OPENING}
      C: <iq type='get' id='{a}'>…</iq>
      S: <iq type='error' id='{a}'><error type='cancel'><service-unavailable xmlns='${STANZAS}'/></error></iq>`,
    );
    expect(error).toMatchObject({ code: "AUTH_FAILED", condition: "service-unavailable" });
    expect(peer.heard).not.toContain(DIGEST);
  });
});

describe("a stream error that ends the login", () => {
  const ending = (dialect: Dialect, sent: string): Promise<Attempt> =>
    attempt(
      dialect,
      `${OPENING}${asking("password", "digest")}${sending(sent)}
      S: <stream:error><policy-violation xmlns='${STREAMS}'/><text xmlns='${STREAMS}'>not Calli0pe</text></stream:error>`,
      { tls: "plaintext" },
    );

  test("repeats no password where the password was sent", async () => {
    const { error } = await ending(plain, "<password>Calli0pe</password>");
    expect(error).toMatchObject({ code: "STREAM_ERROR", condition: "policy-violation" });
    expect(told(error)).not.toContain("Calli0pe");
  });

  test("is told in full where a digest was sent", async () => {
    const { error } = await ending(bill, `<digest>${DIGEST}</digest>`);
    expect(error).toMatchObject({ code: "STREAM_ERROR", text: "not Calli0pe" });
  });
});

test("a stream without an id makes no digest", async () => {
  const { error } = await attempt(
    bill,
    `${OPENING}${asking("password", "digest")}`.replace(" id='3EE948B0'", ""),
  );
  expect(error?.code).toBe("PROTOCOL_ERROR");
});

describe("TLS", () => {
  const STARTTLS = `
    C: <stream:stream …version='1.0'>
    S: ${HEADER_1_0}<stream:features><starttls xmlns='${TLS}'/></stream:features>
    C: <starttls xmlns='${TLS}'/>
    S: <proceed xmlns='${TLS}'/>
    C: <stream:stream …version='1.0'>
    S: ${HEADER_1_0}<stream:features/>`;

  test.each(["required", "opportunistic"] as const)(
    "that is %s is begun where a header of version 1.0 makes the server offer it",
    async (tls) => {
      const { ready, events, broker } = await attempt(
        plain,
        STARTTLS + asking("password") + sending("<password>Calli0pe</password>") + GOOD,
        { tls },
      );
      expect(ready).toBeDefined();
      expect(events.slice(3)).toEqual([
        "stream:start",
        "tls:start",
        "tls:success",
        "stream:start",
        "auth:start jabber:iq:auth",
        "auth:success jabber:iq:auth plaintext",
        "ready bill@shakespeare.lit/globe",
      ]);
      broker.halt();
    },
  );

  test("makes a digest of the id that the new stream has", async () => {
    const { ready, broker } = await attempt(
      bill,
      STARTTLS.replace("id='3EE948B0'", "id='clear'") +
        asking("digest") +
        sending(`<digest>${DIGEST}</digest>`) +
        GOOD,
      { tls: "required" },
    );
    expect(ready).toBeDefined();
    broker.halt();
  });

  test.each([
    ["has no version", HEADER],
    ["offers none", `${HEADER_1_0}<stream:features/>`],
  ])("that is required ends in TLS_UNAVAILABLE where the server %s", async (_, header) => {
    const { error, peer } = await attempt(bill, `C: <stream:stream …>\nS: ${header}`, {
      tls: "required",
    });
    expect(error?.code).toBe("TLS_UNAVAILABLE");
    expect(peer.unread).not.toContain("<iq");
  });

  test.each([
    ["has no version", HEADER],
    ["offers none", `${HEADER_1_0}<stream:features/>`],
  ])("that is opportunistic is done without where the server %s", async (_, header) => {
    const { ready, broker } = await attempt(
      bill,
      `C: <stream:stream …>\nS: ${header}${LOGIN.slice(OPENING.length)}${GOOD}`,
      { tls: "opportunistic" },
    );
    expect(ready).toBeDefined();
    broker.halt();
  });

  test("must be decided by the caller for another machine", async () => {
    const refused = { code: "BAD_OPTION" };
    await expect(attempt(bill, "", { host: "jabber.example.org" })).rejects.toMatchObject(refused);
    const { error, peer } = await attempt(bill, "", { host: undefined });
    expect(error).toMatchObject(refused);
    expect(peer.attempts).toBe(0);
  });
});

const phases: { phase: string; script: string; mute: Deadline; event?: string }[] = [
  { phase: "the header", script: "C: <stream:stream …>", mute: "TIMEOUT_STREAM" },
  {
    phase: "the fields",
    script: `${OPENING}\nC: <iq …</iq>`,
    mute: "TIMEOUT_AUTH",
    event: "auth:failure",
  },
  { phase: "the result", script: LOGIN, mute: "TIMEOUT_AUTH", event: "auth:failure" },
];

describe.each(phases)("a server that, in place of $phase,", ({ phase, script, mute, event }) => {
  test("stays mute", async () => {
    const { events } = await attemptAtMute(bill, script, mute);
    if (event !== undefined) expect(events).toContain(`${event} ${mute}`);
  });

  test.each([
    ["cuts the connection", "(cut)", "DISCONNECTED"],
    ["sends what is no XML", "<1>", "NOT_WELL_FORMED"],
    ["sends something else", "<foo xmlns='urn:foo'/>", "PROTOCOL_ERROR"],
  ])("%s", async (_, line, code) => {
    const { error, events, peer } = await attempt(bill, `${script}\nS: ${line}`);
    const isOpen = phase !== "the header" || code !== "PROTOCOL_ERROR";
    expect(error?.code).toBe(isOpen ? code : "PROTOCOL_ERROR");
    if (event !== undefined) expect(events).toContain(`${event} ${code}`);
    await peer.over;
  });
});

describe("an option that cannot be used is named before anything is opened", () => {
  const good = { jid: "bill@shakespeare.lit", password: "Calli0pe" };
  test.each<[string, unknown, string]>([
    ["no options", null, "the options of legacy must be an object"],
    ["a jid without a user", { ...good, jid: "shakespeare.lit" }, 'got "shakespeare.lit"'],
    ["no password", { jid: good.jid }, "password must be"],
    [
      "a plaintext that is no flag",
      { ...good, plaintext: "yes" },
      "plaintext must be true or false",
    ],
    [
      "an option of another dialect",
      { ...good, mechanisms: [] },
      'an option of legacy must be one of jid, password, username, plaintext, got "mechanisms"',
    ],
  ])("%s", (_, options, message) => {
    expect(() => legacy(options as never)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});

test.each([
  ["x\u00b2@Shakespeare.lit/\u2764\ufe0f", "x\u00b2", "\u2764\ufe0f"],
  ["\u2603@shakespeare.lit/Globe", "\u2603", "Globe"],
  ["Bill@shakespeare.lit/globe", "bill", "globe"],
])("the account %j logs in as %j", async (jid, username, resource) => {
  const query = (fields: string) =>
    `<query xmlns='${AUTH}'><username>${username}</username>${fields}</query>`;
  const { ready, broker } = await attempt(
    legacy({ jid, password: "Calli0pe" }),
    `${OPENING}
    C: <iq type='get' id='{a}'>${query("")}</iq>
    S: <iq type='result' id='{a}'>${query("<digest/><resource/>")}</iq>
    C: <iq type='set' id='{b}'>${query(`<digest>${DIGEST}</digest><resource>${resource}</resource>`)}</iq>${GOOD}`,
  );
  expect(ready?.jid).toBe(`${username}@shakespeare.lit/${resource}`);
  broker.halt();
});
