import { ours } from "../../harness/ours.js";
import { asking } from "../driver.js";

const { Broker, component, xml, xmpp } = await ours("node.js");

/** `?client`: as a client with STARTTLS; else as a component. */
const asClient = import.meta.url.endsWith("?client");

export const { prepare, pass } = asking(async (place) => {
  const { port, ...account } = asClient ? place.client : place.component;
  const broker = new Broker({
    dialect: asClient
      ? xmpp({ jid: `${account.username}@${account.domain}`, password: account.password })
      : component(account),
    host: "127.0.0.1",
    port,
    ...(asClient && { tls: { ca: place.ca } }),
  });
  await broker.connect();
  return (to) =>
    broker.request(xml("iq", { type: "get", to }, xml("ping", { xmlns: "urn:xmpp:ping" })));
});
