import { describe, expect, test } from "vitest";
import type { Crypto } from "../../src/base/crypto/crypto.ts";
import { nodeCrypto } from "../../src/base/crypto/node-crypto.ts";
import type { Broker } from "../../src/broker/broker.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { jabberd2 } from "../../src/dialect/jabberd2.ts";
import { xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import {
  type Attempt,
  attemptAtMute,
  attempt as attemptWith,
  type Deadline,
  expectTheSameAtEveryCut,
  knownCrypto,
} from "./attempt.ts";

const TLS = "urn:ietf:params:xml:ns:xmpp-tls";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const NS = "http://jabberd.jabberstudio.org/ns/component/1.0";

/** As recorded with the router of jabberd2 2.7.0, whose client nonce was the digits of `knownCrypto`. */
const HEADER = `<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='${NS}' from='localhost' version='1.0' id='blsbg101b8cy8orseb8asw4ohyvyuq06cthsuiu6'>`;
const MECHANISMS = `<mechanisms xmlns='${SASL}'><mechanism>DIGEST-MD5</mechanism></mechanisms>`;
const STREAM = "xmlns:stream='http://etherx.jabber.org/streams'";

const OPENING = `
  C: <stream:stream xmlns='${NS}' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>
  S: ${HEADER}`;

const STARTTLS = `${OPENING}
  S: <stream:features ${STREAM}><starttls xmlns='${TLS}'/>${MECHANISMS}</stream:features>
  C: <starttls xmlns='${TLS}'/>
  S: <proceed xmlns='${TLS}'/>`;

const response =
  'charset=utf-8,username="jabberd",realm="jabberd-router",nonce="M9BzzctdSBuhbTwYRXFQnw==",' +
  'nc=00000001,cnonce="dfd97f2d44ad2533",digest-uri="jabberd-router/localhost",' +
  "response=2b0e5a3a0abc927e3499cff42d3cde3f,qop=auth";

const DIGEST = `${OPENING}
  S: <stream:features ${STREAM}>${MECHANISMS}</stream:features>
  C: <auth xmlns='${SASL}' mechanism='DIGEST-MD5'/>
  S: <challenge xmlns='${SASL}'>cmVhbG09ImphYmJlcmQtcm91dGVyIiwgbm9uY2U9Ik05Qnp6Y3RkU0J1aGJUd1lSWEZRbnc9PSIsIHFvcD0iYXV0aCIsIGNoYXJzZXQ9dXRmLTgsIGFsZ29yaXRobT1tZDUtc2Vzcw==</challenge>
  C: <response xmlns='${SASL}'>${btoa(response)}</response>`;

const PROVED = `${DIGEST}
  S: <success xmlns='${SASL}'>cnNwYXV0aD1jOTc0YzkzYTQ5NGZiNDY2OTI3M2RhZjY5MzZiMWQ3Mg==</success>
  ${OPENING}
  S: <stream:features ${STREAM}></stream:features>`;

const binding = (name: string, inside = ""): string => `
  C: <bind name='${name}'${inside === "" ? "/>" : `>${inside}</bind>`}`;

const BOUND = `
  S: <bind xmlns='${NS}'></bind>`;

const LOGIN = `${STARTTLS}${PROVED}${binding("echo.localhost")}${BOUND}`;

const options = { domain: "localhost", username: "jabberd", password: "secret" };
const echo = jabberd2({ ...options, bind: { names: ["echo.localhost"] } });

/** The router's mechanism needs MD5, which Web Crypto lacks. */
const crypto: Crypto = { ...nodeCrypto, random: (length) => knownCrypto.random(length) };

function attempt(
  dialect: Dialect,
  script: string,
  given: Parameters<typeof attemptWith>[2] = {},
  arrange?: (broker: Broker) => void,
): Promise<Attempt> {
  return attemptWith(dialect, script, { crypto, ...given }, arrange);
}

test("the password may be asked for", async () => {
  const asking = jabberd2({
    ...options,
    password(ask) {
      expect(ask).toEqual({ mechanism: "DIGEST-MD5", domain: "localhost", attempt: 1 });
      return "secret";
    },
    bind: { names: ["echo.localhost"] },
  });
  const { ready, broker } = await attempt(asking, LOGIN);
  expect(ready?.jid).toBe("echo.localhost");
  broker.halt();
});

test("the whole login: STARTTLS, DIGEST-MD5, one name", async () => {
  const { ready, events, peer, broker } = await attempt(echo, LOGIN);
  expect(ready).toEqual({ jid: "echo.localhost", resumed: false });
  expect(events).toEqual([
    "connect",
    "connecting",
    "connected",
    "stream:start",
    "tls:start",
    "tls:success",
    "stream:start",
    "auth:start DIGEST-MD5",
    "auth:success DIGEST-MD5",
    "stream:start",
    "bind:start",
    "bind:success echo.localhost",
    "ready echo.localhost",
  ]);
  await peer.done;
  expect(peer.unread).toBe("");
  broker.halt();
});

test("the limit that the features after the login announce is that of sending (XEP-0478)", async () => {
  const limits = "<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10000</max-bytes></limits>";
  const announced = PROVED.replace(/(?=<\/stream:features>$)/, limits);
  const { broker } = await attempt(
    echo,
    `${STARTTLS}${announced}${binding("echo.localhost")}${BOUND}`,
  );
  const send = (length: number) =>
    broker.send(xml("message", { to: "romeo@localhost" }, "x".repeat(length)));
  expect([9000, 10_000].map((length) => send(length).error?.code)).toEqual([
    undefined,
    "TOO_LARGE",
  ]);
  broker.halt();
});

test("the login is the same wherever its bytes are cut", { timeout: 60_000 }, async () => {
  await expectTheSameAtEveryCut((cut) => attempt(echo, LOGIN, { cut }));
});

test("without names the user's own, below the domain, is bound", async () => {
  const { ready, broker } = await attempt(
    jabberd2(options),
    `${STARTTLS}${PROVED}${binding("jabberd.localhost")}${BOUND}`,
  );
  expect(ready?.jid).toBe("jabberd.localhost");
  broker.halt();
});

test("several names are bound one after the other; log and default go with the first", async () => {
  const { ready, events, peer, broker } = await attempt(
    jabberd2({
      ...options,
      bind: { names: ["echo.localhost", "Second.localhost"], log: true, default: true },
    }),
    `${STARTTLS}${PROVED}${binding("echo.localhost", "<log/><default/>")}
    S: <bind xmlns='${NS}'><log></log><default></default></bind>
    ${binding("second.localhost")}
    S: <presence xmlns='${NS}' from='sm'/><presence xmlns='${NS}' from='c2s'/>
    ${BOUND}`,
  );
  expect(ready?.jid).toBe("echo.localhost");
  expect(events.filter((event) => event.startsWith("bind:"))).toEqual([
    "bind:start",
    "bind:success echo.localhost",
    "bind:start",
    "bind:success second.localhost",
  ]);
  await peer.done;
  broker.halt();
});

test("what the router says between the answers is delivered once ready", async () => {
  const received: string[] = [];
  const { broker, peer } = await attempt(
    echo,
    `${STARTTLS}${PROVED}${binding("echo.localhost")}
    S: <presence xmlns='${NS}' from='sm'/>
    S: <route xmlns='${NS}' to='echo.localhost' from='sm'>
       <message xmlns='jabber:client' from='bob@localhost' to='echo.localhost'/></route>
    ${BOUND}
    C: <route …</route>
    S: <presence xmlns='${NS}' from='late'/></stream:stream>`,
    {},
    (waiting) => {
      waiting.on("ready", () => waiting.send(xml("message", { to: "a@b" })));
      waiting.on("received", ({ stanza }) => {
        received.push(`${stanza.name} ${stanza.ns ?? ""} ${stanza.attrs.from ?? ""}`);
      });
    },
  );
  await peer.done;
  await broker.closed;
  expect(received).toEqual([
    "presence jabber:client sm",
    "message jabber:client bob@localhost",
    "presence jabber:client late",
  ]);
});

test.each([
  ["400", false],
  ["403", false],
  ["409", true],
])("a bind that the router answers with %s ends the login", async (code, retryable) => {
  const { error, events } = await attempt(
    echo,
    `${STARTTLS}${PROVED}${binding("echo.localhost")}
    S: <bind xmlns='${NS}' error='${code}'></bind>
    C: </stream:stream>`,
  );
  expect(error).toMatchObject({ code: "BIND_FAILED", retryable });
  expect(error?.message).toContain(`echo.localhost, the router answers ${code}`);
  expect(events).toContain("bind:failure BIND_FAILED");
});

test("a second name that is refused ends the login as well", async () => {
  const { error } = await attempt(
    jabberd2({ ...options, bind: { names: ["echo.localhost", "second.localhost"] } }),
    `${LOGIN}${binding("second.localhost")}
    S: <bind xmlns='${NS}' error='409'></bind>`,
  );
  expect(error?.message).toContain("second.localhost");
});

test("wrong credentials are one typed failure, tried once", async () => {
  const { error, peer } = await attempt(
    echo,
    `${STARTTLS}${DIGEST}
    S: <failure xmlns='${SASL}'><not-authorized/><text>Error authenticating user</text></failure>
    C: </stream:stream>`,
  );
  await peer.done;
  expect(error).toMatchObject({ code: "AUTH_FAILED", condition: "not-authorized" });
});

test.each([
  ["without a proof", `<success xmlns='${SASL}'/>`],
  [
    "with a wrong proof",
    `<success xmlns='${SASL}'>${btoa("rspauth=00000000000000000000000000000000")}</success>`,
  ],
])("a success %s is none", async (_, success) => {
  const { error } = await attempt(echo, `${STARTTLS}${DIGEST}\nS: ${success}`);
  expect(error).toMatchObject({ code: "AUTH_FAILED", condition: undefined });
});

test("PLAIN is never used, not even inside TLS", async () => {
  const { error, peer } = await attempt(
    echo,
    `${STARTTLS}${OPENING}
    S: <stream:features><mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`,
  );
  expect(error?.code).toBe("NO_MECHANISM");
  expect(peer.heard).not.toContain("<auth");
});

test("a router without TLS ends in TLS_UNAVAILABLE, unless the caller does without", async () => {
  const features = `${OPENING}\nS: <stream:features ${STREAM}>${MECHANISMS}</stream:features>`;
  const refused = await attempt(echo, features);
  expect(refused.error?.code).toBe("TLS_UNAVAILABLE");
  const script = `${PROVED}${binding("echo.localhost")}${BOUND}`;
  const { ready, broker } = await attempt(echo, script, { tls: "plaintext" });
  expect(ready).toBeDefined();
  broker.halt();
});

describe("traffic", () => {
  test("goes out in an envelope and comes in without", async () => {
    const matches: unknown[] = [];
    const { broker, peer } = await attempt(
      echo,
      `${LOGIN}
      C: <route from='echo.localhost' to='localhost'><message xmlns='jabber:client' to='bob@localhost' …><body>hi</body></message></route>
      S: <route xmlns='${NS}' to='echo.localhost' from='sm'>
         <message xmlns='jabber:client' to='echo.localhost' from='bob@localhost/lab'><body>hi</body></message></route></stream:stream>`,
      {},
      (waiting) => {
        waiting.filter("/message/body", ({ stanza, route }) => {
          matches.push([stanza.attrs.from, route?.attrs.from]);
        });
      },
    );
    broker.send(xml("message", { to: "bob@localhost" }, xml("body", {}, "hi")));
    await peer.done;
    await broker.closed;
    expect(matches).toEqual([["bob@localhost/lab", "sm"]]);
  });

  test("that comes back fails its delivery", async () => {
    const { broker } = await attempt(
      echo,
      `${LOGIN}
      C: <route from='echo.localhost' to='nowhere'><message xmlns='jabber:client' to='x@nowhere' …id='{id}'…></route>
      S: <route xmlns='${NS}' error='404' from='echo.localhost' to='nowhere'><message xmlns='jabber:client' to='x@nowhere' from='echo.localhost' id='{id}'/></route>`,
    );
    const failed = new Promise((resolve) => {
      broker.on("delivery", ({ delivery }) => {
        if (delivery.state === "failed") resolve(delivery.error);
      });
    });
    const delivery = broker.send(xml("message", { to: "x@nowhere" }));
    expect(await failed).toMatchObject({ code: "NOT_ROUTED" });
    expect(delivery.state).toBe("failed");
    broker.halt();
  });

  test("in an envelope that does not bear it out is dropped, and answers no request", async () => {
    const envelope = (from: string, iq: string) =>
      `<route xmlns='${NS}' from='${from}' to='echo.localhost'><iq xmlns='jabber:client' to='echo.localhost' ${iq}/></route>`;
    const log: string[] = [];
    const { broker } = await attempt(
      echo,
      `${LOGIN}
      C: <route from='echo.localhost' to='localhost'><iq …id='1'…></route>
      S: ${envelope("evil", "from='localhost' type='result' id='1'")}
      S: ${envelope("evil", "from='localhost' type='get' id='2'")}
      S: ${envelope("sm", "from='localhost' type='result' id='1'")}`,
      {},
      (waiting) => {
        waiting.on("received", ({ stanza }) => log.push(`received ${stanza.attrs.id ?? ""}`));
        waiting.on("dropped", ({ stanza, error }) => {
          log.push(`dropped ${stanza.attrs.id ?? ""} ${error.code}`);
        });
      },
    );
    await broker.request(xml("iq", { type: "get", id: "1", to: "localhost" }));
    expect(log).toEqual(["dropped 1 MISADDRESSED", "dropped 2 MISADDRESSED"]);
    broker.halt();
  });

  test("of a server whose parts have other ids is let in by them", () => {
    const dialect = jabberd2({ ...options, relays: ["manager.example"] });
    const dropped = (from: string) =>
      dialect.inbound?.(
        parse(
          `<route xmlns='${NS}' from='${from}' to='b'><iq xmlns='jabber:client' from='a@c' to='b'/></route>`,
        ),
      )?.dropped;
    expect(dropped("manager.example")).toBeUndefined();
    expect(dropped("sm")?.code).toBe("MISADDRESSED");
  });

  test("that comes back with the addresses of others rejects no request of the same id", async () => {
    const back = (attributes: string) =>
      `<route xmlns='${NS}' error='404' from='echo.localhost' to='x'><iq xmlns='jabber:client' type='get' id='1' ${attributes}/></route>`;
    const { broker } = await attempt(
      echo,
      `${LOGIN}
      C: <route from='echo.localhost' to='x'><iq …id='1'…></route>
      S: ${back("to='b@x' from='echo.localhost'")}
      S: ${back("to='a@x' from='bot@echo.localhost'")}
      S: <route xmlns='${NS}' from='x' to='echo.localhost'><iq xmlns='jabber:client' type='result' id='1' from='a@x' to='echo.localhost'/></route>`,
    );
    const answer = await broker.request(xml("iq", { type: "get", id: "1", to: "a@x" }));
    expect(answer.attrs.type).toBe("result");
    broker.halt();
  });

  test("from and to addresses that only servers allow passes both ways", async () => {
    const iq = (addresses: string, type: string) =>
      `<iq xmlns='jabber:client' type='${type}' id='1' ${addresses}/>`;
    const { broker, peer } = await attempt(
      echo,
      `${LOGIN}
      C: <route from='echo.localhost' to='localhost'><message xmlns='jabber:client' to='alice@localhost/\u2764\ufe0f' from='\u2665@echo.localhost' …/></route>
      S: <route xmlns='${NS}' from='sm' to='echo.localhost'>${iq("from='alice@localhost/\u2764\ufe0f' to='\u2603%i@echo.localhost'", "get")}</route>
      C: <route from='echo.localhost' to='localhost'><iq xmlns='jabber:client' type='error' id='1' to='alice@localhost/\u2764\ufe0f' from='\u2603%i@echo.localhost'>…</route>`,
    );
    broker.send(
      xml("message", { to: "alice@localhost/\u2764\ufe0f", from: "\u2665@echo.localhost" }),
    );
    await peer.done;
    broker.halt();
  });

  test("of the caller's own goes unchanged, and fails its delivery when it comes back", async () => {
    const stanza = "<message xmlns='jabber:client' to='x@nowhere' from='echo.localhost' id='own'/>";
    const { broker } = await attempt(
      echo,
      `${LOGIN}
      C: <route from='echo.localhost' to='nowhere'>${stanza}</route>
      S: <route xmlns='${NS}' error='404' from='echo.localhost' to='nowhere'>${stanza}</route>`,
    );
    const failed = new Promise((resolve) => {
      broker.on("delivery", ({ delivery }) => {
        if (delivery.state === "failed") resolve(delivery);
      });
    });
    const own = `<route xmlns='${NS}' from='echo.localhost' to='nowhere'>${stanza}</route>`;
    const delivery = broker.send(parse(own));
    expect(await failed).toBe(delivery);
    broker.halt();
  });

  test("that is a copy for the log is in the router's namespace, with the stanza in its own", async () => {
    const message = "<message xmlns='jabber:client' to='a@b'/>";
    const { broker } = await attempt(
      echo,
      `${LOGIN}
      C: <route from='echo.localhost' to='b'><message xmlns='jabber:client' to='a@b' …/></route>
      S: <route xmlns='${NS}' type='log' from='a' to='b'>${message}<presence/></route>`,
    );
    const copied = broker.waitFor("/r:route[c:message][c:presence]", {
      namespaces: { r: NS, c: "jabber:client" },
    });
    broker.send(xml("message", { to: "a@b" }));
    await copied;
    broker.halt();
  });

  test("goes by hand where envelopes are off", async () => {
    const seen: unknown[] = [];
    const { broker, peer } = await attempt(
      jabberd2({ ...options, bind: { names: ["echo.localhost"] }, envelopes: false }),
      `${LOGIN}
      C: <route from='echo.localhost' to='c2s'><iq xmlns='jabber:client'/></route>
      S: <route xmlns='${NS}' to='echo.localhost' from='sm'><message xmlns='jabber:client'/></route></stream:stream>`,
      {},
      (waiting) => {
        waiting.on("received", ({ stanza }) => {
          seen.push([stanza.name, stanza.childrenOf().map((child) => child.ns)]);
        });
      },
    );
    broker.send(
      parse(
        `<route xmlns='${NS}' from='echo.localhost' to='c2s'><iq xmlns='jabber:client'/></route>`,
      ),
    );
    await peer.done;
    await broker.closed;
    expect(seen).toEqual([["route", ["jabber:client"]]]);
  });

  test("gets an envelope also where envelopes are off, if the program gave it none", () => {
    const off = jabberd2({ ...options, bind: { names: ["echo.localhost"] }, envelopes: false });
    const bare = xml("iq", { type: "get", to: "echo.localhost" });
    expect(off.outbound?.(bare).toString()).toBe(
      `<route xmlns='${NS}' from='echo.localhost' to='echo.localhost'><iq xmlns='jabber:client' type='get' to='echo.localhost' from='echo.localhost'/></route>`,
    );
    for (const own of [parse(`<route xmlns='${NS}'/>`), xml("route", { to: "c2s" })]) {
      expect(off.outbound?.(own)).toBe(own);
    }
  });

  test("copied for the log is neither answered nor taken for an answer", async () => {
    const seen: string[] = [];
    const { broker, peer } = await attempt(
      jabberd2({ ...options, bind: { names: ["echo.localhost"], log: true } }),
      `${STARTTLS}${PROVED}${binding("echo.localhost", "<log/>")}${BOUND}
      C: <route …</route>
      S: <route xmlns='${NS}' type='log' to='c2s' from='sm'><iq xmlns='jabber:client' type='get' id='q' from='a@b' to='echo.localhost'><ping xmlns='urn:xmpp:ping'/></iq></route>
      C: <route …id='second'…</route>
      S: </stream:stream>`,
      {},
      (waiting) => {
        waiting.on("received", ({ stanza }) => {
          seen.push(`${stanza.name} ${stanza.attrs.type ?? ""}`);
          waiting.send(xml("message", { to: "a@b", id: "second" }));
        });
      },
    );
    broker.send(xml("message", { to: "a@b" }));
    await peer.done;
    await broker.closed;
    expect(seen).toEqual(["route log"]);
    expect(peer.heard).not.toContain("id='q'");
  });
});

const phases: { phase: string; script: string; mute: Deadline; event?: string }[] = [
  { phase: "the header", script: "C: <stream:stream …>", mute: "TIMEOUT_STREAM" },
  { phase: "the features", script: OPENING, mute: "TIMEOUT_STREAM" },
  {
    phase: "<proceed/>",
    script: STARTTLS.slice(0, STARTTLS.lastIndexOf("S:")),
    mute: "TIMEOUT_TLS",
    event: "tls:failure",
  },
  {
    phase: "the challenge",
    script: STARTTLS + DIGEST.slice(0, DIGEST.indexOf("S: <challenge")),
    mute: "TIMEOUT_AUTH",
    event: "auth:failure",
  },
  { phase: "<success/>", script: STARTTLS + DIGEST, mute: "TIMEOUT_AUTH", event: "auth:failure" },
  {
    phase: "the answer to bind",
    script: `${STARTTLS}${PROVED}${binding("echo.localhost")}`,
    mute: "TIMEOUT_BIND",
    event: "bind:failure",
  },
];

describe.each(phases)("a router that, in place of $phase,", ({ script, mute, event }) => {
  test("stays mute", async () => {
    const { events } = await attemptAtMute(echo, script, mute, { crypto });
    if (event !== undefined) expect(events).toContain(`${event} ${mute}`);
  });

  test.each([
    ["cuts the connection", "(cut)", "DISCONNECTED"],
    ["sends what is no XML", "<1>", "NOT_WELL_FORMED"],
    ["sends something else", "<foo xmlns='urn:foo'/>", "PROTOCOL_ERROR"],
  ])("%s", async (_, line, code) => {
    const { error, events, peer } = await attempt(echo, `${script}\nS: ${line}`);
    expect(error?.code).toBe(code);
    if (event !== undefined) expect(events).toContain(`${event} ${code}`);
    await peer.over;
  });
});

test("a stray error of the session before, as jabberd2 sends it, is a stream error to try again after", async () => {
  const { error } = await attempt(
    echo,
    `${OPENING}
    S: <stream:error ${STREAM}><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
  );
  expect(error).toMatchObject({
    code: "STREAM_ERROR",
    condition: "internal-server-error",
    retryable: true,
  });
});

describe("an option that cannot be used is named before anything is opened", () => {
  test.each<[string, unknown, string]>([
    ["no options", 5, "the options of jabberd2 must be an object, got 5"],
    ["no domain", { ...options, domain: undefined }, "domain must be a domain"],
    ["no user", { ...options, username: "" }, "username must be"],
    ["no password", { ...options, password: undefined }, "password must be"],
    ["a user of whom no name can be made", { ...options, username: "a b" }, "bind.names must be"],
    ["a bind that is a name", { ...options, bind: "echo" }, "bind must be an object"],
    ["no names", { ...options, bind: { names: [] } }, "bind.names must be a list of 1 to 100"],
    ["too many names", { ...options, bind: { names: Array(101).fill("a") } }, "bind.names must be"],
    ["a name that is an address", { ...options, bind: { names: ["a@b"] } }, 'got "a@b"'],
    [
      "a log that is no flag",
      { ...options, bind: { log: "yes" } },
      "bind.log must be true or false",
    ],
    [
      "a misspelt bind option",
      { ...options, bind: { name: "x" } },
      'an option of bind must be one of names, log, default, got "name"',
    ],
    ["a misspelt option", { ...options, user: "x" }, 'bind, envelopes, relays, got "user"'],
    ["relays that are no list", { ...options, relays: "sm" }, "relays must be a list of 1 to 100"],
    ["a relay that is an address", { ...options, relays: ["a@b"] }, 'got "a@b"'],
    ["envelopes that are no flag", { ...options, envelopes: 1 }, "envelopes must be true or false"],
  ])("%s", (_, given, message) => {
    expect(() => jabberd2(given as never)).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});
