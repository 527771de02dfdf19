import { expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { attempt } from "./attempt.ts";
import {
  BIND,
  bound,
  features,
  PROVED,
  romeo,
  SESSION,
  STANZAS,
  STARTTLS,
} from "./xmpp-conversation.ts";

const SM = "urn:xmpp:sm:3";
const JID = "user@example.org/balcony";

/** The login up to the bound address, with these features beside `bind`. */
const upToBind = (rest: string): string => `${STARTTLS}${PROVED}
  ${features(`<bind xmlns='${BIND}'/>${rest}`)}
  C: <iq type='set' id='{id}'><bind xmlns='${BIND}'><resource>balcony</resource></bind></iq>
  ${bound(JID)}`;

const message = () => xml("message", { id: "a", to: "juliet@example.net" });

const MANAGED = upToBind(`<sm xmlns='${SM}'/>`);

test("stream management is enabled after the bind and the session, and proves what is sent", async () => {
  const { ready, broker, peer } = await attempt(
    romeo,
    `${upToBind(`<session xmlns='${SESSION}'/><sm xmlns='${SM}'/>`)}
    C: <iq type='set' id='{other}'><session xmlns='${SESSION}'/></iq>
    S: <iq type='result' id='{other}'/>
    C: <enable xmlns='${SM}'/>
    S: <enabled xmlns='${SM}'/>`,
  );
  expect(ready).toEqual({ jid: JID, resumed: false });
  const delivery = broker.send(message());
  await peer.play(`C: <message …/><r xmlns='${SM}'/>\nS: <a xmlns='${SM}' h='1'/>`);
  await delivery.acked();
  expect(delivery.ackedBy).toBe("stream-management");
  broker.halt();
});

test("a server that refuses it is asked by pings", async () => {
  const { broker, peer } = await attempt(
    romeo,
    `${MANAGED}
    C: <enable xmlns='${SM}'/>
    S: <failed xmlns='${SM}'><unexpected-request xmlns='${STANZAS}'/></failed>`,
  );
  const acked = broker.send(message()).acked();
  await peer.play(`
    C: <message …/><iq type='get' id='{ping}' to='example.org'>…</iq>
    S: <iq type='result' id='{ping}' from='example.org'/>`);
  await acked;
  broker.halt();
});

test.each([
  ["with `acks: false`", MANAGED, { acks: false }],
  ["of a server that does not offer it", upToBind(""), {}],
] as const)("it is not enabled %s", async (_, script, options) => {
  const { ready, broker, peer } = await attempt(romeo, script, options);
  expect(ready?.jid).toBe(JID);
  expect(peer.heard).not.toContain(SM);
  broker.halt();
});
