import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { type Element, xml } from "../../src/xml/element.ts";
import { bare, HEADER } from "../broker/line.ts";
import { knownCrypto } from "../dialect/attempt.ts";
import * as talk from "../dialect/xmpp-conversation.ts";
import { QUIET } from "../quiet-runtime.ts";
import { asBodies, bodyChannel } from "./body-channel-double.ts";
import { asMessages, messageChannel } from "./message-double.ts";

/** The ways that a conversation goes: as RFC 6120 has it, and by the two doubles. */
const WAYS = {
  "the framing of RFC 6120": [(script: string) => script, undefined],
  "the framing of RFC 7395": [asMessages, messageChannel],
  "a channel of elements": [asBodies, bodyChannel],
} as const;

const LOGIN = `${talk.PROVED}${talk.BINDING}${talk.bound("user@example.org/balcony")}`;
const REFUSED = `${talk.SCRAM}
  S: <failure xmlns='${talk.SASL}'><not-authorized/></failure>`;

/** A conversation, what the program does once ready, and what comes of it. */
const CONVERSATIONS: Record<
  string,
  { script: string; act?: (broker: Broker, seen: string[]) => unknown; outcome: unknown }
> = {
  "a login": { script: LOGIN, outcome: "ready user@example.org/balcony" },
  "a login that the server refuses": { script: REFUSED, outcome: "AUTH_FAILED" },
  "a server that says nothing fit to log in with": {
    script: talk.features("<mechanisms xmlns='urn:other'/>"),
    outcome: "NO_MECHANISM",
  },
  "a bind that is answered with an error": {
    script: `${talk.PROVED}${talk.BINDING}
      S: <iq type='error' id='{id}'><error type='cancel'><not-allowed xmlns='${talk.STANZAS}'/></error></iq>`,
    outcome: "BIND_FAILED",
  },
  "stanzas before and behind the end of the login in one piece": {
    script: `${talk.PROVED}${talk.BINDING}
      S: <message><body>early</body></message>
      ${talk.bound("user@example.org/balcony")}
      S: <message><body>late</body></message>`,
    outcome: ["ready user@example.org/balcony", "early", "late"],
  },
  "a stream error once ready": {
    script: `${LOGIN}
      S: <stream:error><conflict xmlns='${talk.STREAMS}'/></stream:error></stream:stream>`,
    outcome: ["ready user@example.org/balcony", "closed STREAM_ERROR"],
  },
  "the server's goodbye": {
    script: `${LOGIN}
      S: </stream:stream>`,
    outcome: ["ready user@example.org/balcony", "closed DISCONNECTED"],
  },
  "a stanza out, a request and its answer": {
    script: `${LOGIN}
      C: <message to='juliet@example.org'><body>hello</body></message>
      C: <iq type='get' to='example.org' id='{ping}'><ping xmlns='urn:xmpp:ping'/></iq>
      S: <iq type='result' from='example.org' id='{ping}'/>`,
    async act(broker, seen) {
      const sent = broker.send(
        xml("message", { to: "juliet@example.org" }, xml("body", {}, "hello")),
      );
      const ping = xml(
        "iq",
        { type: "get", to: "example.org" },
        xml("ping", { xmlns: "urn:xmpp:ping" }),
      );
      seen.push((await broker.request(ping)).attrs.type ?? "");
      await sent.written();
      seen.push(sent.state);
    },
    outcome: ["ready user@example.org/balcony", "result", "written"],
  },
  "an orderly shutdown": {
    script: `${LOGIN}
      C: </stream:stream>
      S: </stream:stream>`,
    act: (broker) => broker.shutdown(),
    outcome: ["ready user@example.org/balcony", "closed"],
  },
};

describe.each(Object.entries(WAYS))("over %s", (_, [translate, way]) => {
  test.each(Object.entries(CONVERSATIONS))("%s", async (_, { script, act, outcome }) => {
    const peer = new ScriptedPeer(translate(script));
    const broker = new Broker(
      {
        dialect: talk.romeo,
        tls: "plaintext",
        host: "127.0.0.1",
        transport: way === undefined ? peer.transport : way(peer.transport),
      },
      {
        connect: peer.transport,
        clock: systemClock,
        crypto: knownCrypto,
        ...QUIET,
      },
    );
    const seen: string[] = [];
    broker.filter("/message/body", ({ stanza }) => seen.push(stanza.childText("body") ?? ""));
    try {
      const { jid } = await broker.connect();
      seen.unshift(`ready ${jid}`);
      await act?.(broker, seen);
      await peer.done;
      const wanted = [outcome].flat();
      if (String(wanted.at(-1)).startsWith("closed")) {
        const reason = await broker.closed;
        seen.push(reason === undefined ? "closed" : `closed ${reason.code}`);
      } else await expect.poll(() => seen.length).toBe(wanted.length);
      expect(seen).toEqual(wanted);
    } catch (error) {
      expect((error as { code?: string }).code).toBe(outcome);
    }
    broker.halt();
  });
});

const SM = "urn:xmpp:sm:3";

/** A throw-away double: a login that resumes, as XEP-0198 will. */
const resuming: Dialect = {
  ...bare,
  async negotiate(login) {
    await login.open();
    const { previous } = login;
    if (previous === undefined) {
      login.send(xml("enable", { xmlns: SM }));
      let enabled = await login.next();
      for (; !enabled.is("enabled", SM); enabled = await login.next()) login.defer(enabled);
      login.counted();
      return { jid: "me@example.org/here", management: { id: enabled.attrs.id ?? "" } };
    }
    const { id, h, jid } = previous;
    login.send(xml("resume", { xmlns: SM, previd: id, h: String(h) }));
    const answer = await login.next();
    if (!answer.is("resumed", SM)) return { jid, management: {} };
    login.resumed(Number(answer.attrs.h));
    login.send(xml("iq", { type: "get", id: "probe", to: "example.org" }));
    await login.next();
    return { jid, resumed: true, management: { id } };
  },
};

describe("a login that resumes", () => {
  const OPEN = `
    C: …version='1.0'>
    S: ${HEADER}`;
  const FIRST = `${OPEN}
    C: <enable xmlns='${SM}'/>
    S: <message id='before'/><enabled xmlns='${SM}' id='s-1'/><message id='one'/>
    C: <iq type='get' to='example.org' id='open'/>`;

  async function twice(second: string) {
    const scripts = [FIRST, `${OPEN}${second}`];
    const peers: ScriptedPeer[] = [];
    const broker = new Broker(
      { dialect: resuming, keepAlive: false },
      {
        connect(target, signal) {
          const peer = new ScriptedPeer(scripts[peers.length] ?? "");
          peers.push(peer);
          return peer.transport(target, signal);
        },
        clock: systemClock,
        crypto: webCrypto,
        ...QUIET,
      },
    );
    const counted = broker.waitFor("/message[@id='one']");
    await broker.connect();
    const answer = broker.request(xml("iq", { type: "get", to: "example.org", id: "open" }));
    const code = answer.then(
      ({ attrs }: Element) => attrs.type,
      (error: unknown) => (error as { code?: string }).code,
    );
    const waiting = broker.waitFor("/message[@id='two']");
    await counted;
    await peers[0]?.done;
    const { jid, resumed } = await broker.reconnect();
    return { broker, code, waiting, jid, resumed };
  }

  test("takes the session and its open request over to the new link", async () => {
    const { broker, code, waiting, jid, resumed } = await twice(`
      C: <resume xmlns='${SM}' previd='s-1' h='1'/>
      S: <resumed xmlns='${SM}' previd='s-1' h='1'/>
      C: <iq type='get' id='probe' to='example.org'/>
      S: <iq type='result' id='probe'/>
      S: <iq type='result' from='example.org' id='open'/><message id='two'/>`);
    expect([jid, resumed]).toEqual(["me@example.org/here", true]);
    expect(broker.phase).toEqual({ name: "ready", jid: "me@example.org/here", resumed: true });
    expect(await code).toBe("result");
    await waiting;
    broker.halt();
  });

  test("ends the request with a session that the server has forgotten", async () => {
    const { broker, code, waiting, resumed } = await twice(`
      C: <resume xmlns='${SM}' previd='s-1' h='1'/>
      S: <failed xmlns='${SM}'/>
      S: <message id='two'/>`);
    expect(resumed).toBe(false);
    expect(await code).toBe("DISCONNECTED");
    await waiting;
    broker.halt();
  });
});
