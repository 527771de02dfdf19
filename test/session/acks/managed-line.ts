import type { BrokerOptions } from "../../../src/contract/options.ts";
import type { Dialect } from "../../../src/dialect/dialect.ts";
import type { Management } from "../../../src/negotiate/login.ts";
import type { ScriptedPeer } from "../../../src/testing/peer/scripted-peer.ts";
import type { Line } from "../../broker/line.ts";
import { settled } from "../../virtual-clock.ts";
import { DIALECTS, proofLine } from "./proof-line.ts";

const SM = "urn:xmpp:sm:3";

/** The two nonzas that ask and tell. */
export const R = `<r xmlns='${SM}'/>`;
export const a = (h: string | number): string => `<a xmlns='${SM}' h='${h}'/>`;

/** A client's dialect whose login has these facts of stream management. */
export function managedDialect(management: Management = {}): Dialect {
  return {
    ...DIALECTS.xmpp,
    async negotiate(login) {
      return { ...(await DIALECTS.xmpp.negotiate(login)), management };
    },
  };
}

/** A ready broker with stream management. */
export function managedLine(options: Partial<BrokerOptions> = {}): Promise<Line> {
  return proofLine({ dialect: managedDialect(), ...options });
}

/** Everything that the server has heard and no test has taken; it is taken now. */
export async function heard(server: ScriptedPeer): Promise<string> {
  await settled();
  const { unread } = server;
  if (unread === "") return "";
  return await server.hears(/[\s\S]+/);
}

/** The ids and nonzas in a text, in order: `a r b` for two messages and a question. */
export function outline(text: string): string {
  const found = text.matchAll(
    /<(?:(?:message|presence|iq)\b[^>]*?\bid='([^']*)'|(r)\b|(a)\b[^>]*h='(\d+)')/g,
  );
  return [...found].map(([, id, r, isAck, h]) => id ?? r ?? (isAck && `a${h}`)).join(" ");
}
