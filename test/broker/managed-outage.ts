import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { enable, resume } from "../../src/negotiate/stream-management.ts";
import { bare } from "./line.ts";
import { type Fate, type Outage, opens, outage } from "./outage.ts";

export const SM = "urn:xmpp:sm:3";

/** The address of the sessions here. */
export const JID = "me@example.org/here";

/** A client's login with nothing but XEP-0198. */
export const managed: Dialect = {
  ...bare,
  account: "me@example.org",
  async negotiate(login) {
    await login.open();
    const { previous, settings } = login;
    const old = previous === undefined ? undefined : await resume(login, previous);
    if (old?.resumed === true) return { jid: JID, ...old };
    const enabled = await enable(login, { resume: settings.management === "resume" });
    return { jid: JID, management: { ...enabled, ...old?.management } };
  },
};

/** The steps of such logins, for scripts. */
export const ENABLE = `
  C: <enable xmlns='${SM}' resume='true'/>
  S: <enabled xmlns='${SM}' resume='true' id='s-1' max='60'/>`;
export const FRESH = ENABLE.replace("s-1", "s-2");
export const ask = (h: number): string => `
  C: <resume xmlns='${SM}' previd='s-1' h='${h}'/>`;
export const resumed = (h: number): string => `
  S: <resumed xmlns='${SM}' previd='s-1' h='${h}'/>`;
export const PING = `
  C: <iq …type='get' id='{probe}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;
export const PONG = `
  S: <iq type='result' id='{probe}' from='example.org'/>`;
export const PROBE = PING + PONG;
export const CUT = `
  S: (cut)`;
export const failed = (h?: number): string => `
  S: <failed xmlns='${SM}'${h === undefined ? "" : ` h='${h}'`}/>${FRESH}`;

/** A broker whose connections meet these scripts, not connected yet. */
export function managedOutage(
  scripts: readonly string[],
  options: Partial<BrokerOptions> = {},
): Outage {
  const fates: Fate[] = scripts.map((script) => opens(script));
  return outage(fates, { dialect: managed, ...options }, 0);
}
