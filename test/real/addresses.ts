import { expect } from "vitest";
import { isSameAddress } from "../../src/jid/carried.ts";
import { xml } from "../../src/node.ts";
import type { ACCOUNTS, ServerName } from "../servers/server.ts";
import { isClient } from "./cells.ts";
import type { Step } from "./scenario.ts";
import { address, message, question } from "./stage.ts";

/** Addresses of a service that RFC 7622 refuses, or that servers may deliver in another spelling. */
const OCCUPANTS = [
  (service: string) => `\u2603%irc.example@${service}`,
  (service: string) => `\u00df@${service}`,
  (service: string) => `\u2460@${service}`,
  (service: string) => `room@${service}/\u2122`,
  (service: string) => `room@${service}/\uff2e\uff49\uff43\uff4b`,
];

/** A name to log in with, and the account that it is. */
interface Respelt {
  readonly local: string;
  readonly account: keyof typeof ACCOUNTS;
  readonly dialect: "xmpp" | "legacy";
}

const SHARP_S = { local: "gro\u00df", account: "gross" } as const;
const LIGATURE = { local: "\ufb01n", account: "fin" } as const;

/** Names that a server spells otherwise. jabberd2 does not prepare a name that SASL leaves as it is. */
export const RESPELT: Readonly<Record<ServerName, readonly Respelt[]>> = {
  prosody: [
    { ...SHARP_S, dialect: "xmpp" },
    { ...SHARP_S, dialect: "legacy" },
    { ...LIGATURE, dialect: "xmpp" },
  ],
  ejabberd: [
    { ...SHARP_S, dialect: "xmpp" },
    { ...SHARP_S, dialect: "legacy" },
    { ...LIGATURE, dialect: "xmpp" },
  ],
  jabberd2: [
    { ...SHARP_S, dialect: "legacy" },
    { ...LIGATURE, dialect: "xmpp" },
  ],
};

/** Addresses that servers carry and RFC 7622 refuses, both ways: asked, answered, sent from and sent to. */
export const ADDRESSES: Step = {
  title: "addresses that only servers allow are asked, answered, sent from and sent to",
  async play(stage) {
    const isAccount = isClient(stage.cell);
    const broker = await stage.connected(isAccount ? { resource: "\u2764\ufe0f\u2122" } : {});
    const own = address(broker);
    const failures: unknown[] = [];
    for (const event of ["error", "dropped"] as const) {
      broker.on(event, ({ error }) => failures.push(error));
    }
    const asked = isAccount
      ? [own, `${own.split("/")[0] ?? ""}/\u2764\ufe0f\u2122`]
      : OCCUPANTS.map((occupant) => occupant(own));
    for (const to of asked) {
      await expect(stage.peer.request(question(to))).rejects.toMatchObject({
        code: "STANZA_ERROR",
        condition: "service-unavailable",
      });
    }
    broker.respond("/iq/query", () => xml("query", { xmlns: "urn:example:question" }, "yes"));
    for (const to of asked) {
      const { attrs } = await stage.peer.request(question(to));
      expect([to, isSameAddress(attrs.from, to)]).toEqual([to, true]);
    }
    const from = isAccount ? own : `#room%irc@${own}/\u2764\ufe0f Anna`;
    const there = stage.peer.waitFor("/message[body='from such an address']");
    const text = message(address(stage.peer), "from such an address");
    broker.send(isAccount ? text : xml("message", { ...text.attrs, from }, ...text.children));
    const arrived = (await there).stanza.attrs.from ?? "";
    expect(isSameAddress(arrived, from)).toBe(true);
    const back = broker.waitFor("/message[body='to such an address']");
    stage.peer.send(message(arrived, "to such an address"));
    expect(isSameAddress((await back).stanza.attrs.to, from)).toBe(true);
    expect(failures).toEqual([]);
  },
};
