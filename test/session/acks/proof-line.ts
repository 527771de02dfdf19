import type { BrokerOptions } from "../../../src/contract/options.ts";
import { component } from "../../../src/dialect/component.ts";
import type { Dialect } from "../../../src/dialect/dialect.ts";
import { jabberd2 } from "../../../src/dialect/jabberd2.ts";
import { legacy } from "../../../src/dialect/legacy.ts";
import { xmpp } from "../../../src/dialect/xmpp.ts";
import type { ScriptedPeer } from "../../../src/testing/peer/scripted-peer.ts";
import { xml } from "../../../src/xml/element.ts";
import { type Line, line } from "../../broker/line.ts";
import { settled } from "../../virtual-clock.ts";

/** A dialect with its way of stanzas, and a login that is over at once. */
function withoutLogin(dialect: Dialect, jid: string): Dialect {
  return {
    ...dialect,
    tls: "plaintext",
    version: "1.0",
    async negotiate(login) {
      await login.open();
      return { jid };
    },
  };
}

const account = { jid: "me@example.org", password: "secret" };

/** The four dialects, each with its own address in force. */
export const DIALECTS = {
  xmpp: withoutLogin(xmpp(account), "me@example.org/here"),
  legacy: withoutLogin(legacy(account), "me@example.org/here"),
  component: service("gw.example.org"),
  jabberd2: routed("gw.example.org"),
} as const;

/** A component of that domain. */
export function service(domain: string): Dialect {
  return withoutLogin(component({ domain, secret: "secret" }), domain);
}

/** A service on jabberd2's router with that name. */
export function routed(name: string): Dialect {
  const given = { domain: "example.org", username: "user", password: "secret" };
  return withoutLogin(jabberd2({ ...given, bind: { names: [name] } }), name);
}

/** A ready broker with proofs; the line listens to nothing, so only what is asked for is tracked. */
export async function proofLine(options: Partial<BrokerOptions> = {}): Promise<Line> {
  const made = line({ acks: "auto", ...options }, true, false);
  await made.broker.connect();
  return made;
}

/** A message to send. */
export const message = (id: string) => xml("message", { id, to: "juliet@example.net" });

/** A ping that the server has heard. */
export interface Ping {
  readonly id: string;
  readonly to: string;
  readonly from: string | undefined;
  /** Everything heard before it, from the ping before on. */
  readonly before: string;
}

const PING =
  /<iq(?: xmlns='jabber:client')? type='get' id='([0-9a-f]{32})' to='([^']*)'(?: from='([^']*)')?><ping/;

/** Waits for the next ping that the broker sends by itself. */
export async function nextPing(server: ScriptedPeer): Promise<Ping> {
  const heard = await server.hears(PING);
  const [whole = "", id = "", to = "", from] = PING.exec(heard) ?? [];
  await server.hears("</iq>");
  return { id, to, from, before: heard.slice(0, -whole.length) };
}

/** True if the broker has sent a ping that no test has taken. */
export async function hasPinged(server: ScriptedPeer): Promise<boolean> {
  await settled();
  return PING.test(server.unread);
}

/** The server's answer to a ping: a result from the asked address, unless told otherwise. */
export function answer(
  { id, to, from }: Ping,
  given: { readonly type?: string; readonly from?: string; readonly to?: string } = {},
): string {
  const type = given.type ?? "result";
  const answerer = given.from ?? to;
  const asker = given.to ?? from ?? "me@example.org/here";
  return `<iq type='${type}' id='${id}' from='${answerer}' to='${asker}'/>`;
}

/** Lets the server say something, and the broker hear it. */
export async function says(server: ScriptedPeer, text: string): Promise<void> {
  server.say(text);
  await settled();
}

/** The state of a promise, by the code of its error where it has one. */
export function outcome(promise: Promise<unknown>): { now: string } {
  const state = { now: "pending" };
  promise.then(
    () => {
      state.now = "resolved";
    },
    (error: unknown) => {
      state.now = (error as { code: string }).code;
    },
  );
  return state;
}
