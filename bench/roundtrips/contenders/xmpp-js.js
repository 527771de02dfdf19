import { client, xml } from "@xmpp/client";
import xmppComponent from "@xmpp/component";
import { asking } from "../driver.js";

const asClient = import.meta.url.endsWith("?client");
const make = asClient ? xml : xmppComponent.xml;

/** @xmpp/component hashes its secret as Latin-1; servers hash the bytes of UTF-8. */
const asLatin1 = (secret) => Buffer.from(secret).toString("latin1");

export const { prepare, pass } = asking(async (place) => {
  const { port, domain, username, password, secret } = asClient ? place.client : place.component;
  const service = `xmpp://127.0.0.1:${port}`;
  const entity = asClient
    ? client({ service, domain, username, password })
    : xmppComponent.component({ service, domain, password: asLatin1(secret) });
  const failed = new Promise((_, reject) => entity.on("error", reject));
  await Promise.race([entity.start(), failed]);
  return (to) =>
    entity.iqCaller.request(
      make("iq", { type: "get", to }, make("ping", { xmlns: "urn:xmpp:ping" })),
    );
});
