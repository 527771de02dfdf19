import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { enable, resume } from "../../src/negotiate/stream-management.ts";
import { outline } from "../session/acks/managed-line.ts";
import { settled } from "../virtual-clock.ts";
import { bare } from "./line.ts";
import { type Fate, type Outage, opens, outage } from "./outage.ts";

export const SM = "urn:xmpp:sm:3";
export const JID = "me@example.org/here";

/** A client's login with nothing but XEP-0198. */
export const managed: Dialect = {
  ...bare,
  async negotiate(login) {
    await login.open();
    const { previous } = login;
    const old = previous === undefined ? undefined : await resume(login, previous);
    if (old?.resumed === true) return { jid: JID, ...old };
    const enabled = await enable(login, { resume: true });
    return { jid: JID, management: { ...enabled, ...old?.management } };
  },
};

export const ENABLE = `
  C: <enable xmlns='${SM}' resume='true'/>
  S: <enabled xmlns='${SM}' resume='true' id='s-1' max='60'/>`;
export const ask = (h: number): string => `
  C: <resume xmlns='${SM}' previd='s-1' h='${h}'/>`;
export const resumed = (h: number): string => `
  S: <resumed xmlns='${SM}' previd='s-1' h='${h}'/>`;
export const PING = `
  C: <iq …type='get' id='{probe}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
export const PONG = `
  S: <iq type='result' id='{probe}' from='example.org'/>`;
export const CUT = `
  S: (cut)`;
export const FRESH = ENABLE.replace("s-1", "s-2");
export const failed = (h?: number): string => `
  S: <failed xmlns='${SM}'${h === undefined ? "" : ` h='${h}'`}/>${FRESH}`;

/** The fate of a link: a script behind the header, or no connection. */
export type Link = string | { readonly fate: Fate };

/** A server that is away. */
export const AWAY: Link = { fate: "refused" };

/** A broker on its first link, which enables stream management, with a fate for each later one. */
export async function first(
  later: readonly Link[],
  options: Partial<BrokerOptions> = {},
  enabling = ENABLE,
) {
  const fates = [enabling, ...later].map((link) =>
    typeof link === "string" ? opens(link) : link.fate,
  );
  const made = outage(fates, { dialect: managed, ...options }, 0);
  const ready: string[] = [];
  made.broker.on("ready", (facts) => ready.push(facts.resumed ? "resumed" : "fresh"));
  await made.broker.connect();
  return { ...made, ready, server: made.server };
}

/** Cuts the link in force, and lets the broker come back. */
export async function cut(
  { clock, servers }: Pick<Outage, "clock" | "servers">,
  times = 1,
): Promise<void> {
  servers.at(-1)?.cut();
  for (let time = 0; time < times; time++) await clock.pass(1000);
  await settled();
}

/** The ids and questions in a text, without the numbers of handled stanzas. */
export const written = (text: string): string => outline(text).replace(/ ?\ba\d+\b/g, "");

export const states = (deliveries: readonly { readonly state: string }[]): string[] =>
  deliveries.map(({ state }) => state);
