// A worker that logs in to the server at an address, and answers each request with what came of it.
import { Broker, bosh, isBrokerError, legacy, websocket, xml, xmpp } from "xmpp-broker";

const DIALECTS = {
  xmpp,
  // Prosody has no digests.
  legacy: (account) => legacy({ ...account, plaintext: true }),
};

/** Makes a broker for the account and the address in a request's own address. */
function make(given, options = {}) {
  const { dialect = "xmpp", url, jid, password } = Object.fromEntries(given);
  return new Broker({
    dialect: DIALECTS[dialect]({ jid, password }),
    transport: url.startsWith("http") ? bosh(url) : websocket(url),
    tls: /^(?:wss|https):/.test(url) ? "required" : "plaintext",
    ...options,
  });
}

/** Sends a message to itself; gives its text as it came back. */
async function talk(broker, text) {
  const arrived = broker.waitFor(`/message[body='${text}']`, { timeout: 20_000 });
  broker.send(xml("message", { to: broker.jid }, xml("body", {}, text)));
  return (await arrived).stanza.childText("body");
}

/** Logs in, talks, asks the server and leaves. */
async function visit(given) {
  const broker = make(given);
  const { jid } = await broker.connect();
  const said = await talk(broker, "grüße ❤");
  const ping = xml("ping", { xmlns: "urn:xmpp:ping" });
  const { attrs } = await broker.request(xml("iq", { type: "get" }, ping));
  await broker.shutdown();
  return { jid, said, answer: attrs.type, end: (await broker.closed)?.code ?? "in order" };
}

/** Logs in and waits until the server has cut the connection. Then it sends, logs in again, and talks. */
async function stay(given) {
  await using broker = make(given, { reconnect: { base: 50 } });
  const log = [];
  let queued;
  broker.on("phase", ({ to: { name, error } }) => {
    if (name !== "waiting") return;
    log.push(error.code);
    queued ??= broker.send(xml("message", { to: broker.jid }, xml("body", {}, "queued")));
    log.push(queued.state);
  });
  broker.filter("/message/body", ({ stanza }) => log.push(stanza.childText("body")));
  await broker.connect();
  await new Promise((resolve) => {
    broker.on("ready", ({ resumed }) => {
      log.push(resumed ? "resumed" : "fresh");
      resolve();
    });
  });
  await talk(broker, "again");
  await queued.acked();
  return log;
}

/** Logs in at places where nobody can; gives the codes of the errors. */
async function fail(given) {
  const { url } = Object.fromEntries(given);
  const changed = (name, value) =>
    new URLSearchParams({ ...Object.fromEntries(given), [name]: value });
  const brokers = [
    make(changed("password", "wrong")),
    make(changed("url", "ws://127.0.0.1:1/")),
    make(changed("url", `${url}/elsewhere`)),
    make(given, { tls: { policy: "plaintext", minVersion: "TLSv1.3" } }),
  ];
  return await Promise.all(
    brokers.map((broker) =>
      broker.connect().then(
        () => "connected",
        (error) => (isBrokerError(error) ? error.code : String(error)),
      ),
    ),
  );
}

/** A Durable Object. It may keep a connection from one request to the next. */
export class Session {
  #broker;
  #arrived = [];

  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (this.#broker === undefined) {
      this.#broker = make(searchParams, { reconnect: { base: 50 } });
      this.#broker.filter("/message/body", ({ stanza }) => {
        this.#arrived.push(stanza.childText("body"));
      });
      await this.#broker.connect();
    }
    if (pathname === "/session/talk") await talk(this.#broker, "from another request");
    if (pathname === "/session/leave") await this.#broker.shutdown();
    return Response.json([this.#broker.phase.name, ...this.#arrived]);
  }
}

const TASKS = { "/visit": visit, "/stay": stay, "/fail": fail };

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.startsWith("/session")) {
      return await env.SESSIONS.get(env.SESSIONS.idFromName("juliet")).fetch(request);
    }
    try {
      return Response.json(await TASKS[pathname](searchParams));
    } catch (error) {
      return Response.json(String(error));
    }
  },
};
