import { afterEach, describe, expect, test, vi } from "vitest";
import type { Crypto } from "../../../src/base/crypto/crypto.ts";
import { isBrokerError } from "../../../src/base/errors.ts";
import { Broker } from "../../../src/broker/broker.ts";
import type { BrokerOptions } from "../../../src/contract/options.ts";
import { component } from "../../../src/dialect/component.ts";
import { bosh } from "../../../src/stream/bosh/bosh.ts";
import type { Fetch } from "../../../src/stream/bosh/post.ts";
import { firstRid, termsOf } from "../../../src/stream/bosh/terms.ts";
import { xml } from "../../../src/xml/element.ts";
import { knownCrypto } from "../../dialect/attempt.ts";
import * as talk from "../../dialect/xmpp-conversation.ts";
import { QUIET } from "../../quiet-runtime.ts";
import { VirtualClock } from "../../virtual-clock.ts";
import { ScriptedHttp } from "./scripted-http.ts";

const URL = "https://example.org/http-bind";
const STREAM = "xmlns:stream='http://etherx.jabber.org/streams'";

/** The first `rid` is 1. */
const crypto: Crypto = {
  ...knownCrypto,
  random: (length) => (length === 7 ? new Uint8Array(7) : knownCrypto.random(length)),
};

/** A login with SCRAM (RFC 5802, 5), by BOSH. The random id is that of `knownCrypto`. */
const LOGIN = `
  C 1: <body ack='1' to='example.org' xmpp:version='1.0' content='text/xml; charset=utf-8' ver='1.11' wait='50' hold='1'/>
  S 1: <body sid='s' requests='2' polling='5' inactivity='60' authid='a' from='example.org' xmpp:version='1.0' ${STREAM}><stream:features><mechanisms xmlns='${talk.SASL}'><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features></body>
  C 2: <body sid='s'><auth xmlns='${talk.SASL}' mechanism='SCRAM-SHA-1'>biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM</auth></body>
  S 2: <body><challenge xmlns='${talk.SASL}'>cj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==</challenge></body>
  C 3: <body sid='s'><response xmlns='${talk.SASL}'>…
  S 3: <body><success xmlns='${talk.SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</success></body>
  C 4: <body sid='s' to='example.org' xmpp:restart='true'/>
  S 4: <body><stream:features ${STREAM}><bind xmlns='${talk.BIND}'/></stream:features></body>
  C 5: <body sid='s'><iq xmlns='jabber:client' …
  S 5: <body><iq xmlns='jabber:client' type='result' id='dfd97f2d44ad2533'><bind xmlns='${talk.BIND}'><jid>user@example.org/balcony</jid></bind></iq></body>
  C 6: <body sid='s'/>`;

function start(options: Partial<BrokerOptions> = {}, url = URL) {
  const clock = new VirtualClock();
  const http = new ScriptedHttp(clock, true);
  const broker = new Broker(
    { dialect: talk.romeo, transport: bosh({ url, fetch: http.fetch }), ...options },
    {
      connect: () => Promise.reject(new Error("not in use")),
      clock,
      crypto,
      ...QUIET,
    },
  );
  return { clock, http, broker };
}

describe("a broker over BOSH", () => {
  test("logs in, and has no transport", async () => {
    const { http, broker } = start();
    const seen: unknown[] = [];
    broker.on("tls:success", (facts) => seen.push(facts.protocol));
    broker.on("stream:start", ({ header }) => seen.push(header.includes("rid=")));
    const ready = broker.connect();
    await http.follow(LOGIN, () => undefined);
    expect(await ready).toMatchObject({ jid: "user@example.org/balcony", resumed: false });
    expect(broker.transport).toBeUndefined();
    expect(seen).toEqual(["unknown", false, false]);
    broker.halt();
  });

  test("has written a stanza once its request is answered", async () => {
    const { http, broker } = start({ acks: false });
    void broker.connect();
    await http.follow(LOGIN, () => undefined);
    const delivery = broker.send(xml("message", { id: "1" }, xml("body", {}, "hi")));
    await http.follow(
      `C 7: <body sid='s' ack='5'><message xmlns='jabber:client' id='1'><body>hi</body></message></body>
       S 6: <body/>`,
      () => undefined,
    );
    expect(delivery.state).toBe("queued");
    await http.follow("S 7: <body/>", () => undefined);
    expect(delivery.state).toBe("written");
    broker.halt();
  });

  test("shuts down with a goodbye, and is closed by its answer", async () => {
    const { http, broker, clock } = start();
    void broker.connect();
    await http.follow(LOGIN, () => undefined);
    const { closed } = broker;
    const over = broker.shutdown();
    await http.follow(
      `C 7: <body sid='s' ack='5' type='terminate'/>
       S 6: <body type='terminate'/>
       S 7: <body type='terminate'/>`,
      () => undefined,
    );
    await over;
    expect(await closed).toBeUndefined();
    expect(clock.timers).toBe(0);
  });

  test("halts without a word, also while a request is under way", async () => {
    const { http, broker, clock } = start();
    void broker.connect();
    await http.follow(LOGIN, () => undefined);
    broker.halt();
    await http.follow("nothing", () => undefined);
    expect(http.aborted).toHaveLength(1);
    expect(clock.timers).toBe(0);
    expect(broker.phase.name).toBe("idle");
  });

  /** Ends of a session, and the error of `closed`. */
  const ENDS: Record<string, object> = {
    "<body type='terminate'/>": { code: "DISCONNECTED", retryable: true },
    "<body type='terminate' condition='item-not-found'/>": {
      code: "STREAM_ERROR",
      condition: "item-not-found",
      retryable: true,
    },
    [`<body type='terminate' condition='remote-stream-error' ${STREAM}><stream:error><conflict xmlns='${talk.STREAMS}'/></stream:error></body>`]:
      { code: "STREAM_ERROR", condition: "conflict", retryable: false },
    [`<body type='terminate' condition='remote-stream-error'><conflict xmlns='${talk.STREAMS}'/></body>`]:
      { code: "STREAM_ERROR", condition: "conflict", retryable: false },
    "HTTP 404": { code: "STREAM_ERROR", condition: "item-not-found", retryable: true },
    "<html/>": { code: "PROTOCOL_ERROR" },
  };

  test.each(Object.entries(ENDS))("ends with the answer %s", async (answer, error) => {
    const { http, broker, clock } = start();
    void broker.connect();
    await http.follow(LOGIN, () => undefined);
    const { closed } = broker;
    await http.follow(`S 6: ${answer}`, () => undefined);
    await clock.pass(1000);
    expect(await closed).toMatchObject(error);
  });

  test("waits as its policy says when it cannot reach the server, and logs in anew", async () => {
    const { http, broker, clock } = start({ reconnect: true });
    const ready = broker.connect();
    await http.follow(
      `C 1: <body …
       S 1: HTTP 503`,
      () => undefined,
    );
    expect(broker.phase).toMatchObject({ name: "waiting", error: { code: "CONNECT_FAILED" } });
    await clock.pass(1000);
    await http.follow(LOGIN, () => undefined);
    await ready;
    broker.halt();
  });
});

describe("the options of bosh", () => {
  const BAD: Record<string, unknown> = {
    "a WebSocket": "wss://example.org/",
    "no address": "example.org",
    "an address with a user": "https://romeo@example.org/",
    "an address with a fragment": "https://example.org/#x",
    "a number": { url: 7 },
    "an unknown option": { path: "/http-bind" },
    "a fetch that is none": { url: URL, fetch: "fetch" },
  };

  test.each(Object.entries(BAD))("%s is BAD_OPTION", (_, given) => {
    expect(() => bosh(given as string)).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });

  const REFUSED: Record<string, Partial<BrokerOptions>> = {
    "tls.ca": { tls: { ca: "PEM" } },
    "tls.pins": { tls: { pins: [`${"A".repeat(43)}=`] } },
    "tls.minVersion": { tls: { minVersion: "TLSv1.3" } },
    "tls.servername": { tls: { servername: "elsewhere.example" } },
    "jabber:client": {
      dialect: component({ domain: "c.example.org", secret: "s" }),
      tls: "plaintext",
    },
  };

  test.each(Object.entries(REFUSED))("%s is refused when it connects", async (word, options) => {
    const { broker } = start(options);
    const error: unknown = await broker.connect().catch((thrown: unknown) => thrown);
    expect(isBrokerError(error) && error.code).toBe("BAD_OPTION");
    expect(String(error)).toContain(word);
  });

  test("http needs a policy that allows clear text", async () => {
    const { broker } = start({}, "http://example.org/http-bind");
    await expect(broker.connect()).rejects.toMatchObject({ code: "BAD_OPTION" });
  });
});

describe("without a fetch of its own", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test("bosh uses the one that the platform has at the time", async () => {
    const asked: string[] = [];
    const fetch: Fetch = (url) => {
      asked.push(url);
      return Promise.reject(new TypeError("offline"));
    };
    const { broker } = start({ transport: bosh(URL) });
    vi.stubGlobal("fetch", fetch);
    await expect(broker.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    expect(asked).toEqual([URL]);
  });
});

describe("the first rid", () => {
  test.each([
    ["the smallest", 0x00, 1],
    ["the largest", 0xff, 2 ** 51],
  ])("is at %s %i", (_, byte, rid) => {
    expect(firstRid({ random: (length) => new Uint8Array(length).fill(byte) })).toBe(rid);
  });
});

describe("the terms of a session", () => {
  const TERMS: Record<string, [Record<string, string>, object | undefined]> = {
    "the server's": [
      { sid: "s", wait: "30", hold: "1", requests: "3", polling: "2", inactivity: "20", ack: "1" },
      { wait: 30, requests: 3, polling: 2100, inactivity: 20_000, acks: true },
    ],
    "those of a server that says nothing": [
      { sid: "s" },
      { wait: 50, requests: 2, polling: 1100, inactivity: undefined, acks: false },
    ],
    "never more than was asked for": [
      { sid: "s", wait: "300", hold: "5" },
      { wait: 50, requests: 2 },
    ],
    "those of a server that holds nothing": [{ sid: "s", hold: "0" }, { requests: 1 }],
    "made of numbers only": [
      { sid: "s", wait: "-1", requests: "x", polling: "1e3", inactivity: "" },
      { wait: 50, requests: 2, polling: 1100, inactivity: undefined },
    ],
    "at least one request": [{ sid: "s", requests: "0" }, { requests: 1 }],
    "none without a sid": [{ wait: "30" }, undefined],
  };

  test.each(Object.entries(TERMS))("are %s", (_, [attributes, terms]) => {
    const settled = termsOf(attributes);
    if (terms === undefined) expect(settled).toBeUndefined();
    else expect(settled).toMatchObject(terms);
  });
});
